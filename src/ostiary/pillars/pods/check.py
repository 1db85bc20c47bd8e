"""What is wrong now with pods and with what namespaces enforce about them.

One finding for one owner: the pods of a Deployment, its ReplicaSets and the Deployment are one, and the fix names fields of the Deployment. Levels
are read at the server's own version, or the newest known when the source is files.
"""

from collections.abc import Iterator, Mapping

from ostiary.model.basics import Namespace
from ostiary.model.finding import Code, Finding, Severity
from ostiary.model.levels import Level, Version
from ostiary.model.meta import Ref
from ostiary.model.world import World
from ostiary.pillars.pods import codes
from ostiary.pillars.pods.admission.found import found as found_of_admission
from ostiary.pillars.pods.controls.found import found as found_of_controls
from ostiary.pillars.pods.judged import Judge
from ostiary.pillars.pods.labels import PREFIX, Mistake, Mode, Stance, newest, stance
from ostiary.pillars.pods.makers import Maker, Owners
from ostiary.pillars.pods.standards import Violation
from ostiary.pillars.pods.wanted import wanted

Groups = Mapping[Ref, list[Maker]]


def check(world: World) -> Iterator[Finding]:
    """Every finding, worst first: the levels, the further controls, and who else decides about pods on admission."""
    owners = Owners(world)
    groups = owners.groups()
    levels = (*_of_namespaces(world, groups), *_of_pods(world, owners, groups), *_of_intent(world))
    found = [*levels, *found_of_controls(world), *found_of_admission(world)]
    order = list(Severity)
    return iter(sorted(found, key=lambda one: (order.index(one.severity), one.code, one.subject, one.reason)))


def _finding(code: Code, subject: Ref, reason: str, *, witness: str = "", fix: str) -> Finding:
    return Finding(
        code=code.code,
        severity=code.severity,
        subject=subject,
        reason=reason,
        witness=witness,
        fix=fix,
        references=(code.reference,),
    )


def _of_namespaces(world: World, groups: Groups) -> Iterator[Finding]:
    latest = newest(world)
    inhabited = {top.namespace for top in groups}
    for namespace in world.cluster.namespaces:
        said = stance(namespace.metadata.labels, newest=latest)
        yield from _of_labels(namespace, said, namespace.metadata.name in inhabited, latest)
        yield from _of_wanted(world, namespace.metadata.name, said.enforce)


def _of_labels(namespace: Namespace, said: Stance, inhabited: bool, latest: Version) -> Iterator[Finding]:
    subject = Ref("Namespace", "", namespace.metadata.name)
    if not said.enforce.declared and inhabited:
        yield _finding(
            codes.UNDECLARED,
            subject,
            "pods run here and no label says what they may do: unless the API server was configured otherwise, anything",
            witness=f"no label {PREFIX}enforce",
            fix="ostiary enforce pods",
        )
    if said.enforce.declared and said.enforce.level > Level.PRIVILEGED and not said.enforce.pinned:
        yield _finding(
            codes.NOT_PINNED,
            subject,
            f"enforces the latest {said.enforce.level}: an upgrade of the cluster changes what is admitted",
            witness=f"{PREFIX}enforce-version",
            fix=f"set {PREFIX}enforce-version to {latest}",
        )
    for code, mistakes in _mistakes(said):
        for mistake in mistakes:
            yield _finding(
                code,
                subject,
                f"label {PREFIX}{mistake.key} is {mistake.value!r}: {mistake.reason}",
                witness=f"metadata.labels[{PREFIX}{mistake.key}]",
                fix=_mistake_fix(code, mistake, latest),
            )


def _mistakes(said: Stance) -> tuple[tuple[Code, tuple[Mistake, ...]], ...]:
    return (
        (codes.WRONG_LEVEL, said.wrong_levels),
        (codes.WRONG_VERSION, said.wrong_versions),
        (codes.WRONG_KEY, said.wrong_keys),
    )


def _mistake_fix(code: Code, mistake: Mistake, latest: Version) -> str:
    if code is codes.WRONG_LEVEL:
        meant = "the API server reads it as restricted" if mistake.key == "enforce" else "the API server ignores it"
        return f"one of privileged, baseline, restricted; as it stands {meant}"
    if code is codes.WRONG_VERSION:
        return f"a version up to {latest}; as it stands the API server reads it as latest"
    return "enforce, warn or audit, each with or without -version; as it stands the API server ignores it"


