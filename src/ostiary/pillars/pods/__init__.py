"""Pods: what they may do on their node, by the Pod Security Standards.

>>> from ostiary.pillars import pods
>>> proof = pods.prove(world, pods.learn(world))  # doctest: +SKIP
"""

from ostiary.pillars.pods.check import check
from ostiary.pillars.pods.learn import intended, learn
from ostiary.pillars.pods.policy import LevelVersion, PodPolicy

__all__ = ["LevelVersion", "PodPolicy", "check", "intended", "learn"]
