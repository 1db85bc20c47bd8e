"""Checks a certificate of ostiary without ostiary: standard library only, no code shared with what made the proof.

    python -m ostiary.verifier CERTIFICATE [--world DIGEST]      0 holds, 1 does not, 2 unreadable

A certificate says: in the World of this digest, every pod that runs and every pod that a template would make is admitted by the Pod Security level
that the policy gives its namespace. What is checked, in this order, is the list ``STEPS`` in ``checks.py``; how, in four small files:

    reading.py   bytes to a certificate of known shape, nothing assumed
    tree.py      the digest tree: leaf, section, cluster, world
    levels.py    the levels, a second time, as a table written from the text of the standards
    checks.py    the steps

What it cannot check: that the World was seen truly (that is between you and the API server: compare ``--world``), and the assumptions, which it
returns for people to read. docs/certificates.md describes the format.
"""

from .checks import Holds, verify
from .reading import Broken, Unreadable

__all__ = ["Broken", "Holds", "Unreadable", "verify"]
