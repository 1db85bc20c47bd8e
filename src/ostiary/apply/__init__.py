"""Performs Plans on a real cluster: dry-run, diff, journal, undo."""
