"""Checks a certificate of ostiary without ostiary: standard library only, no code shared with what made the proof.

    python -m ostiary.verifier CERTIFICATE [--world DIGEST]      0 holds, 1 does not, 2 unreadable

A certificate about pods says: in the World of this digest, every pod that runs and every pod that a template would make is admitted by the Pod Security
level that the policy gives its namespace. One about RBAC says: nobody but those named can do what a guardrail keeps, by any chain of escalations; or: roles
that are proposed deny nothing that was seen and give nothing new. What is checked, in this order, is the list ``STEPS`` in ``checks.py``; how, in small files:

    reading.py     bytes to a certificate of known shape, nothing assumed
    tree.py        the digest tree: leaf, section, cluster, world
    checks.py      the steps, and those about pods
    levels.py      the levels, a second time, as a table written from the text of the standards
    objects.py     roles, bindings and accounts as they are shown
    rights.py      rules against requests, and the rights that lead further, as a table
    closed.py      whether a set of facts is closed under what the rights lead to
    guardrails.py  whether it holds whom it has to, and not the goal
    replayed.py    whether proposed roles allow what was seen, and no more than before
    said.py        the sentences and the premises

What it cannot check: that the World was seen truly (that is between you and the API server: compare ``--world``), and the assumptions, which it
returns for people to read. docs/certificates.md describes the format.
"""

from .checks import Holds, verify
from .reading import Broken, Unreadable

__all__ = ["Broken", "Holds", "Unreadable", "verify"]
