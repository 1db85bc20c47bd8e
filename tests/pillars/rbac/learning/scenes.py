"""Clusters and usage for tests of learning, in few words."""

from datetime import date

from ostiary.model.basics import Namespace
from ostiary.model.cluster import Cluster
from ostiary.model.evidence import Evidence, Gap, Stream, Usage
from ostiary.model.meta import Meta
from ostiary.model.rbac import Binding, PolicyRule, Role, RoleRef, Subject
from ostiary.model.world import World
from ostiary.pillars.rbac.learning.atom import Atom
from ostiary.pillars.rbac.learning.learn import learn
from ostiary.pillars.rbac.policy import Outcome, Proposal
from ostiary.pillars.rbac.rule import allows
from ostiary.pillars.rbac.subject import SubjectKey

RBAC = "rbac.authorization.k8s.io"
WEB = "system:serviceaccount:shop:web"
GROUPS = ("system:authenticated", "system:serviceaccounts", "system:serviceaccounts:shop")
ALL = PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",))
ACCOUNT = Subject(kind="ServiceAccount", name="web", namespace="shop")
MONTH = 30


def rule(verbs: str, resources: str, group: str = "", names: str = "") -> PolicyRule:
    return PolicyRule(
        verbs=tuple(verbs.split()), api_groups=(group,), resources=tuple(resources.split()), resource_names=tuple(names.split())
    )


def cluster(*bound: tuple[Subject, str, PolicyRule], version: str = "v1.37.2", labels: dict[str, str] | None = None) -> Cluster:
    """Each a subject, a namespace (empty: cluster-wide) and a rule: a ClusterRole of its own and a binding to it."""
    roles = tuple(Role(metadata=Meta(name=f"role-{n}"), rules=(rule,)) for n, (_, _, rule) in enumerate(bound))
    bindings = [
        Binding(
            metadata=Meta(name=f"binding-{n}", namespace=where, labels=labels or {}),
            subjects=(subject,),
            role_ref=RoleRef(api_group=RBAC, kind="ClusterRole", name=f"role-{n}"),
        )
        for n, (subject, where, _) in enumerate(bound)
    ]
    return Cluster(
        namespaces=tuple(Namespace(metadata=Meta(name=name)) for name in ("shop", "pay", "kube-system")),
        cluster_roles=roles,
        cluster_role_bindings=tuple(one for one in bindings if not one.metadata.namespace),
        role_bindings=tuple(one for one in bindings if one.metadata.namespace),
        server_version=version,
    )


def used(
    verb: str,
    resource: str,
    name: str = "",
    namespace: str = "",
    *,
    group: str = "",
    days: tuple[int, ...] = (1, 2, 3, 20),
    pods: tuple[str, ...] = ("p1", "p2"),
    user: str = WEB,
    groups: tuple[str, ...] = GROUPS,
    denied: int = 0,
    many: bool = False,
) -> Usage:
    """Once on each of these days of November."""
    plain, _, sub = resource.partition("/")
    counts = tuple(int(day in days) for day in range(min(days), max(days) + 1)) if days else ()
    return Usage(
        user=user, groups=groups, verb=verb, api_group=group, resource=plain, subresource=sub, namespace=namespace, name=name,
        many=many, first=f"2026-11-{min(days, default=1):02}", daily=counts, denied=denied, pods=pods,
    )  # fmt: skip


def world(held: Cluster, *usage: Usage, days: int = MONTH, gaps: tuple[Gap, ...] = ()) -> World:
    stream = Stream(source="audit", since="2026-11-01T00:00:00Z", until=f"2026-11-{days:02}T23:59:59Z", gaps=gaps)
    return World.of(held, today=date(2026, 12, 1), evidence=Evidence(streams=(stream,), usage=usage))


def proposals(held: Cluster, *usage: Usage, days: int = MONTH, gaps: tuple[Gap, ...] = ()) -> dict[SubjectKey, Proposal]:
    return {one.subject: one for one in learn(world(held, *usage, days=days, gaps=gaps)).proposals}


def proposal(held: Cluster, *usage: Usage, days: int = MONTH, gaps: tuple[Gap, ...] = ()) -> Proposal:
    (one,) = proposals(held, *usage, days=days, gaps=gaps).values()
    return one


def grants(one: Proposal, verb: str, resource: str, name: str = "", namespace: str = "", group: str = "") -> bool:
    """Whether the proposal's rules allow it."""
    assert one.outcome is Outcome.TIGHTEN, one.reason
    request = Atom(verb, group, resource, name, namespace).request
    rules = (*one.cluster_rules, *(one.namespaced.get(namespace, ()) if namespace else ()))
    return any(allows(rule, request) for rule in rules)
