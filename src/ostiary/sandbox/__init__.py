"""A local real cluster: engines, control plane, nodes."""
