"""Who a request with ``Impersonate-*`` headers becomes, and by which rights.

Four constrained modes are tried, then the old one; the first that allows everything it needs decides. A constrained mode needs two kinds of rights, both:
to do *this* while impersonating (``impersonate-on:MODE:VERB`` on the very request), and to be *that* identity (``impersonate:MODE``). The old
mode needs ``impersonate`` alone, for every part of the identity. A group is never enough without a user. The groups of an identity provider do not come
along with a user's name.

Not decided here: whether the impersonated identity may then make the request; ask the authorizer with ``Impersonated.identity``.

Source: KEP-5284, ``apiserver/pkg/endpoints/filters/impersonation/mode.go``, 1.37.2; before the gate ConstrainedImpersonation only the old mode.

>>> [str(check) for check in checks(Mode.SERVICE_ACCOUNT, Identity("system:serviceaccount:shop:web"), Request("list", "pods"))]
['impersonate-on:serviceaccount:list pods cluster-wide', 'impersonate:serviceaccount serviceaccounts.authentication.k8s.io "web" in namespace shop']
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.decision import Answer, Decision
from ostiary.pillars.rbac.identity import (
    MASTERS,
    NODE_NAME_KEY,
    NODES,
    Identity,
    service_account_groups,
    split_node,
    split_service_account,
    with_everybody,
)
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.server import Server

_AUTHENTICATION = "authentication.k8s.io"
_SEGMENT = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_EXTRA_KEY = re.compile(rf"(?=[^/]{{1,253}}/){_SEGMENT}(?:\.{_SEGMENT})*/[a-z0-9/\-._~%!$&'()*+,;=:]+")
_MANY = 4  # from so many groups or extra values on, one check of ``*`` stands for all of them


class Mode(Enum):
    """The ways to impersonate, in the order in which they are tried."""

    ASSOCIATED_NODE = "associated-node"
    ARBITRARY_NODE = "arbitrary-node"
    SERVICE_ACCOUNT = "serviceaccount"
    USER_INFO = "user-info"
    LEGACY = "legacy"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Impersonated:
    """The outcome. ``mode`` and ``identity`` are those of the mode that allowed it."""

    answer: Answer
    mode: Mode | None = None
    identity: Identity | None = None


def impersonate(authorizer: Authorizer, requestor: Identity, wanted: Identity, request: Request) -> Impersonated:
    """Whether ``requestor`` may make ``request`` as ``wanted``, and as whom it is then made. ``wanted`` holds what the headers say, no more."""
    if not wanted.user:
        return Impersonated(Answer(Decision.DENY, "a request cannot impersonate groups, a uid or extra values without a user"))
    unknown: Answer | None = None
    for mode in modes(authorizer.server, requestor, wanted):
        answer = _mode_answer(authorizer, requestor, mode, wanted, request)
        if answer.allowed:
            return Impersonated(answer, mode, becomes(mode, wanted))
        unknown = unknown or (answer if answer.decision is Decision.UNKNOWN else None)
    return Impersonated(unknown or Answer(Decision.NO_OPINION, "no mode of impersonation is allowed"))


def modes(server: Server, requestor: Identity, wanted: Identity) -> Iterator[Mode]:
    """The modes that fit the wanted identity, in order."""
    node, account = split_node(wanted.user), split_service_account(wanted.user)
    if server.enabled("ConstrainedImpersonation"):
        if wanted.only_name() and node is not None:
            if split_service_account(requestor.user) and dict(requestor.extra).get(NODE_NAME_KEY) == (node,):
                yield Mode.ASSOCIATED_NODE
            yield Mode.ARBITRARY_NODE
        elif wanted.only_name() and account is not None:
            yield Mode.SERVICE_ACCOUNT
        if node is None and account is None:
            yield Mode.USER_INFO
    yield Mode.LEGACY


def _mode_answer(authorizer: Authorizer, requestor: Identity, mode: Mode, wanted: Identity, request: Request) -> Answer:
    if mode is not Mode.LEGACY and (refused := never(wanted)):
        return Answer(Decision.DENY, refused)
    asking = replace(requestor, extra=()) if mode is Mode.ASSOCIATED_NODE else requestor
    answer = Answer(Decision.ALLOW)
    for check in checks(mode, wanted, request):
        answer = _all_or_each(authorizer, asking, check)
        if not answer.allowed:
            return answer
    return Answer(Decision.ALLOW, f"mode {mode}: {answer.reason}")


def _all_or_each(authorizer: Authorizer, asking: Identity, check: "Check") -> Answer:
    if check.instead is not None and (answer := authorizer.decide(asking, check.instead)).allowed:
        return answer
    answer = Answer(Decision.ALLOW)
    for request in check.each:
        answer = authorizer.decide(asking, request)
        if not answer.allowed:
            return answer
    return answer


def never(wanted: Identity) -> str:
    """What no constrained mode allows, whatever the rights; empty when nothing."""
    if MASTERS in wanted.groups:
        return f"the group {MASTERS} cannot be impersonated in a constrained mode"
    if "" in wanted.groups:
        return "a group without a name cannot be impersonated"
    for key, values in wanted.extra:
        if not _EXTRA_KEY.fullmatch(key):
            return f"the extra key {key!r} cannot be impersonated in a constrained mode: it is not domain/path in small letters"
        if not values or "" in values:
            return f"the extra key {key!r} cannot be impersonated without a value"
    return ""


@dataclass(frozen=True, slots=True)
class Check:
    """Requests that all have to be allowed; or ``instead``, one that stands for all of them."""

    each: tuple[Request, ...]
    instead: Request | None = None

    def __str__(self) -> str:
        return ", ".join(map(str, self.each))


def checks(mode: Mode, wanted: Identity, request: Request) -> Iterator[Check]:
    """The checks of a mode, all of which have to be allowed, in the API server's order."""
    constrained = mode is not Mode.LEGACY
    verb = f"impersonate:{mode}" if constrained else "impersonate"
    if constrained:
        yield Check((replace(request, verb=f"impersonate-on:{mode}:{request.verb}"),))
    yield Check((_name(mode, verb, wanted.user),))
    if wanted.uid:
        yield Check((Request(verb, "uids", _AUTHENTICATION, name=wanted.uid),))
    group = Request(verb, "groups", _AUTHENTICATION if constrained else "")
    if wanted.groups:
        instead = replace(group, name="*") if constrained and len(wanted.groups) >= _MANY else None
        yield Check(tuple(replace(group, name=name) for name in wanted.groups), instead)
    extra = Request(verb, "userextras", _AUTHENTICATION)
    values = [(key, value) for key, every in wanted.extra for value in every]
    if values:
        many = constrained and (len(wanted.extra) >= _MANY or len(values) >= _MANY)
        instead = replace(extra, subresource="*", name="*") if many else None
        yield Check(tuple(replace(extra, subresource=key, name=value) for key, value in values), instead)


def _name(mode: Mode, verb: str, user: str) -> Request:
    """The check of the user name itself. The associated node is asked for as ``*``: any node that the pod may run on."""
    group = "" if mode is Mode.LEGACY else _AUTHENTICATION
    node, account = split_node(user), split_service_account(user)
    if mode is not Mode.LEGACY and node is not None:
        return Request(verb, "nodes", group, name="*" if mode is Mode.ASSOCIATED_NODE else node)
    if account is not None:
        return Request(verb, "serviceaccounts", group, name=account[1], namespace=account[0])
    return Request(verb, "users", group, name=user)


def becomes(mode: Mode, wanted: Identity) -> Identity:
    """The identity that the request is then made as."""
    groups, account = wanted.groups, split_service_account(wanted.user)
    if mode is not Mode.LEGACY and split_node(wanted.user) is not None:
        groups = (NODES,)
    elif account is not None and not groups:
        groups = service_account_groups(account[0])
    return replace(wanted, groups=with_everybody(wanted.user, groups))
