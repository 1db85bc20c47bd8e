"""The pillar ``access`` as the command line reaches it: what it finds by itself, and the proof that needs RBAC beside it.

>>> from ostiary.paths import access
"""

from ostiary.paths.stolen_gateway import intended, prove
from ostiary.pillars.access.check import check, unseen

learn = intended  # the live grants are what is there, and what is wanted

__all__ = ["check", "intended", "learn", "prove", "unseen"]
