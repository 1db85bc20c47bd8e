"""Further controls: what security people expect of pods beyond the Pod Security Standards, one function each.

>>> from ostiary.pillars.pods.controls import CONTROLS
>>> CONTROLS[0].code
'POD-101'
"""

from ostiary.pillars.pods.controls.found import found, unseen
from ostiary.pillars.pods.controls.registry import BY_CODE, CONTROLS
from ostiary.pillars.pods.controls.surroundings import Settings

__all__ = ["BY_CODE", "CONTROLS", "Settings", "found", "unseen"]
