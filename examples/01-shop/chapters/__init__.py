"""The demo's chapters, each a module with ``tell(stage)``; ``demo.py`` tells them in the order of its ``CHAPTERS``."""