def _of_wanted(world: World, namespace: str, enforced: Mode) -> Iterator[Finding]:
    asked = wanted(world, namespace)
    if asked is not None and enforced.level < asked:
        yield _finding(
            codes.INTENT_NOT_MET,
            Ref("Namespace", "", namespace),
            f"the intent file asks for {asked} at least, enforced is {enforced.level}",
            witness=f"{PREFIX}enforce",
            fix="ostiary prove pods shows what stands in the way; ostiary enforce pods sets the label",
        )


def _of_pods(world: World, owners: Owners, groups: Groups) -> Iterator[Finding]:
    latest, judge = newest(world), Judge()
    enforced = {
        namespace.metadata.name: stance(namespace.metadata.labels, newest=latest).enforce
        for namespace in world.cluster.namespaces
    }
    for top, group in groups.items():
        subject = owners.get(top)
        mode = enforced.get(top.namespace, Mode())
        yield from _above_levels(judge, subject, group, latest)
        yield from _no_longer_admitted(judge, subject, group, mode)


def _above_levels(judge: Judge, subject: Maker, group: list[Maker], latest: Version) -> Iterator[Finding]:
    for level, code, says in (
        (Level.BASELINE, codes.ABOVE_BASELINE, "only privileged admits its pods"),
        (Level.RESTRICTED, codes.ABOVE_RESTRICTED, "restricted does not admit its pods"),
    ):
        witness = _witness(judge, group, level, latest)
        if witness is not None:
            yield _pod_finding(code, subject, *witness, says=says)
            return


def _no_longer_admitted(judge: Judge, subject: Maker, group: list[Maker], mode: Mode) -> Iterator[Finding]:
    witness = _witness(judge, group, mode.level, mode.version)
    if witness is not None:
        says = f"its namespace enforces {mode.level}:{mode.version}, which would refuse its next pod"
        yield _pod_finding(codes.NO_LONGER_ADMITTED, subject, *witness, says=says)


def _witness(judge: Judge, group: list[Maker], level: Level, version: Version) -> tuple[Maker, tuple[Violation, ...]] | None:
    """The first of a group that the level refuses: the owner itself where its template shows it."""
    for maker in group:
        violations = judge.violations(maker, level, version)
        if violations:
            return maker, violations
    return None


def _pod_finding(code: Code, subject: Maker, shown_by: Maker, violations: tuple[Violation, ...], *, says: str) -> Finding:
    fields = ", ".join(shown_by.field(path) for violation in violations for path in violation.fields)
    return _finding(
        code,
        subject.ref,
        f"{says}: {', '.join(violation.message for violation in violations)}",
        witness=fields if shown_by.ref == subject.ref else f"{shown_by.ref}: {fields}",
        fix=fix(subject, shown_by, violations),
    )


def fix(subject: Maker, shown_by: Maker, violations: tuple[Violation, ...]) -> str:
    """Which field of which owner to change, and to what."""
    if shown_by.ref != subject.ref:
        return (
            f"{subject.ref} itself is admitted: {shown_by.ref} comes from an older template of it, or was changed on creation; "
            "roll it out anew and delete what is old, or look at what mutates pods here"
        )
    changes = "; ".join(
        f"{', '.join(subject.field(path) for path in violation.fields)}: {violation.change}" for violation in violations
    )
    owner = subject.meta.controller
    if owner:
        return f"in what makes it, {owner.kind} {owner.name}, which was not read: {changes}"
    return f"in {subject.ref}: {changes}"


def _of_intent(world: World) -> Iterator[Finding]:
    known = {namespace.metadata.name for namespace in world.cluster.namespaces}
    said = world.intent.pods
    for name in sorted({*said.levels, *(one.namespace for one in said.exceptions)} - known):
        yield _finding(
            codes.INTENT_NAMES_NOTHING,
            Ref("Namespace", "", name),
            "the intent file names it and it is not there",
            fix="remove it from the intent file, or correct the name",
        )
    for one in said.exceptions:
        if one.expires < world.today:
            yield _finding(
                codes.EXCEPTION_EXPIRED,
                Ref("Namespace", "", one.namespace),
                f"the exception for {one.level} ended on {one.expires.isoformat()} ({one.owner}: {one.reason})",
                fix="bring its pods to the level asked for, or have the exception renewed",
            )
