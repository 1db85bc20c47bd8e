"""The HTTP API under ``/v1``: what people, the command line and later the console speak."""
