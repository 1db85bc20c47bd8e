"""The least rules that the evidence needs, one proposal for each subject that bindings name.

- Allowed requests only; denied ones, and those seen too seldom, go to the review list.
- Never more than is held today by the bindings that the proposal takes the place of; Kubernetes' own bindings stay.
- Enough evidence is a window of 30 days, or a chance under one in a thousand that the next request is something new. A gap in a stream, or nothing seen at all
  of a person or group, is not enough. A service account of which nothing is seen in 30 days needs nothing.

>>> Window.of(Evidence()).days
0
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ostiary.model.cluster import Cluster
from ostiary.model.evidence import Evidence, Gap, Usage
from ostiary.model.world import World
from ostiary.pillars.rbac.escalation import covers
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.learning.atom import atom_of, request_of
from ostiary.pillars.rbac.learning.attribution import attributed
from ostiary.pillars.rbac.learning.measures import Yardstick, ratio, unseen
from ostiary.pillars.rbac.learning.need import Needed, need
from ostiary.pillars.rbac.learning.rules import by_place
from ostiary.pillars.rbac.learning.sightings import Sightings, days_of, sightings
from ostiary.pillars.rbac.learning.standing import Held, Standing
from ostiary.pillars.rbac.policy import Measures, Outcome, Proposal, RbacPolicy, Review, Rules
from ostiary.pillars.rbac.server import Server
from ostiary.pillars.rbac.subject import SubjectKey

DAYS = 30
UNSEEN = 0.001
_TRAINING = 0.75  # of the window; the rest is held out
_SHORTEST = 4  # days of which a part can be held out


@dataclass(frozen=True, slots=True)
class Window:
    """The days that the evidence covers, as ordinals, and what is missing of them."""

    first: int
    days: int
    gaps: tuple[Gap, ...]

    @classmethod
    def of(cls, evidence: Evidence) -> "Window":
        streams = [stream for stream in evidence.streams if stream.since]
        if not streams:
            return cls(0, 0, evidence.gaps)
        first = min(date.fromisoformat(stream.since[:10]) for stream in streams).toordinal()
        last = max(date.fromisoformat(stream.until[:10]) for stream in streams).toordinal()
        return cls(first, last - first + 1, evidence.gaps)

    @property
    def split(self) -> int | None:
        """The first day that is held out; None where the window is too short."""
        return self.first + int(self.days * _TRAINING) if self.days >= _SHORTEST else None


def learn(world: World) -> RbacPolicy:
    """Propose for every subject; a few microseconds for each usage and subject."""
    standing = Standing.of(world.cluster)
    usage = attributed(standing, world.evidence.usage)
    learner = Learner(world.cluster, Window.of(world.evidence))
    made = [learner.propose(key, held, usage[key]) for key, held in standing.subjects.items()]
    made += [
        Proposal(subject=key, outcome=Outcome.KEEP, reason=f"{role} is not among the manifests: learn from the cluster itself")
        for key, role in standing.elsewhere.items()
    ]
    return RbacPolicy(proposals=tuple(sorted(made, key=lambda one: one.subject)))


class Learner:
    """Proposes for one subject after the other, of one Cluster and window."""

    def __init__(self, cluster: Cluster, window: Window) -> None:
        self._window = window
        self._server = Server.of(cluster.server_version)
        self._namespaces = len(cluster.namespaces)
        self._yardstick = Yardstick(cluster)

    def propose(self, key: SubjectKey, held: Held, usage: tuple[Usage, ...]) -> Proposal:
        """The proposal for one subject."""
        seen = sightings(usage)
        found = need(seen, held, self._server, self._namespaces)
        everywhere, namespaced = by_place(found.atoms)
        outcome, reason = self._outcome(key, held, seen, found)
        if outcome is Outcome.TIGHTEN and _all(held, everywhere, namespaced):
            outcome, reason = Outcome.KEEP, "it needs all that it has"
        tighten = outcome is Outcome.TIGHTEN
        return Proposal(
            subject=key,
            outcome=outcome,
            reason=reason,
            cluster_rules=everywhere if tighten else (),
            namespaced=namespaced if tighten else {},
            replaces=tuple(sorted(held.bindings)),
            measures=self._measures(held, usage, seen, found),
            review=_review(usage, found),
            requests=sum(one.count for one in seen.values()),
        )

    def _outcome(self, key: SubjectKey, held: Held, seen: Sightings, found: Needed) -> tuple[Outcome, str]:
        if lacking := self._lacking(key, seen):
            return Outcome.NOT_ENOUGH, lacking
        if held.doubts:
            return Outcome.KEEP, f"what it holds is not sure: {held.doubts[0]}"
        if found.obstacle:
            return Outcome.KEEP, found.obstacle
        return Outcome.TIGHTEN, "" if seen else f"nothing was seen of it in {self._window.days} days"

    def _lacking(self, key: SubjectKey, seen: Sightings) -> str:
        window = self._window
        if not window.days:
            return "there is no evidence"
        if window.gaps:
            return f"the evidence has gaps: {window.gaps[0]}"
        if not seen and split_service_account(key.name) is None:
            return "nobody was seen with it"
        if window.days >= DAYS:
            return ""
        chance = unseen(seen)
        if chance is None:
            return f"nothing was seen of it, and {window.days} days of {DAYS} are not enough to say that it needs nothing"
        if chance >= UNSEEN:
            return f"{window.days} days of {DAYS}, and of its requests one in {1 / chance:.0f} would be something new"
        return "everything is of one day" if window.days < 2 else ""

    def _measures(self, held: Held, usage: tuple[Usage, ...], seen: Sightings, found: Needed) -> Measures:
        size = self._yardstick.size
        before = size(held.rules.get(CLUSTER, ()), {place: rules for place, rules in held.rules.items() if place != CLUSTER})
        after, used = size(*by_place(found.atoms)), size(*by_place(found.used))
        held_out, broken = self._break(held, usage)
        return Measures(
            over_before=ratio(used.plain, before.plain),
            over_after=ratio(used.plain, after.plain),
            risk_before=ratio(used.risk, before.risk),
            risk_after=ratio(used.risk, after.risk),
            held_out=held_out,
            broken=broken,
            unseen=unseen(seen),
        )

    def _break(self, held: Held, usage: tuple[Usage, ...]) -> tuple[int, int]:
        """Of the later requests, how many rules would deny that were learned from the earlier ones."""
        split = self._window.split
        if split is None:
            return 0, 0
        atoms = need(sightings(usage, before=split), held, self._server, self._namespaces).atoms
        allowed = _holding(*by_place(atoms))
        held_out = broken = 0
        for one in usage:
            later = sum(count for day, count in days_of(one).items() if day >= split)
            held_out += later
            broken += later if later and not allowed.allows(request_of(one)) else 0
        return held_out, broken


def _holding(everywhere: Rules, namespaced: Mapping[str, Rules]) -> Held:
    return Held((), {CLUSTER: everywhere, **namespaced})


def _all(held: Held, everywhere: Rules, namespaced: Mapping[str, Rules]) -> bool:
    """Whether the rules hold everything that is held."""
    new = _holding(everywhere, namespaced)
    return all(covers(tuple(new.in_force(place)), rule) for place, rules in held.rules.items() for rule in rules)


def _review(usage: tuple[Usage, ...], found: Needed) -> tuple[Review, ...]:
    doubtful = dict(found.doubtful)
    rows = []
    for one in usage:
        if one.daily and (reason := doubtful.get(atom_of(one))):
            rows.append(Review(usage=one, reason=reason))
        elif one.denied:
            rows.append(Review(usage=one, reason="denied"))
    return tuple(rows)
