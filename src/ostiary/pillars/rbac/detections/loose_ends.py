"""Bindings and roles that do not do what they seem to: dangling, waiting, foreign, without effect, bound to nobody."""

from collections import defaultdict
from collections.abc import Iterator

from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.model.rbac import AggregationRule, PolicyRule, Role
from ostiary.pillars.rbac.codes import ABSENT, DANGLING, FOREIGN, NEVER_MATCHES, NO_EFFECT, UNBOUND, WAITING, WILDCARD
from ostiary.pillars.rbac.detections.escalating import allows_everything
from ostiary.pillars.rbac.detections.scene import Scene, finding
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE, ROLE
from ostiary.pillars.rbac.escalations.waiting import absent_accounts, waiting
from ostiary.pillars.rbac.grants import CLUSTER, Grant
from ostiary.pillars.rbac.holders import BOOTSTRAP
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.rule import ALL
from ostiary.pillars.rbac.selector import selects
from ostiary.pillars.rbac.subject import SERVICE_ACCOUNT

AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_NAMELESS = frozenset({"create", "deletecollection"})


def dangling(scene: Scene) -> Iterator[Finding]:
    """Bindings whose role is not there."""
    for grant in scene.grants:
        if grant.dangling and grant.role.kind in (ROLE, CLUSTER_ROLE) and not scene.by_default(grant):
            yield finding(
                DANGLING,
                grant.binding,
                f"{grant.role} is not there: it grants nothing, until somebody creates a role of that name",
                witness="roleRef",
                fix="delete the binding, or create the role",
            )


def waiting_bindings(scene: Scene) -> Iterator[Finding]:
    """Bindings for service accounts that are not there: worse when somebody may create them."""
    takers: defaultdict[tuple[Ref, str, str], set[str]] = defaultdict(set)
    for fact in waiting(scene.authorizer, scene.cluster, scene.columns):
        if not scene.holders.is_own(fact.bindings[0], fact.roles[0], fact.subject):
            takers[(fact.bindings[1], fact.scope, fact.names[0])].add(str(fact.subject))
    for grant, key in dict.fromkeys(absent_accounts(scene.authorizer, scene.cluster)):
        if scene.holders.is_own(grant.binding, grant.role, key):
            continue
        namespace, account = split_service_account(key.name) or ("", "")
        who = sorted(takers.get((grant.binding, namespace, account), ()))
        what = f"ServiceAccount {namespace}/{account} is not there, and {grant.role} waits for it"
        fix = "delete the binding, or create the account"
        if who:
            yield finding(WAITING, grant.binding, f"{what}; may create it: {', '.join(who[:4])}", witness="subjects", fix=fix)
        else:
            yield finding(
                ABSENT,
                grant.binding,
                f"{what}; nobody but Kubernetes itself and administrators may create it",
                witness="subjects",
                fix=fix,
            )


def foreign_accounts(scene: Scene) -> Iterator[Finding]:
    """RoleBindings whose service account lives in another namespace: whoever runs pods there acts here."""
    for grant in scene.grants:
        others = sorted(
            f"{subject.namespace}/{subject.name}"
            for subject in grant.subjects
            if subject.kind == SERVICE_ACCOUNT and subject.namespace not in ("", grant.scope)
        )
        if grant.scope != CLUSTER and others and grant.rules.sure and not _all_own(scene, grant):
            yield finding(
                FOREIGN,
                grant.binding,
                f"{grant.role} is held here by ServiceAccount {', '.join(others)}: who can run pods there can act here",
                witness="subjects",
                fix="keep it if that is meant; else bind an account of this namespace",
            )


def _all_own(scene: Scene, grant: Grant) -> bool:
    return not scene.holders.others(grant)


def without_effect(scene: Scene) -> Iterator[Finding]:
    """Bindings that grant nothing to anybody."""
    for grant in scene.grants:
        reason = _nothing(grant)
        if reason and not grant.dangling and grant.binding not in scene.holders.own_bindings:
            yield finding(NO_EFFECT, grant.binding, f"it grants nothing: {reason}", fix="delete it, or say what is meant")


