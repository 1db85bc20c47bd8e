"""Manifests: files of YAML and JSON, read as the API server reads them."""
