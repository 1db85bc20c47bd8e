"""Hardening: per workload the smallest patch that reaches ``restricted`` and what only people can decide; and what an upgrade of the cluster would change.

>>> from ostiary.pillars.pods.harden import harden, upgrade
"""

from ostiary.pillars.pods.harden.edit import merged, patch
from ostiary.pillars.pods.harden.manifest import target
from ostiary.pillars.pods.harden.profile import read_only_root, user_namespace
from ostiary.pillars.pods.harden.search import edited
from ostiary.pillars.pods.harden.upgrade import Upgrade, upgrade
from ostiary.pillars.pods.harden.workloads import Hardening, harden

__all__ = [
    "Hardening",
    "Upgrade",
    "edited",
    "harden",
    "merged",
    "patch",
    "read_only_root",
    "target",
    "upgrade",
    "user_namespace",
]
