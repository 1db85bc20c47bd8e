"""Bindings that nobody used, in all the time that the evidence covers; and those without which nothing that was used would be missing.

An audit event names the first binding that allows a request, and no other: which one that is says little. So every request is decided by every
binding again: one that allows none of them is unused; one that allows some, each of them allowed by another binding too, is spare.

Said only where the evidence covers thirty days without a gap: quarterly work is older than that, and a person knows. Kubernetes' own bindings are
left aside, and so are bindings that could not be read in full.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from ostiary.model.evidence import Evidence
from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.pillars.rbac.codes import SPARE, UNUSED
from ostiary.pillars.rbac.detections.scene import Scene, finding
from ostiary.pillars.rbac.grants import Grant
from ostiary.pillars.rbac.usage import identity_of, request_of

ENOUGH_DAYS = 30


def unused(scene: Scene) -> Iterator[Finding]:
    """One finding for a role that none of its bindings was used for; otherwise one for each binding."""
    days = covered(scene.evidence)
    if days < ENOUGH_DAYS:
        return
    used, needed = _used(scene)
    idle: defaultdict[Ref, list[Grant]] = defaultdict(list)
    busy: set[Ref] = set()
    for grant in scene.grants:
        if grant.binding in used or not _judged(scene, grant):
            busy.add(grant.role)
        else:
            idle[grant.role].append(grant)
        if grant.binding in used and grant.binding not in needed and _judged(scene, grant):
            yield _spare(grant, days)
    leading = {ref for fact in scene.facts for ref in fact.bindings}
    for role, grants in idle.items():
        severity = UNUSED.severity if any(grant.binding in leading for grant in grants) else Severity.LOW
        if role in busy or len(grants) == 1:
            for grant in grants:
                yield _unused(grant.binding, (grant,), scene, days, severity)
        else:
            yield _unused(role, tuple(grants), scene, days, severity)


def covered(evidence: Evidence) -> int:
    """How many days the audit streams cover, the longest of them; none when something is missing from any."""
    if evidence.gaps:
        return 0
    return max((_days(stream.since, stream.until) for stream in evidence.streams), default=0)


def _days(since: str, until: str) -> int:
    try:
        return (date.fromisoformat(until[:10]) - date.fromisoformat(since[:10])).days + 1
    except ValueError:
        return 0


def _used(scene: Scene) -> tuple[set[Ref], set[Ref]]:
    """The bindings that allow some request that happened, and those that are the only one to allow some."""
    used, needed = set[Ref](), set[Ref]()
    for row in scene.evidence.usage:
        if row.allowed:
            hits = {hit.grant.binding for hit in scene.authorizer.hits(identity_of(row), request_of(row))}
            used |= hits
            needed |= hits if len(hits) == 1 else set()
    return used, needed


def _judged(scene: Scene, grant: Grant) -> bool:
    """Whether something can be said of a binding: it grants something, all of it could be read, and it is not Kubernetes' own."""
    return bool(grant.rules.sure) and not grant.rules.maybe and bool(scene.holders.others(grant))


def _unused(subject: Ref, grants: tuple[Grant, ...], scene: Scene, days: int, severity: Severity) -> Finding:
    who = scene.holders.sentence(key for grant in grants for key in scene.holders.others(grant))
    held = f"{grants[0].role}" if subject != grants[0].role else "it"
    return finding(
        UNUSED,
        subject,
        f"in {days} days nobody made a request that it allows: {held} is held by {who}",
        witness=", ".join(str(grant.binding) for grant in grants),
        fix="ostiary learn rbac, then ostiary enforce rbac; or delete it, if what it is for comes less often",
        severity=severity,
    )


def _spare(grant: Grant, days: int) -> Finding:
    return finding(
        SPARE,
        grant.binding,
        f"in {days} days every request that it allowed was allowed by another binding, too: {grant.role}",
        witness="subjects",
        fix="delete it, if what else it allows is not needed",
    )
