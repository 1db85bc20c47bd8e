"""The grants engine: who may do what to which grant, by the rules in force; the table of states says what it becomes; the store keeps it.

Every change reads the grant, decides, and writes on condition that nobody changed it meanwhile; else it decides anew. Two approvers at once therefore
count as two, and an approval that meets a revocation loses. Rules are judged when somebody asks and again, with the groups that the requester then
had, at every approval: what the intent file no longer allows cannot be approved any more.
"""

import dataclasses
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.core.errors import Refused
from ostiary.model.access import Grant, GrantState
from ostiary.model.access_intent import AccessRule
from ostiary.pillars.access import grants as life
from ostiary.pillars.access.asking import Asked, sentence
from ostiary.pillars.access.bindings import live
from ostiary.pillars.access.permission import Power, approves, rule_for
from ostiary.server.errors import Forbidden, NotFound, TooMany
from ostiary.server.ports import Principal
from ostiary.server.rules import Rules
from ostiary.server.store import grants as rows
from ostiary.server.store.engine import Store
from ostiary.server.store.grants import Event, Kept, Selection

Clock = Callable[[], datetime]
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that two people read differently
_ID = 10
_OPEN = 20  # undecided requests of one person
_TRIES = 20
OSTIARY = "ostiary"  # who ends what time ends


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """Some grants, and where the next page begins; ``after`` None at the end."""

    grants: tuple[Grant, ...]
    after: tuple[datetime, str] | None


