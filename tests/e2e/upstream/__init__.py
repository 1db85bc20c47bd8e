"""Kubernetes' own end-to-end tests of kubectl (sig-cli), run directly and through the gateway: ``make e2e``."""
