"""Rights that lead further than they say: by role where one role is enough, by subject where several come together.

One loose ClusterRole is one finding, however many bindings it has; who holds it stands in the finding. A role that allows everything is a finding of
its own and of no other kind.
"""

from collections import defaultdict
from collections.abc import Iterator

from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.pillars.rbac.aggregation import Rules
from ostiary.pillars.rbac.codes import ESCALATES, EVERYTHING, HIDDEN_EXEC, TOGETHER
from ostiary.pillars.rbac.defaults import CLUSTER_ADMIN, leads_to
from ostiary.pillars.rbac.detections.scene import Scene, finding
from ostiary.pillars.rbac.escalations import PRIMITIVES, Fact, Gain
from ostiary.pillars.rbac.escalations.primitive import Primitive
from ostiary.pillars.rbac.grants import CLUSTER, Grant
from ostiary.pillars.rbac.holders import is_everybody
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.rule import ALL
from ostiary.pillars.rbac.subject import SubjectKey

_BY_KEY: dict[str, Primitive] = {primitive.key: primitive for primitive in PRIMITIVES}
_MINOR = frozenset(
    {Gain.POD_NETWORK, Gain.PLACEMENT, Gain.CERTIFICATES, Gain.SHARED, Gain.OPERATORS, Gain.POD_SECURITY, Gain.TRAFFIC}
)
_READS = frozenset({"get", "list", "watch"})
_WORST = tuple(Severity)


def everything(scene: Scene) -> Iterator[Finding]:
    """Roles that allow everything, and who holds them beside Kubernetes itself."""
    held: defaultdict[Ref, list[tuple[Grant, tuple[SubjectKey, ...]]]] = defaultdict(list)
    for grant in scene.grants:
        if _has_everything(scene, grant) and (others := scene.holders.others(grant)):
            held[grant.role].append((grant, others))
    for role, grants in held.items():
        wide = any(grant.scope == CLUSTER for grant, _ in grants)
        who = scene.holders.sentence(key for _, keys in grants for key in keys)
        yield finding(
            EVERYTHING,
            role,
            f"it allows everything{'' if wide else ' in the namespaces where it is bound'}; held by {who}",
            witness=_bindings([grant.binding for grant, _ in grants]),
            fix="bind a role with the verbs and resources that are needed; ostiary explain rbac shows what is",
            severity=Severity.CRITICAL if wide else Severity.HIGH,
        )


def _has_everything(scene: Scene, grant: Grant) -> bool:
    return allows_everything(grant.rules.sure) or (scene.by_default(grant) and grant.role.name == CLUSTER_ADMIN)


def allows_everything(rules: Rules) -> bool:
    """Every verb on every resource of every group, whatever its name."""
    return any(
        ALL in rule.verbs and ALL in rule.resources and ALL in rule.api_groups and not rule.resource_names for rule in rules
    )


def escalating(scene: Scene) -> Iterator[Finding]:
    """Roles that by themselves hold some primitive, but not everything."""
    full = {grant.role for grant in scene.grants if allows_everything(grant.rules.sure)}
    by_role: defaultdict[Ref, list[Fact]] = defaultdict(list)
    for fact in foreign(scene):
        if len(fact.roles) == 1 and fact.roles[0] not in full:
            by_role[fact.roles[0]].append(fact)
    for role, found in by_role.items():
        yield finding(
            ESCALATES,
            role,
            f"{_gains(found)}; held by {scene.holders.sentence(fact.subject for fact in found)}",
            witness=_bindings([binding for fact in found for binding in fact.bindings]),
            fix="leave out the rights named, or limit them by resourceNames and to one namespace",
            severity=worst(found),
        )


def by_default(scene: Scene) -> Iterator[Finding]:
    """Bindings of manifests to ClusterRoles that lead further and that every server has, admin and edit."""
    by_role: defaultdict[Ref, list[Grant]] = defaultdict(list)
    for grant in scene.grants:
        if scene.by_default(grant) and leads_to(grant.role.name):
            by_role[grant.role].append(grant)
    for role, grants in by_role.items():
        found = [
            Fact(key, subject, grant.scope, (), (grant.binding,), (role,))
            for grant in grants
            for subject in dict.fromkeys(one for one in grant.keys if one is not None)
            for key in leads_to(role.name)
        ]
        if found:
            yield finding(
                ESCALATES,
                role,
                f"as every cluster has it: {_gains(found)}; held by {scene.holders.sentence(fact.subject for fact in found)}",
                witness=_bindings([grant.binding for grant in grants]),
                fix="bind a role with the verbs and resources that are needed",
                severity=worst(found),
            )


