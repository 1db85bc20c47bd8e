"""A request for a right, as a value that was checked: what no cluster could hold, or nobody could read, is refused before any rule is looked at.

>>> asked("alice", "prod", "view", namespaces=("shop",), everywhere=False, reason="look at #12", seconds=3600).namespaces
('shop',)
"""

import re
from collections.abc import Iterable

from ostiary.core.errors import BadInput
from ostiary.model.value import Value

SHORTEST, LONGEST = 10, 7 * 86_400  # seconds; an intent file only narrows this
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)  # RFC 1123
_ROLE = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9:._-]{0,251}[A-Za-z0-9])?", re.ASCII
)  # narrower than a path segment, which Kubernetes takes
_REASON = 500
_NAMESPACES = 50


class Asked(Value, frozen=True, kw_only=True):
    """Who asks for what. ``namespaces`` is empty exactly when ``everywhere`` is true."""

    person: str
    cluster: str
    role: str
    namespaces: tuple[str, ...]
    everywhere: bool
    reason: str
    seconds: int


def asked(
    person: str, cluster: str, role: str, *, namespaces: Iterable[str], everywhere: bool, reason: str, seconds: int
) -> Asked:
    """The request, checked and brought into one form. BadInput says what is wrong with it."""
    some = tuple(sorted(set(namespaces)))
    _check_scope(some, everywhere)
    if not _LABEL.fullmatch(cluster):
        raise BadInput(f"{_shown(cluster)} is no name of a cluster", todo="see: ostiary cluster list")
    if not _ROLE.fullmatch(role) or role.startswith("system:"):
        raise BadInput(
            f"{_shown(role)} is no ClusterRole that can be granted", todo="ask for view, edit, or a role of your own"
        )
    if not SHORTEST <= seconds <= LONGEST:
        raise BadInput(
            f"a grant lasts from {SHORTEST} seconds to {LONGEST // 86_400} days, not {seconds} s", todo="ask for less"
        )
    return Asked(
        person=person,
        cluster=cluster,
        role=role,
        namespaces=some,
        everywhere=everywhere,
        reason=sentence(reason),
        seconds=seconds,
    )


def _check_scope(namespaces: tuple[str, ...], everywhere: bool) -> None:
    if everywhere == bool(namespaces):
        raise BadInput(
            "a request names namespaces, or says everywhere: one of the two", todo="give -n NAMESPACE or --everywhere"
        )
    if len(namespaces) > _NAMESPACES:
        raise BadInput(f"a request names at most {_NAMESPACES} namespaces, not {len(namespaces)}", todo="split it")
    for one in namespaces:
        if not _LABEL.fullmatch(one):
            raise BadInput(f"{_shown(one)} is no name of a namespace", todo="lower-case letters, digits and dashes")


def sentence(text: str, *, what: str = "a reason") -> str:
    """Text that people will read in a list: not empty, one line, nothing that a terminal would act on."""
    text = text.strip()
    if not text or len(text) > _REASON or not text.isprintable():
        raise BadInput(f"{what} is one line of 1 to {_REASON} printable characters", todo='say why: --reason "..."')
    return text


def _shown(text: str) -> str:
    return ascii(text[:60])
