"""Pod security: check, learn, prove, enforce."""
