"""The verbs of the pillar, as ``pillars.Pillar`` names them.

>>> from ostiary.pillars.rbac import verbs
"""

from ostiary.pillars.rbac.check import check, unseen
from ostiary.pillars.rbac.learning.learn import learn
from ostiary.pillars.rbac.proving.prove import intended, premises, premises_of, prove

__all__ = ["check", "intended", "learn", "premises", "premises_of", "prove", "unseen"]
