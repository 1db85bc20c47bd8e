"""Which requests ask for a further right that stands on no request line: a table.

Source: ``secondary``, each with the file of the API server.

>>> asks_beside(Atom("create", GROUP, "rolebindings", "", "shop")), asks_beside(Atom("list", GROUP, "rolebindings"))
(True, False)
"""

from ostiary.pillars.rbac.learning.atom import Atom
from ostiary.pillars.rbac.validity import GROUP

_CERTIFICATES = "certificates.k8s.io"
_SIGNERS = ("signers",)
_ROLES = ("roles", "clusterroles")
STREAMS = frozenset({"pods/exec", "pods/attach", "pods/portforward"})
_CHANGE = ("update", "patch")
_WRITE = ("create", *_CHANGE)
# what was written -> the verb that was asked as well, and on what
BESIDE: dict[tuple[str, str], tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    (GROUP, "roles"): (_WRITE, "escalate", _ROLES),
    (GROUP, "clusterroles"): (_WRITE, "escalate", _ROLES),
    (GROUP, "rolebindings"): (_WRITE, "bind", _ROLES),
    (GROUP, "clusterrolebindings"): (_WRITE, "bind", _ROLES),
    (_CERTIFICATES, "certificatesigningrequests/approval"): (_CHANGE, "approve", _SIGNERS),
    (_CERTIFICATES, "certificatesigningrequests/status"): (_CHANGE, "sign", _SIGNERS),
    (_CERTIFICATES, "podcertificaterequests/status"): (_CHANGE, "sign", _SIGNERS),
    (_CERTIFICATES, "clustertrustbundles"): (_WRITE, "attest", _SIGNERS),
}
OWNERLESS = frozenset({"events", "leases"})  # made without an owner
READS = frozenset({"get", "list", "watch"})


def asks_beside(atom: Atom) -> bool:
    """Whether a request asks for such a right."""
    beside = BESIDE.get((atom.api_group, atom.resource))
    return beside is not None and atom.verb in beside[0]
