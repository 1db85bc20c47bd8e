"""The rules that a ClusterRole has once the controller has aggregated them.

A ClusterRole with an aggregation rule gets the union of the rules of all other ClusterRoles that its selectors match, over and over until nothing
changes; rules that its author wrote are replaced as soon as there is anything to aggregate, and stay while there is not. Two such roles that
aggregate each other pass their authors' rules round in an order that nobody can tell: those rules are possible, not sure.

A running server holds the result already, and judges by what it holds; this computes it for manifests.

Source: ``pkg/controller/clusterroleaggregation``; tried on 1.37.2.

>>> view = Role(metadata=Meta(name="view"), aggregation_rule=AggregationRule(cluster_role_selectors=(LabelSelector(),)))
>>> pods = Role(metadata=Meta(name="pods"), rules=(PolicyRule(verbs=("get",), api_groups=("",), resources=("pods",)),))
>>> aggregated((view, pods), ())["view"].sure == pods.rules
True
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ostiary.model.rbac import PolicyRule, Role
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, Doubt
from ostiary.pillars.rbac.rule import EVERYTHING
from ostiary.pillars.rbac.selector import selects
from ostiary.pillars.rbac.validity import wrong_role

Rules = tuple[PolicyRule, ...]


@dataclass(frozen=True, slots=True)
class RoleRules:
    """The rules of a role: those that it has, those that it may have, and why that is not known."""

    sure: Rules = ()
    maybe: Rules = ()
    doubts: tuple[Doubt, ...] = ()

    def doubted(self, *doubts: Doubt) -> "RoleRules":
        """The same rules, none of them sure."""
        return RoleRules((), _union(self.sure, self.maybe), (*self.doubts, *doubts))


def as_stored(role: Role) -> RoleRules:
    """The rules as they stand in a running server."""
    return RoleRules(role.rules)


def as_written(role: Role, kind: str) -> RoleRules:
    """The rules of a role in a manifest, before aggregation: in doubt when an API server would refuse the role."""
    wrong = wrong_role(role, namespaced=kind != CLUSTER_ROLE)
    if not wrong:
        return RoleRules(role.rules)
    where = f"{role.metadata.namespace}/" if role.metadata.namespace else ""
    refused = Doubt(
        f"{kind} {where}{role.metadata.name}: an API server would refuse it ({wrong})", "correct the role, and ask again"
    )
    return RoleRules(role.rules).doubted(refused)


def aggregated(roles: Sequence[Role], unseen: tuple[Doubt, ...]) -> dict[str, RoleRules]:
    """The rules of every ClusterRole of some manifests, by name. ``unseen``: what could be further ClusterRoles."""
    written = {role.metadata.name: as_written(role, CLUSTER_ROLE) for role in roles}
    matched = {role.metadata.name: _matches(role, roles) for role in roles if role.aggregation_rule is not None}
    circular = {name for name in matched if _reaches_itself(name, matched)}
    now = {name: RoleRules() if name in matched else rules for name, rules in written.items()}
    changed = True
    while changed:
        changed = False
        for name, others in matched.items():
            new = _gathered(written[name], [now[other] for other in others], unseen, name if name in circular else "")
            changed, now[name] = changed or new != now[name], new
    return now


def _matches(role: Role, roles: Sequence[Role]) -> tuple[str, ...]:
    selectors = role.aggregation_rule.cluster_role_selectors if role.aggregation_rule else ()
    names = (other.metadata.name for other in roles if any(selects(one, other.metadata.labels) for one in selectors))
    return tuple(name for name in names if name != role.metadata.name)


def _reaches_itself(name: str, matched: Mapping[str, tuple[str, ...]]) -> bool:
    seen: set[str] = set()
    ahead = list(matched[name])
    while ahead:
        other = ahead.pop()
        if other == name:
            return True
        if other not in seen:
            seen.add(other)
            ahead += matched.get(other, ())
    return False


def _gathered(written: RoleRules, others: list[RoleRules], unseen: tuple[Doubt, ...], circle: str) -> RoleRules:
    """One step of the controller for one role. ``written`` in doubt: the whole role is."""
    sure, maybe = _union(*(other.sure for other in others)), _union(*(other.maybe for other in others))
    own = _union(written.sure, written.maybe)
    doubts = _distinct((*written.doubts, *(doubt for other in others for doubt in other.doubts), *unseen))
    if unseen:
        maybe = _union(maybe, (EVERYTHING,))
    if circle and own:
        round_about = Doubt(
            f"ClusterRole {circle}: it aggregates itself in a circle", "break the circle, or leave its own rules out"
        )
        return RoleRules(sure, _union(maybe, own), _distinct((*doubts, round_about)))
    if written.doubts:
        return RoleRules((), _union(own, sure, maybe), doubts)
    if circle or sure:
        return RoleRules(sure, maybe, doubts)
    return RoleRules((), _union(maybe, own), doubts) if maybe else RoleRules(own)


def _union(*parts: Rules) -> Rules:
    return parts[0] if len(parts) == 1 else tuple(dict.fromkeys(rule for part in parts for rule in part))


def _distinct(doubts: tuple[Doubt, ...]) -> tuple[Doubt, ...]:
    return tuple(dict.fromkeys(doubts))