def _nothing(grant: Grant) -> str:
    if grant.rules.doubts:
        return ""
    if not grant.subjects:
        return "it has no subjects"
    if all(key is None for key in grant.keys):
        return "its subjects mean nobody (a ServiceAccount without a namespace, a kind that is not known)"
    if not grant.rules.sure:
        return f"{grant.role} has no rules"
    if grant.scope != CLUSTER and all(rule.non_resource_urls for rule in grant.rules.sure):
        return f"{grant.role} has only paths, and a RoleBinding grants none"
    return ""


def unbound(scene: Scene) -> Iterator[Finding]:
    """Roles that nobody holds and no other role aggregates; not those that every cluster has."""
    used = {grant.role for grant in scene.grants}
    sums = [role.aggregation_rule for role in scene.cluster.cluster_roles if role.aggregation_rule]
    for kind, role in _roles(scene):
        ref = Ref(kind, role.metadata.namespace, role.metadata.name)
        if ref not in used and not _is_part(role, kind, sums) and role.metadata.labels.get(BOOTSTRAP[0]) != BOOTSTRAP[1]:
            yield finding(
                UNBOUND, ref, "no binding refers to it, in what could be seen", fix="delete it if nobody will bind it"
            )


def _is_part(role: Role, kind: str, sums: list[AggregationRule]) -> bool:
    """Whether a ClusterRole is aggregated: by a role that is here, or by one that every server has."""
    labels = role.metadata.labels
    here = any(selects(one, labels) for rule in sums for one in rule.cluster_role_selectors)
    return kind == CLUSTER_ROLE and (here or any(label.startswith(AGGREGATE) for label in labels))


def _roles(scene: Scene) -> Iterator[tuple[str, Role]]:
    yield from ((CLUSTER_ROLE, role) for role in scene.cluster.cluster_roles)
    yield from ((ROLE, role) for role in scene.cluster.roles)


def wildcards(scene: Scene) -> Iterator[Finding]:
    """Roles with a star where words would do. What allows everything is a finding already."""
    held = {grant.role for grant in scene.grants if scene.holders.others(grant)}
    for kind, role in _roles(scene):
        ref = Ref(kind, role.metadata.namespace, role.metadata.name)
        where = [f"rules[{n}].{field}" for n, rule in enumerate(role.rules) for field in _stars(rule)]
        if where and ref in held and not allows_everything(role.rules):
            yield finding(
                WILDCARD,
                ref,
                "a star covers what does not exist yet, and verbs such as escalate, bind and impersonate",
                witness=", ".join(where[:4]),
                fix="write the verbs, groups and resources that are needed",
                severity=Severity.MEDIUM if any("verbs" in one or "resources" in one for one in where) else Severity.LOW,
            )


def _stars(rule: PolicyRule) -> Iterator[str]:
    if ALL in rule.verbs and rule.resources:
        yield "verbs"
    if ALL in rule.resources:
        yield "resources"
    if ALL in rule.api_groups:
        yield "apiGroups"


def never_matching(scene: Scene) -> Iterator[Finding]:
    """Rules that look like a right and are none."""
    for kind, role in _roles(scene):
        for number, rule in enumerate(role.rules):
            if reason := never(rule):
                ref = Ref(kind, role.metadata.namespace, role.metadata.name)
                yield finding(
                    NEVER_MATCHES, ref, reason, witness=f"rules[{number}]", fix="write what is meant, or leave the rule out"
                )


def never(rule: PolicyRule) -> str:
    """Why no request that is ever made can match a rule; empty when one can."""
    plain = [word for word in rule.resources if "/" not in word and word != ALL]
    if rule.resource_names and rule.verbs and _NAMELESS.issuperset(rule.verbs) and len(plain) == len(rule.resources):
        return (
            f"{' and '.join(rule.verbs)} have no name when they are authorized, so a rule with resourceNames never allows them"
        )
    half = [
        word for word in rule.resources if word.endswith("/*") or (ALL in word and word != ALL and not word.startswith("*/"))
    ]
    if rule.resources and len(half) == len(rule.resources):
        return f"{', '.join(half)}: a star is a wildcard alone, or as */SUBRESOURCE"
    queries = [path for path in rule.non_resource_urls if "?" in path]
    if queries and len(queries) == len(rule.non_resource_urls):
        return f"{', '.join(queries)}: a path has no query string when it is authorized"
    return ""
