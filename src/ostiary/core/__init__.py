"""Sets, graphs, canonical encoding, errors: no Kubernetes words, no input or output."""
