"""Access: who reaches a cluster, through which door, for how long; and the most that the door itself could do.

``objects``, ``bindings``, ``impersonation`` and ``installation`` say what stands on a cluster behind the gateway; ``check`` finds rights that no grant gave.
"""
