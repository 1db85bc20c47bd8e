"""The authorizer: the API server's chain, over one Cluster.

First the group ``system:masters``, which may do anything and no binding can take away; then the authorizers in the server's order. The first that
allows or denies decides. This module decides single questions, exactly and rule by rule; ``columns`` answers questions about all
subjects at once, and is held to this module by a law.

Not decided here: admission, and the further checks that some requests meet after this one (``secondary``). A webhook or ABAC authorizer is not in
a Cluster: where one could decide, the answer is unknown.

Source: ``pkg/kubeapiserver/authorizer/reload.go``, ``apiserver/pkg/authorization/union``, ``plugin/pkg/auth/authorizer/rbac/rbac.go``.

>>> Authorizer(Cluster()).decide(Identity("ann", ("system:masters",)), Request("delete", "nodes", name="n1")).decision
<Decision.ALLOW: 'allow'>
"""

from collections.abc import Iterator
from typing import assert_never

from ostiary.model.cluster import Cluster
from ostiary.pillars.rbac.decision import Answer, Decision, Hit
from ostiary.pillars.rbac.doubt import Doubt
from ostiary.pillars.rbac.grants import CLUSTER, Grants
from ostiary.pillars.rbac.identity import MASTERS, Identity, kubelet_of
from ostiary.pillars.rbac.node import NodeAuthorizer
from ostiary.pillars.rbac.node_graph import Reach
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import allows
from ostiary.pillars.rbac.server import Mode, Server
from ostiary.pillars.rbac.subject import keys_of

_NO_OPINION = Answer(Decision.NO_OPINION, "no authorizer allows it")
_FOREIGN = {
    Mode.WEBHOOK: Doubt(
        "an authorization webhook decides too; its answers are not in a cluster's objects", "ask with kubectl auth can-i"
    ),
    Mode.ABAC: Doubt("an ABAC policy file decides too; it is not in a cluster's objects", "ask with kubectl auth can-i"),
}


class Authorizer:
    """The chain of one server over one Cluster. Making it resolves every binding; each question then costs microseconds."""

    def __init__(self, cluster: Cluster, server: Server | None = None) -> None:
        self.server = server or Server.of(cluster.server_version)
        self.grants = Grants.of(cluster)
        self._nodes = NodeAuthorizer(self.server, cluster)

    def decide(self, identity: Identity, request: Request) -> Answer:
        """The answer to one question; the reason names the first thing that decided."""
        if MASTERS in identity.groups:
            return Answer(Decision.ALLOW, f"the group {MASTERS} may do anything, whatever roles and bindings say")
        answer = _NO_OPINION
        for mode in self.server.modes:
            answer = _later(answer, self._one(mode, identity, request))
            if answer.decision in (Decision.ALLOW, Decision.DENY):
                break
        return answer

    def nodes_that_may(self, request: Request) -> tuple[str, ...]:
        """The nodes that the Node authorizer allows the request; ``*`` for all."""
        return self._nodes.who(request) if Mode.NODE in self.server.modes else ()

    def foreign(self) -> tuple[Doubt, ...]:
        """Authorizers that decide too and are not in a Cluster."""
        return tuple(_FOREIGN[mode] for mode in self.server.modes if mode in _FOREIGN)

    def _one(self, mode: Mode, identity: Identity, request: Request) -> Answer:
        match mode:
            case Mode.RBAC:
                return self._rbac(identity, request)
            case Mode.NODE:
                return self._node(identity, request)
            case Mode.WEBHOOK | Mode.ABAC:
                return Answer(Decision.UNKNOWN, str(_FOREIGN[mode]), (_FOREIGN[mode],))
            case Mode.ALWAYS_ALLOW:
                return Answer(Decision.ALLOW, "the server's authorization mode is AlwaysAllow")
            case Mode.ALWAYS_DENY:
                return _NO_OPINION
            case _:
                assert_never(mode)

    def _node(self, identity: Identity, request: Request) -> Answer:
        node = kubelet_of(identity)
        if node is None:
            return _NO_OPINION
        reach = self._nodes.decide(node, request)
        if reach is Reach.YES:
            return Answer(Decision.ALLOW, f"the Node authorizer allows it to node {node}")
        if reach is Reach.NO:
            return _NO_OPINION
        unseen = Doubt(
            f"whether the Node authorizer allows it to node {node} depends on what this model does not hold", _ASK_NODE
        )
        return Answer(Decision.UNKNOWN, str(unseen), (unseen,))

    def _rbac(self, identity: Identity, request: Request) -> Answer:
        possible: Hit | None = None
        for hit in self.hits(identity, request):
            if hit.sure:
                return Answer(Decision.ALLOW, f"RBAC: {hit}")
            possible = possible or hit
        if possible:
            return Answer(
                Decision.UNKNOWN, f"RBAC: perhaps by {possible}: {possible.grant.rules.doubts[0]}", possible.grant.rules.doubts
            )
        if unseen := self.grants.hidden.bindings(_namespace(request)):
            return Answer(Decision.UNKNOWN, f"RBAC: no binding that could be read allows it; not seen: {unseen[0]}", unseen)
        return _NO_OPINION

    def hits(self, identity: Identity, request: Request) -> Iterator[Hit]:
        """Every rule that allows the request to this identity by RBAC, and every rule that perhaps does."""
        keys = keys_of(identity)
        namespace = _namespace(request)
        for scope in (CLUSTER, namespace) if namespace else (CLUSTER,):
            for grant in self.grants.of_scope(scope, keys):
                for sure, rules in ((True, grant.rules.sure), (False, grant.rules.maybe)):
                    for rule in rules:
                        if allows(rule, request):
                            yield Hit(grant, grant.subjects_of(keys)[0], rule, sure)


def _namespace(request: Request) -> str:
    """Where RoleBindings count; a question about a path has no namespace."""
    return request.namespace if request.is_resource else CLUSTER


def _later(before: Answer, after: Answer) -> Answer:
    """What the next authorizer makes of the answer so far.

    What is unseen of RBAC or of the Node authorizer can only allow; a foreign authorizer could deny as well, so that no later ``allow`` is sure.
    """
    if before.decision is not Decision.UNKNOWN:
        return after
    if after.decision is Decision.UNKNOWN:
        return Answer(Decision.UNKNOWN, before.reason, (*before.doubts, *after.doubts))
    can_deny = any(doubt in _FOREIGN.values() for doubt in before.doubts)
    return after if after.allowed and not can_deny else before


_ASK_NODE = "ask with kubectl auth can-i --as system:node:NAME --as-group system:nodes"
