"""Rights of those who are nobody in particular: not signed in, signed in whoever they are, any service account.

The server's own bindings of this kind (discovery, health, one's own identity) are not findings; a role that merely reads what they read is not either.
"""

from collections import defaultdict
from collections.abc import Iterator

from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.pillars.rbac.codes import EVERYBODY
from ostiary.pillars.rbac.detections.escalating import allows_everything, severity
from ostiary.pillars.rbac.detections.scene import Scene, finding
from ostiary.pillars.rbac.grants import Grant
from ostiary.pillars.rbac.holders import is_everybody
from ostiary.pillars.rbac.identity import ANONYMOUS, UNAUTHENTICATED
from ostiary.pillars.rbac.subject import SubjectKey

_ORDER = tuple(Severity)


def everybody(scene: Scene) -> Iterator[Finding]:
    """One finding for one binding."""
    facts: defaultdict[tuple[Ref, SubjectKey], list[Severity]] = defaultdict(list)
    for fact in scene.facts:
        for binding in fact.bindings:
            facts[(binding, fact.subject)].append(severity(fact))
    for grant in scene.grants:
        keys = [key for key in scene.holders.others(grant) if is_everybody(key)]
        if keys and grant.rules.sure:
            worst = min((_severity(grant, key, facts[(grant.binding, key)]) for key in keys), key=_ORDER.index)
            yield finding(
                EVERYBODY,
                grant.binding,
                f"{', '.join(sorted(str(key) for key in keys))} holds {grant.role}",
                witness="subjects",
                fix="name the groups, users or service accounts that need it",
                severity=worst,
            )


def _severity(grant: Grant, key: SubjectKey, escalations: list[Severity]) -> Severity:
    """By what it leads to; without a credential one step worse, since no door is left."""
    if allows_everything(grant.rules.sure):
        return Severity.CRITICAL
    least = Severity.HIGH if key.name in (ANONYMOUS, UNAUTHENTICATED) else Severity.MEDIUM
    return min((least, *escalations), key=_ORDER.index)
