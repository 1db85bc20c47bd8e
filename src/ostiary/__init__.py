"""ostiary makes Kubernetes clusters zero trust, and shows the evidence. ARCHITECTURE.md is the map of this package."""

__version__ = "0.1.0"
