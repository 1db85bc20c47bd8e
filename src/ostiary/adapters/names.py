"""Which names an object may have, so that a name can be printed, put in a path and compared.

Source: ``k8s.io/apimachinery/pkg/util/validation`` (DNS labels and subdomains) and ``pkg/api/validation/path`` (RBAC names: anything that fits
in one segment of a path). Stricter than the API server in one point: no control characters in any name.

>>> wrong_name("Namespace", "shop"), wrong_name("Namespace", "Shop.eu") != ""
('', True)
"""

import re
import unicodedata

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_LONGEST = 253

_LABELS = frozenset({"Namespace", "Service"})
_PATH_SEGMENTS = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})


def wrong_name(kind: str, name: str) -> str:
    """Why the API server would refuse this name; empty when it would not."""
    if kind in _PATH_SEGMENTS:
        return _wrong_segment(name)
    if kind in _LABELS:
        return "" if _LABEL.fullmatch(name) else "the name is not a DNS label"
    return "" if len(name) <= _LONGEST and _SUBDOMAIN.fullmatch(name) else "the name is not a DNS subdomain"


def wrong_namespace(namespace: str) -> str:
    """Why no namespace can have this name; empty when one can."""
    return "" if _LABEL.fullmatch(namespace) else "the namespace is not a DNS label"


def _wrong_segment(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "%" in name:
        return "the name does not fit in a path"
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in name):
        return "the name has control characters"
    return ""
