"""Effects: Kubernetes, files. Library errors end here."""
