"""Service accounts that hold more than their manifests declare: what was bound to an operator beside its chart, or wider than the chart says.

Compares the cluster with a second source, such as the output of ``helm template``. Each account that the manifests name in a binding is looked at: every
rule that the cluster grants to it by name has to be covered, in its scope, by what the manifests grant to it. Rights by way of groups are everybody's
and are left aside; what the manifests declare and the cluster lacks is no finding.
"""

from collections import defaultdict
from collections.abc import Iterator

from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.model.rbac import PolicyRule
from ostiary.model.world import World
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.codes import UNDECLARED
from ostiary.pillars.rbac.columns import Columns
from ostiary.pillars.rbac.detections.scene import finding
from ostiary.pillars.rbac.escalation import covers
from ostiary.pillars.rbac.escalations import facts
from ostiary.pillars.rbac.grants import CLUSTER, Grant, Grants
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.subject import SERVICE_ACCOUNT, USER, SubjectKey

_SHOWN = 4


def beyond(world: World, declared: World) -> Iterator[Finding]:
    """One finding for each account, by name."""
    said = _by_account(Grants.of(declared.cluster))
    authorizer = Authorizer(world.cluster)
    held = _by_account(authorizer.grants)
    leading = {(ref, fact.subject) for fact in facts(authorizer, Columns(authorizer.grants)) for ref in fact.bindings}
    for key in sorted(said):
        more = [grant for grant in held.get(key, ()) if _undeclared(grant, said[key])]
        if more:
            worst = any((grant.binding, key) in leading for grant in more)
            yield _finding(key, more, said[key], Severity.HIGH if worst else Severity.MEDIUM)


def _by_account(grants: Grants) -> dict[SubjectKey, list[Grant]]:
    found: defaultdict[SubjectKey, list[Grant]] = defaultdict(list)
    for grant in grants.all:
        for key in dict.fromkeys(grant.keys):
            if key and key.kind == USER and split_service_account(key.name):
                found[key].append(grant)
    return dict(found)


def _undeclared(grant: Grant, said: list[Grant]) -> tuple[PolicyRule, ...]:
    """The rules of a grant that the declared ones do not cover. A declared role that is not among the manifests declares nothing of its own,
    unless it is the very role that is bound.
    """
    same = any(other.role == grant.role and other.dangling and other.scope in (CLUSTER, grant.scope) for other in said)
    if same:
        return ()
    rules = tuple(rule for other in said if other.scope in (CLUSTER, grant.scope) for rule in other.rules.sure)
    return tuple(rule for rule in (*grant.rules.sure, *grant.rules.maybe) if not covers(rules, rule))


def _finding(key: SubjectKey, more: list[Grant], said: list[Grant], severity: Severity) -> Finding:
    namespace, name = split_service_account(key.name) or ("", "")
    words = [word for grant in more for rule in _undeclared(grant, said) for word in _words(rule, grant.scope)]
    shown = "; ".join(words[:_SHOWN]) + (f"; and {len(words) - _SHOWN} more rules" if len(words) > _SHOWN else "")
    return finding(
        UNDECLARED,
        Ref(SERVICE_ACCOUNT, namespace, name),
        f"its manifests do not declare: {shown}",
        witness=", ".join(dict.fromkeys(str(grant.binding) for grant in more)),
        fix="take these bindings back to what the manifests say, or write down in the manifests what is needed",
        severity=severity,
    )


def _words(rule: PolicyRule, scope: str) -> Iterator[str]:
    what = ",".join(rule.resources) or ",".join(rule.non_resource_urls)
    groups = "" if rule.api_groups in ((), ("",)) else f" of {','.join(group or 'core' for group in rule.api_groups)}"
    names = f" named {','.join(rule.resource_names)}" if rule.resource_names else ""
    yield f"{','.join(rule.verbs)} {what}{groups}{names} {f'in {scope}' if scope else 'cluster-wide'}"
