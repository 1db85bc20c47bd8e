"""Which grants held when a request was made, and so why it was allowed: a record joined with the grants of its person on its cluster.

A grant held from its approval until it ended, at its end or when it was revoked, whichever came first, and covers a request in one of its namespaces; one for
everywhere covers all, and alone covers what is in no namespace. Several may have held: all are named. What a grant's role allowed is not asked here, nor
whether a standing right would have allowed the same (``ostiary check access`` finds those): the API server decided, and this says what it had to go by.

Nothing is allowed in what was refused, or never reached an API server. Where no grant held, the sentence says so, and what comes close: one that ended
or began within two seconds, since a binding goes within a second of its end and two clocks need not agree; and what a cluster lets everybody do who has
signed in (``system:discovery`` and ``system:basic-user`` in ``plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go``, 1.37, unless it was changed).

>>> allowed(record, [grant])
Allowed(grants=('g7k2m9qxab',), why='g7k2m9qxab: edit in shop, agreed to by bob')
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ostiary.model.access import Grant
from ostiary.pillars.access.records import Outcome, Record

NEAR = timedelta(seconds=2)
NO_MOMENT = "the record does not say when"
NONE = "no grant held there then"
EVERYBODY = "everybody who is signed in may ask this of a cluster"

_DISCOVERY = ("/api", "/apis", "/openapi")
_EXACT = ("/version", "/version/", "/healthz", "/livez", "/readyz")
_ONESELF = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """The ids of the grants that held, in order, and a sentence; both empty for what was not allowed."""

    grants: tuple[str, ...] = ()
    why: str = ""


def was_let_in(record: Record) -> bool:
    """Whether there is an allowing to explain: not for what was refused, came from nobody, or failed before an API server answered."""
    failed_before = record.outcome is Outcome.FAILED and record.by != "api server"
    return bool(record.person) and record.outcome is not Outcome.REFUSED and not failed_before


def allowed(record: Record, grants: Iterable[Grant]) -> Allowed:
    """Join a record with grants; those of others, of other clusters and such as never began count for nothing."""
    if not was_let_in(record):
        return Allowed()
    at = _moment(record.at)
    if at is None:
        return Allowed(why=NO_MOMENT)
    theirs = sorted((one for one in grants if _concerns(one, record)), key=lambda one: one.id)
    held = [one for one in theirs if _held(one, at)]
    if held:
        return Allowed(tuple(one.id for one in held), "; ".join(map(_sentence, held)))
    close = [said for one in theirs if (said := _close(one, at))]
    if _for_everybody(record):
        close.append(EVERYBODY)
    return Allowed(why="; ".join((NONE, *close)))


def covers(grant: Grant, namespace: str) -> bool:
    """Whether a grant holds in a namespace; the empty string stands for what is in none."""
    return grant.everywhere or (bool(namespace) and namespace in grant.namespaces)


def _concerns(grant: Grant, record: Record) -> bool:
    whose = grant.person == record.person and grant.cluster == record.cluster
    return whose and covers(grant, record.namespace)


def _held(grant: Grant, at: datetime) -> bool:
    if grant.decided_at is None or grant.ends_at is None:  # asked for, denied, withdrawn: it never began
        return False
    return grant.decided_at <= at < grant.ends_at


def _close(grant: Grant, at: datetime) -> str:
    """What a grant that did not hold has to do with that moment; empty when nothing."""
    began, ended = grant.decided_at, grant.ends_at
    if began is None or ended is None:
        return ""
    if ended < began:  # a clock that was set back ended it: nobody knows for how long it held
        perhaps = began <= at < began + timedelta(seconds=grant.seconds)
        return f"{grant.id} may have held: it ended when a clock was set back" if perhaps else ""
    if timedelta(0) <= at - ended <= NEAR:
        return f"{grant.id} ended {(at - ended).total_seconds():.1f} s before"
    if timedelta(0) < began - at <= NEAR:
        return f"{grant.id} began {(began - at).total_seconds():.1f} s after"
    return ""


def _sentence(grant: Grant) -> str:
    where = "everywhere" if grant.everywhere else f"in {', '.join(grant.namespaces)}"
    loud = "BREAK-GLASS, " if grant.break_glass else ""
    return f"{grant.id}: {loud}{grant.role} {where}, agreed to by {', '.join(grant.decided_by) or 'nobody'}"


def _for_everybody(record: Record) -> bool:
    if record.resource:
        return record.verb == "create" and not record.namespace and (record.group, record.resource) in _ONESELF
    path = record.path
    below = any(path == one or path.startswith(f"{one}/") for one in _DISCOVERY)
    return record.verb == "get" and (below or path in _EXACT)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
