"""Surprises of aggregation: rights that lead further and come into a role from another, circles, and objects that an API server would refuse."""

from collections.abc import Iterator, Mapping

from ostiary.model.finding import Finding
from ostiary.model.meta import Ref
from ostiary.model.rbac import Role
from ostiary.pillars.rbac.codes import AGGREGATED, CIRCLE, REFUSED
from ostiary.pillars.rbac.detections.escalating import foreign
from ostiary.pillars.rbac.detections.scene import Scene, finding
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from ostiary.pillars.rbac.holders import BOOTSTRAP
from ostiary.pillars.rbac.selector import selects
from ostiary.pillars.rbac.validity import wrong_binding, wrong_role


def aggregated(scene: Scene) -> Iterator[Finding]:
    """Parts that bring a primitive into an aggregated role that somebody holds. The parts that every cluster has are not meant."""
    leading = {fact.roles[0] for fact in foreign(scene) if len(fact.roles) == 1}
    sums = [role for role in scene.cluster.cluster_roles if role.aggregation_rule and _ref(role) in leading]
    for role in scene.cluster.cluster_roles:
        targets = [one.metadata.name for one in sums if _takes(one, role)]
        if targets and role.rules and role.metadata.labels.get(BOOTSTRAP[0]) != BOOTSTRAP[1]:
            yield finding(
                AGGREGATED,
                _ref(role),
                f"its rules become part of ClusterRole {', '.join(targets)}: whoever holds that has them, and among them are rights that lead further",
                witness="metadata.labels",
                fix="leave the label out, or the right",
            )


def _takes(aggregate: Role, part: Role) -> bool:
    selectors = aggregate.aggregation_rule.cluster_role_selectors if aggregate.aggregation_rule else ()
    return aggregate is not part and any(selects(one, part.metadata.labels) for one in selectors)


def _ref(role: Role) -> Ref:
    return Ref(CLUSTER_ROLE, "", role.metadata.name)


def circles(scene: Scene) -> Iterator[Finding]:
    """Roles that aggregate themselves by way of others."""
    sums = {role.metadata.name: role for role in scene.cluster.cluster_roles if role.aggregation_rule}
    ahead = {name: [other for other, part in sums.items() if _takes(role, part)] for name, role in sums.items()}
    for name in sums:
        if _returns(name, ahead):
            yield finding(
                CIRCLE,
                Ref(CLUSTER_ROLE, "", name),
                "it aggregates itself by way of other roles: what their authors wrote in them stays or goes by the order of events",
                witness="aggregationRule",
                fix="take a label out of the circle",
            )


def _returns(name: str, ahead: Mapping[str, list[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(ahead[name])
    while waiting:
        other = waiting.pop()
        if other == name:
            return True
        if other not in seen:
            seen.add(other)
            waiting += ahead[other]
    return False


def refused(scene: Scene) -> Iterator[Finding]:
    """Roles and bindings of manifests that no API server would store."""
    if scene.cluster.server_version:
        return
    for kind, roles in ((CLUSTER_ROLE, scene.cluster.cluster_roles), (ROLE, scene.cluster.roles)):
        for role in roles:
            if wrong := wrong_role(role, namespaced=kind == ROLE):
                yield _refused(Ref(kind, role.metadata.namespace, role.metadata.name), wrong)
    for kind, bindings in (
        (CLUSTER_ROLE_BINDING, scene.cluster.cluster_role_bindings),
        (ROLE_BINDING, scene.cluster.role_bindings),
    ):
        for binding in bindings:
            if wrong := wrong_binding(binding, namespaced=kind == ROLE_BINDING):
                yield _refused(Ref(kind, binding.metadata.namespace, binding.metadata.name), wrong)


def _refused(ref: Ref, wrong: str) -> Finding:
    field, _, reason = wrong.partition(": ")
    return finding(
        REFUSED, ref, reason, witness=field, fix="correct it; as it stands it is not stored, and an older one of its name stays"
    )
