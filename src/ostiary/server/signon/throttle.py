"""How often a password may be guessed: counted before it is looked at, so that guesses at the same time do not pass together.

Three counts, for three attackers: one who tries a person from one address waits longer and longer; one who sprays many people from one address, later; and a
person as a whole is slowed down a little whoever tries, never locked out, since that would let anybody lock anybody out. A success clears the first count.

>>> wait(Count(6, EPOCH), PAIR, EPOCH)
datetime.timedelta(seconds=2)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.server.errors import TooMany
from ostiary.server.signon.names import shown
from ostiary.server.store.engine import Store, upserting
from ostiary.server.store.people_tables import failures as table

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FORGOTTEN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """So many attempts are free; each further one doubles the wait, up to ``longest``."""

    free: int
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Count:
    """Attempts that did not succeed, and the last one's time."""

    number: int
    last_at: datetime


PAIR: Final = Rule(5, timedelta(minutes=15))
ADDRESS: Final = Rule(30, timedelta(minutes=15))
PERSON: Final = Rule(50, timedelta(seconds=20))


def wait(count: Count, rule: Rule, now: datetime) -> timedelta:
    """How long until the next attempt is looked at; zero when it is now. Counts fade after an hour without an attempt."""
    over = count.number - rule.free
    if over <= 0 or now - count.last_at >= _FORGOTTEN:
        return timedelta()
    pause = min(timedelta(seconds=2.0 ** min(over, 20)), rule.longest)
    return max(timedelta(), count.last_at + pause - now)


class Throttle:
    """The counts of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def attempt(self, person: str, address: str, now: datetime) -> None:
        """Count an attempt before it is looked at. TooMany when it has to wait; a refused attempt counts for nothing."""
        subjects = _subjects(person, address)
        async with self._store.begin() as connection:
            counts = await _locked_counts(connection, sorted(subject for subject, _ in subjects))
            longest = max(wait(counts[subject], rule, now) for subject, rule in subjects)
            if longest <= timedelta():
                for subject, count in counts.items():
                    number = 1 if now - count.last_at >= _FORGOTTEN else count.number + 1
                    await connection.execute(update(table).where(table.c.subject == subject).values(number=number, last_at=now))
        if longest > timedelta():
            seconds = int(longest.total_seconds()) + 1
            raise TooMany(f"too many attempts to sign in as {shown(person)}", todo=f"try again in {seconds} s")

    async def succeeded(self, person: str, address: str) -> None:
        """Clear what counted against this person from this address."""
        async with self._store.begin() as connection:
            await connection.execute(delete(table).where(table.c.subject == _subjects(person, address)[0][0]))

    async def sweep(self, now: datetime) -> None:
        """Forget counts that have faded."""
        async with self._store.begin() as connection:
            await connection.execute(delete(table).where(table.c.last_at < now - _FORGOTTEN))


def _subjects(person: str, address: str) -> tuple[tuple[str, Rule], ...]:
    short = person[:128]
    return ((f"pair {address[:60]} {short}"[:200], PAIR), (f"address {address[:60]}", ADDRESS), (f"person {short}", PERSON))


async def _locked_counts(connection: AsyncConnection, subjects: Sequence[str]) -> dict[str, Count]:
    """Counts of all subjects, in their order; others who count the same wait until this transaction has ended."""
    build = upserting(connection)
    for subject in subjects:
        await connection.execute(build(table).values(subject=subject, number=0, last_at=EPOCH).on_conflict_do_nothing())
    query = select(table).where(table.c.subject.in_(subjects)).order_by(table.c.subject).with_for_update()
    return {row.subject: Count(row.number, row.last_at) for row in await connection.execute(query)}
