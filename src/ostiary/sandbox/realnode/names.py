"""Names that both sides of the namespaces use."""

NODE_NAME = "node-1"
"""The one real node of a cluster, and the host name inside its namespaces."""

ADDRESS_VARIABLE = "OSTIARY_SANDBOX_ADDRESS"
"""Tells the supervisor its address on the link to the host."""
