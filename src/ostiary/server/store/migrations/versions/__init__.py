"""The revisions, one file a step."""
