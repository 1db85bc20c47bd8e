"""What can be true of somebody who wants further: the atoms of the clauses, and the sentences beside the clauses.

A scope is a namespace, or empty for the whole cluster. A name is empty for every name.

>>> AS(SubjectKey("User", "ann"))
('as', 'User', 'ann')
"""

from typing import NamedTuple

from ostiary.model.meta import Ref
from ostiary.pillars.rbac.grants import Grant
from ostiary.pillars.rbac.identity import service_account_user
from ostiary.pillars.rbac.proving.horn import Atom
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.subject import USER, SubjectKey

EVERY_NAMESPACE = "*"  # the scope of a role that is bound in each namespace, and not for the whole cluster
NODES: Atom = ("nodes",)  # root on the nodes of the cluster


def AS(key: SubjectKey) -> Atom:  # noqa: N802, atoms are written as constructors
    """Acts under this user name, or in this group."""
    return ("as", key.kind, key.name)


def account(namespace: str, name: str) -> SubjectKey:
    """A service account, as bindings mean it."""
    return SubjectKey(USER, service_account_user(namespace, name))


def HOLDS(number: int) -> Atom:  # noqa: N802
    """Holds what a binding grants, by its number."""
    return ("holds", number)


def BOUND(role: Ref, scope: str) -> Atom:  # noqa: N802
    """Holds the rules of a role by a binding that it may write."""
    return ("bound", role.kind, role.namespace, role.name, scope)


def MAY(right: str, scope: str, name: str = "") -> Atom:  # noqa: N802
    """Has one of the rights."""
    return ("may", right, scope, name)


def ALL(scope: str) -> Atom:  # noqa: N802
    """May do anything there."""
    return ("all", scope)


def RUN(scope: str) -> Atom:  # noqa: N802
    """Has pods run there, with a specification of its own."""
    return ("run", scope)


def TOKENS(scope: str) -> Atom:  # noqa: N802
    """Has tokens of whatever service account there."""
    return ("tokens", scope)


def IMPERSONATES(scope: str) -> Atom:  # noqa: N802
    """Impersonates whatever service account there, also one that is not there."""
    return ("impersonates", scope)


def INSIDE(scope: str, name: str = "") -> Atom:  # noqa: N802
    """Is inside the pods there that run (or that pod)."""
    return ("inside", scope, name)


def SECRETS(scope: str, name: str = "") -> Atom:  # noqa: N802
    """Reads the secrets there (or that one)."""
    return ("secrets", scope, name)


def DEBUG(namespace: str) -> Atom:  # noqa: N802
    """Puts a container of its own into pods there."""
    return ("debug", namespace)


def LOOSE(scope: str) -> Atom:  # noqa: N802
    """No level of Pod Security holds pods back there."""
    return ("loose", scope)


def NODE_PODS(node: str = "") -> Atom:  # noqa: N802
    """Is inside the pods of a node (or of every node)."""
    return ("node-pods", node)


class Said(NamedTuple):
    """A sentence, put together only when somebody reads it."""

    text: str
    about: tuple[object, ...] = ()

    def __str__(self) -> str:
        return self.text.format(*self.about)


class ByGrant(NamedTuple):
    """That a binding gives a right: whose binding, which role, by which request."""

    grant: Grant
    request: Request
    names: str = ""

    def __str__(self) -> str:
        return f"may {asked(self.request, self.names, self.grant.scope)}, by {self.grant.binding} of {self.grant.role}"


class ByRole(NamedTuple):
    """That a role which it may bind gives a right."""

    role: Ref
    scope: str
    request: Request
    names: str = ""

    def __str__(self) -> str:
        return f"may then {asked(self.request, self.names, self.scope)}, by {self.role}"


def asked(request: Request, name: str, scope: str) -> str:
    """A right in words."""
    what = f"{request.verb} {request.qualified}" if request.verb != "*" else "do anything"
    return f"{what}{f' named {name}' if name else ''} {where(scope)}"


def where(scope: str) -> str:
    """A scope in words."""
    if scope == EVERY_NAMESPACE:
        return "in every namespace"
    return f"in namespace {scope}" if scope else "in the whole cluster"
