"""Fixtures that give a test a real Kubernetes cluster."""
