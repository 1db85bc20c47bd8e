"""Who asks: a user name, groups, and what else an authenticator says.

Groups are strings that authentication attaches; RBAC takes them as they come. This module knows which groups Kubernetes attaches by itself:
three to every service account, one to every node, one to everybody who authenticated. Groups of an identity provider are not in a cluster; they
are a hypothesis of whoever asks.

Source: ``apiserver/pkg/authentication/serviceaccount/util.go`` (names of service accounts), ``authentication/user`` (well-known groups),
``pkg/auth/nodeidentifier/default.go`` (nodes).

>>> authenticated("system:serviceaccount:shop:web").groups
('system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated')
"""

import re
from dataclasses import dataclass

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ANONYMOUS = "system:anonymous"
SERVICE_ACCOUNTS = "system:serviceaccounts"
NODES = "system:nodes"
NODE_NAME_KEY = "authentication.kubernetes.io/node-name"  # extra of a token that is bound to a pod

_SERVICE_ACCOUNT = "system:serviceaccount:"
_NODE = "system:node:"
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity, with its groups exactly as given."""

    user: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        return f"{self.user or '(no user)'} of {', '.join(self.groups) or 'no group'}"

    def only_name(self) -> bool:
        """Whether nothing but the user name is set."""
        return not (self.groups or self.uid or self.extra)


def service_account_user(namespace: str, name: str) -> str:
    """The user name of a service account."""
    return f"{_SERVICE_ACCOUNT}{namespace}:{name}"


def split_service_account(user: str) -> tuple[str, str] | None:
    """Namespace and name when this user name can be a service account's."""
    namespace, colon, name = user.removeprefix(_SERVICE_ACCOUNT).partition(":")
    if not user.startswith(_SERVICE_ACCOUNT) or not colon:
        return None
    return (namespace, name) if _LABEL.fullmatch(namespace) and _SUBDOMAIN.fullmatch(name) else None


def service_account_groups(namespace: str) -> tuple[str, ...]:
    """The two groups of every service account of a namespace; ``system:authenticated`` comes on top."""
    return (SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}")


def node_user(node: str) -> str:
    """The user name of a node."""
    return f"{_NODE}{node}"


def split_node(user: str) -> str | None:
    """The node's name when this user name can be a node's."""
    node = user.removeprefix(_NODE)
    return node if user.startswith(_NODE) and _SUBDOMAIN.fullmatch(node) else None


def kubelet_of(identity: Identity) -> str | None:
    """The node that the Node authorizer takes this identity for: the prefix and the group, no further check; None when it is not a node."""
    return identity.user.removeprefix(_NODE) if identity.user.startswith(_NODE) and NODES in identity.groups else None


def authenticated(user: str, groups: tuple[str, ...] = ()) -> Identity:
    """The identity that a user has when authenticating: the given groups, else those that Kubernetes gives this kind of user; and the group of everybody.

    A service account or a node with groups of its own keeps exactly those, as in impersonation.
    """
    if not groups and (account := split_service_account(user)):
        groups = service_account_groups(account[0])
    elif not groups and split_node(user) is not None:
        groups = (NODES,)
    return Identity(user, with_everybody(user, groups))


def with_everybody(user: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    """Add ``system:authenticated``, or ``system:unauthenticated`` for the anonymous user."""
    if user == ANONYMOUS:
        everybody = UNAUTHENTICATED
    elif UNAUTHENTICATED in groups:
        return groups
    else:
        everybody = AUTHENTICATED
    return groups if everybody in groups else (*groups, everybody)
