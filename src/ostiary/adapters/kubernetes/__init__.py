"""The Kubernetes API: how to reach a server, a client, and a Cluster read from one."""