def together(scene: Scene) -> Iterator[Finding]:
    """Subjects who hold a primitive by several roles at once, and no part of it is a role that allows everything."""
    full = {grant.role for grant in scene.grants if allows_everything(grant.rules.sure)}
    by_subject: defaultdict[SubjectKey, list[Fact]] = defaultdict(list)
    for fact in foreign(scene):
        if len(fact.roles) > 1 and not full.intersection(fact.roles):
            by_subject[fact.subject].append(fact)
    for key, found in by_subject.items():
        roles = sorted({str(role) for fact in found for role in fact.roles})
        yield finding(
            TOGETHER,
            subject_ref(key),
            f"{_gains(found)}; by {', '.join(roles)} together",
            witness=_bindings([binding for fact in found for binding in fact.bindings]),
            fix="take one of the roles away, or the right named out of it",
            severity=worst(found),
        )


def hidden_exec(scene: Scene) -> Iterator[Finding]:
    """Roles whose every other right is to read, and which run commands in pods all the same."""
    commanding = {
        fact.roles[0]
        for fact in foreign(scene)
        if fact.primitive in ("exec", "exec-by-get", "nodes-proxy") and len(fact.roles) == 1
    }
    rules = {grant.role: grant.rules.sure for grant in scene.grants if grant.role in commanding}
    for role, every in rules.items():
        rest = [rule for rule in every if not any(word.endswith(("/exec", "/attach", "/proxy")) for word in rule.resources)]
        if rest and all(_READS.issuperset(rule.verbs) for rule in rest):
            yield finding(
                HIDDEN_EXEC,
                role,
                "all its other rights are to read; by pods/exec, pods/attach or nodes/proxy it runs commands in pods, as their service accounts",
                fix="take exec, attach and proxy out; nodes/metrics, nodes/log and nodes/pods are rights to read (since 1.36)",
            )


def foreign(scene: Scene) -> Iterator[Fact]:
    """Facts that are not about Kubernetes' own bindings of its own identities."""
    for fact in scene.facts:
        pairs = zip(fact.bindings, fact.roles, strict=False)
        if not all(scene.holders.is_own(binding, role, fact.subject) for binding, role in pairs):
            yield fact


def worst(found: list[Fact]) -> Severity:
    """The severity of the worst of them."""
    return min((severity(fact) for fact in found), key=_WORST.index)


def severity(fact: Fact) -> Severity:
    """By what is gained, where, and whether names limit it."""
    gain = _BY_KEY[fact.primitive].gain
    if gain in _MINOR:
        return Severity.HIGH if is_everybody(fact.subject) else Severity.MEDIUM
    if fact.names or fact.scope not in (CLUSTER, "kube-system"):
        return Severity.HIGH if not fact.names else Severity.MEDIUM
    return Severity.CRITICAL


def _gains(found: list[Fact]) -> str:
    """What is gained, once for each primitive, with where."""
    scopes: defaultdict[str, set[str]] = defaultdict(set)
    names: defaultdict[str, set[str]] = defaultdict(set)
    for fact in found:
        scopes[fact.primitive].add(fact.scope)
        names[fact.primitive].update(fact.names or ("",))
    return "; ".join(_gain(_BY_KEY[key], scopes[key], names[key]) for key in _BY_KEY if key in scopes)


def _gain(primitive: Primitive, scopes: set[str], names: set[str]) -> str:
    where = "cluster-wide" if CLUSTER in scopes else f"in {', '.join(sorted(scopes)[:4])}{' and others' * (len(scopes) > 4)}"
    limited = f" (only {', '.join(sorted(names)[:4])})" if "" not in names else ""
    beside = f", given {primitive.beside}" if primitive.beside else ""
    return f"{primitive.key} {where}{limited}: {primitive.gain.value}{beside}"


def _bindings(bindings: list[Ref]) -> str:
    every = sorted(map(str, set(bindings)))
    return ", ".join(every[:4]) + (f" and {len(every) - 4} more" if len(every) > 4 else "")


def subject_ref(key: SubjectKey) -> Ref:
    """A subject as an object: a service account is one, a user or group only looks like one."""
    account = split_service_account(key.name)
    return Ref("ServiceAccount", *account) if account else Ref(key.kind, "", key.name)
