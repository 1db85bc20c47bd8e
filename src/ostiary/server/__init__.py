"""The control plane: HTTP API, store, sign-on, sessions, grants, and the loops that make them true on clusters."""
