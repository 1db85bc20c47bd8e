"""Whom a name belongs to: the provider and the subject that first came with it, and nobody else.

Two providers may both say ``alice@example.com``, and a provider may give an address to somebody new; only issuer and subject together are one person for
good (OpenID Connect Core 5.7). So a name is bound at its first sign-in, and another subject that claims it is refused until an administrator frees the name.
"""

from datetime import datetime

from sqlalchemy import delete, select

from ostiary.core.errors import Refused
from ostiary.server.ports import Person
from ostiary.server.signon.names import SignedIn
from ostiary.server.store.engine import Store, upserting
from ostiary.server.store.people_tables import accounts, people


class KnownPeople:
    """The people of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def admit(self, provider: str, who: SignedIn, now: datetime) -> None:
        """Bind the name at its first sign-in, and remember what changed at later ones. Refused when it is somebody else's."""
        async with self._store.begin() as connection:
            build = upserting(connection)
            values = {
                "person": who.person,
                "provider": provider,
                "subject": who.subject,
                "groups": who.groups,
                "administrator": who.administrator,
                "seen_at": now,
            }
            new = build(people).values(values)
            same = (people.c.provider == provider) & (people.c.subject == who.subject)
            changes = {name: new.excluded[name] for name in ("groups", "administrator", "seen_at")}
            await connection.execute(new.on_conflict_do_update(index_elements=[people.c.person], set_=changes, where=same))
            row = (await connection.execute(select(people).where(people.c.person == who.person))).one()
        if (row.provider, row.subject) != (provider, who.subject):
            raise Refused(
                f"the name {who.person} belongs to somebody who signed in by {row.provider}",
                todo=f"nobody was signed in; if it is you after all, an administrator frees it: ostiary account forget {who.person}",
            )

    async def forget(self, person: str) -> bool:
        """Free a name; answers whether it was bound. Its sessions are the caller's to end."""
        async with self._store.begin() as connection:
            return bool((await connection.execute(delete(people).where(people.c.person == person))).rowcount)

    async def all(self) -> tuple[Person, ...]:
        """Everybody who signed in once, or has an account."""
        async with self._store.read() as connection:
            known = {
                row.person: Person(row.person, row.groups, row.administrator)
                for row in await connection.execute(select(people))
            }
            open_accounts = select(accounts).where(accounts.c.disabled.is_(False))
            for row in await connection.execute(open_accounts):
                known.setdefault(row.person, Person(row.person, (), row.administrator))
        return tuple(known[name] for name in sorted(known))
