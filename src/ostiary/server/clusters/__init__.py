"""The cluster side of access: what stands on a cluster, made and unmade; bindings that follow the live grants; tokens of the two accounts there."""