class Grants:
    """See the module. ``changed`` is told the cluster of every grant that began or ended."""

    def __init__(self, store: Store, rules: Rules, changed: Callable[[str], None], clock: Clock = wall_clock) -> None:
        self._store = store
        self._rules = rules
        self._changed = changed
        self.clock = clock

    async def request(self, by: Principal, ask: Asked) -> Grant:
        """Ask for a right in one's own name."""
        rule = self.refuse_without_rule(by, ask)
        now = self.clock()
        for _ in range(_TRIES):
            grant = life.requested(ask, "".join(secrets.choice(_ALPHABET) for _ in range(_ID)), rule.approvals, now)
            try:
                async with self._store.begin() as connection:
                    await self._refuse_floods(connection, by.person)
                    await rows.add_grant(connection, grant, by.groups)
                    await rows.add_events(connection, grant.id, [Event(now, by.person, "request", grant.reason)])
            except IntegrityError:  # that id is taken
                continue
            return grant
        raise Refused("no free id was found for the request", todo="try again")

    def refuse_without_rule(self, by: Principal, ask: Asked) -> AccessRule:
        """The rule that lets somebody ask for this; Forbidden when there is none."""
        rule = rule_for(self._rules.intent, by.person, by.groups, ask)
        if rule is None:
            where = "the whole cluster" if ask.everywhere else ", ".join(ask.namespaces)
            raise Forbidden(
                f"no rule lets {by.person} ask for {ask.role} on {ask.cluster} in {where} for {ask.seconds} s",
                todo="see what you may ask for: ostiary grant options; the rules are the section access of the intent file",
            )
        return rule

    async def _refuse_floods(self, connection: AsyncConnection, person: str) -> None:
        if await rows.count_open(connection, person) >= _OPEN:
            raise TooMany(f"{_OPEN} requests of {person} wait for a decision", todo="withdraw some: ostiary grant withdraw ID")

    async def approve(self, by: Principal, name: str, note: str = "") -> Grant:
        """Agree to a request. Forbidden unless the rule that allows the request names the caller."""

        def decide(kept: Kept, now: datetime) -> Grant:
            rule = self._rule(kept)
            if rule is None:
                raise Refused(f"the rules do not allow {name} any more", todo="deny it, or mend the intent file")
            self._refuse_others(by, kept, rule)
            grant = replace(kept.grant, approvals=max(kept.grant.approvals, rule.approvals))
            return life.approve(grant, by.person, now)

        return await self._change(by, name, "approve", note, decide)

    async def deny(self, by: Principal, name: str, note: str = "") -> Grant:
        """Refuse a request. An administrator may, too."""

        def decide(kept: Kept, now: datetime) -> Grant:
            if not self._administers(by):
                self._refuse_others(by, kept, self._rule(kept))
            return life.deny(kept.grant, by.person, now)

        return await self._change(by, name, "deny", note, decide)

    async def withdraw(self, by: Principal, name: str) -> Grant:
        """Take one's own request back."""
        return await self._change(by, name, "withdraw", "", lambda kept, now: life.withdraw(kept.grant, by.person, now))

    async def revoke(self, by: Principal, name: str, note: str = "") -> Grant:
        """End a live grant: one's own, one that the caller approved or may approve, or any as an administrator."""

        def decide(kept: Kept, now: datetime) -> Grant:
            own = by.person == kept.grant.person or by.person in kept.grant.decided_by
            if not own and not self._administers(by):
                self._refuse_others(by, kept, self._rule(kept))
            return life.revoke(kept.grant, now)

        return await self._change(by, name, "revoke", note, decide)

    async def begin_break_glass(self, grant: Grant) -> Grant:
        """Keep a grant that two people opened together without a rule; it is active already and says of itself what it is."""
        if not grant.break_glass or grant.state is not GrantState.ACTIVE or len(set(grant.decided_by) - {grant.person}) < 1:
            raise Refused("only two people together open a grant without a rule", todo="see: ostiary break-glass --help")
        async with self._store.begin() as connection:
            await rows.add_grant(connection, grant, ())
            events = [Event(self.clock(), who, "approve", "break-glass") for who in grant.decided_by]
            await rows.add_events(connection, grant.id, events)
        self._changed(grant.cluster)
        return grant

    async def get(self, by: Principal, name: str) -> tuple[Grant, Sequence[Event]]:
        """A grant that the caller may see, and what was done to it."""
        async with self._store.read() as connection:
            kept = await rows.get_grant(connection, name)
            if kept is None or not self._sees(by, kept):
                raise _none(name)
            return kept.grant, await rows.events_of(connection, name)

    async def page(self, by: Principal, chosen: Selection) -> Page:
        """Grants that the caller may see. A page may hold fewer than its limit and still not be the last."""
        powers = self._rules.powers(by)
        if Power.VIEWER not in powers:
            if chosen.person not in (None, by.person):
                raise Forbidden("only viewers list the grants of others", todo="ask to be among the viewers in the intent file")
            own = chosen.person is not None or Power.APPROVER not in powers
            chosen = dataclasses.replace(chosen, person=by.person, person_or_open=not own)
        async with self._store.read() as connection:
            found = await rows.list_grants(connection, chosen)
        last = found[-1].grant if len(found) == chosen.limit else None
        return Page(tuple(one.grant for one in found if self._sees(by, one)), (last.requested_at, last.id) if last else None)

    async def live(self, now: datetime, *, cluster: str | None = None, person: str | None = None) -> tuple[Grant, ...]:
        """Grants that give something at this moment."""
        async with self._store.read() as connection:
            found = await rows.active_grants(connection, cluster=cluster, person=person)
        return live((one.grant for one in found if not life.due(one.grant, now)), now)

    async def expire(self) -> datetime | None:
        """End everything that is due; the moment at which the next one will be, if any."""
        now = self.clock()
        async with self._store.read() as connection:
            found = await rows.due_grants(connection, now, life.SKEW, life.OPEN_FOR)
        for kept in found:
            if life.due(kept.grant, now):
                await self._expire(kept, now)
        async with self._store.read() as connection:
            return await rows.next_end(connection, life.OPEN_FOR)

    async def _expire(self, kept: Kept, now: datetime) -> None:
        grant = life.expire(kept.grant, now)
        async with self._store.begin() as connection:
            if await rows.replace_grant(connection, grant, kept.version):
                await rows.add_events(connection, grant.id, [Event(now, OSTIARY, "expire", "")])
        if kept.grant.state is GrantState.ACTIVE:
            self._changed(grant.cluster)

    async def _change(self, by: Principal, name: str, what: str, note: str, decide: Callable[[Kept, datetime], Grant]) -> Grant:
        note = sentence(note, what="a note") if note else ""
        for _ in range(_TRIES):
            now = self.clock()
            async with self._store.read() as connection:
                kept = await rows.get_grant(connection, name)
            if kept is None or not self._sees(by, kept):
                raise _none(name)
            if life.due(kept.grant, now):
                await self._expire(kept, now)
                continue
            grant = decide(kept, now)
            async with self._store.begin() as connection:
                won = await rows.replace_grant(connection, grant, kept.version)
                if won:
                    await rows.add_events(connection, name, [Event(now, by.person, what, note)])
            if won:
                if GrantState.ACTIVE in (grant.state, kept.grant.state):
                    self._changed(grant.cluster)
                return grant
        raise Refused(f"others keep changing {name}", todo="look at it again: ostiary grant list")

    def _rule(self, kept: Kept) -> AccessRule | None:
        grant = kept.grant
        ask = Asked(
            person=grant.person, cluster=grant.cluster, role=grant.role, namespaces=grant.namespaces, everywhere=grant.everywhere,
            reason=grant.reason, seconds=grant.seconds,
        )  # fmt: skip
        return rule_for(self._rules.intent, grant.person, kept.groups, ask)

    def _administers(self, by: Principal) -> bool:
        return Power.ADMINISTRATOR in self._rules.powers(by)

    def _refuse_others(self, by: Principal, kept: Kept, rule: AccessRule | None) -> None:
        if rule is None or not approves(rule, by.person, by.groups, administrator=self._administers(by)):
            who = ", ".join(rule.approvers) if rule else "administrators"
            raise Forbidden(f"{by.person} is not among those who decide on {kept.grant.id}", todo=f"these do: {who}")

    def _sees(self, by: Principal, kept: Kept) -> bool:
        if by.person == kept.grant.person or by.person in kept.grant.decided_by or Power.VIEWER in self._rules.powers(by):
            return True
        rule = self._rule(kept)
        return rule is not None and approves(rule, by.person, by.groups, administrator=self._administers(by))


def _none(name: str) -> NotFound:
    return NotFound(f"there is no grant {name[:60]!r} that you may see", todo="see: ostiary grant list")
