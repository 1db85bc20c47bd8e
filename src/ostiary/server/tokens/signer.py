"""The keys of the store, at work: published, signing, replaced in time.

signer = Signer(store, sealing_key(directory / "sealing.key"), issuer="https://...", algorithm="ES256")
await signer.tend(now)               # once a minute is plenty: makes a successor in time, forgets what no token needs
minted = await signer.mint("alice@example.com", session, "prod", now, live_grants)
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, insert, select

from ostiary.core.errors import Unreachable
from ostiary.model.access import Grant
from ostiary.server.ports import Session
from ostiary.server.store.engine import Store
from ostiary.server.store.people_tables import signing_keys as table
from ostiary.server.tokens.claims import claims, expiry
from ostiary.server.tokens.keys import Sealed, SigningKey, generate, public_set, seal, sign, unseal
from ostiary.server.tokens.schedule import forgotten, signing, successor_from


@dataclass(frozen=True, slots=True)
class Minted:
    """A token for one cluster, and when it ends."""

    token: str = field(repr=False)
    ends_at: datetime


class Signer:
    """Signs tokens; the private keys are opened when one is needed and not kept."""

    def __init__(self, store: Store, sealing: bytes, *, issuer: str, algorithm: str = "ES256") -> None:
        self._store = store
        self._sealing = sealing
        self._issuer = issuer
        self._algorithm = algorithm

    async def tend(self, now: datetime) -> bool:
        """Make a successor when its time has come, and forget keys that no token needs; answers whether the published set changed."""
        keys = await self._keys()
        slots = [key.slot for key in keys]
        gone = [slot.kid for slot in forgotten(slots, now)]
        use_from = successor_from(slots, now)
        if use_from is None and not gone:
            return False
        async with self._store.begin() as connection:
            if gone:
                await connection.execute(delete(table).where(table.c.kid.in_(gone)))
            if use_from is not None:
                row = seal(generate(self._algorithm, use_from), self._sealing)
                values = {"kid": row.kid, "algorithm": row.algorithm, "use_from": row.use_from, "private": row.private}
                await connection.execute(insert(table).values(values))
        return True

    async def jwks(self, now: datetime) -> dict[str, object]:
        """The public keys that a valid token may be of, the next one included; whoever asks regularly needs no ``tend``."""
        await self.tend(now)
        return public_set(await self._keys())

    async def mint(self, person: str, session: Session, cluster: str, now: datetime, grants: Iterable[Grant]) -> Minted:
        """A token for the person on the cluster. Refused when no live grant lets them in there, or the session has ended."""
        ends = expiry(person, cluster, now, grants, session.ends_at)
        keys = await self._keys()
        if not keys:
            await self.tend(now)
            keys = await self._keys()
        slots = {key.slot: key for key in keys}
        slot = signing(list(slots), now)
        if slot is None:
            raise Unreachable("there is no key to sign tokens with yet", todo="try again in a few seconds")
        payload = claims(
            issuer=self._issuer,
            person=person,
            session=session.id,
            cluster=cluster,
            now=now,
            ends=ends,
            jti=secrets.token_hex(16),
        )
        return Minted(sign(slots[slot], payload), ends)

    async def _keys(self) -> list[SigningKey]:
        async with self._store.read() as connection:
            rows = (await connection.execute(select(table))).all()
        return [unseal(Sealed(row.kid, row.algorithm, row.use_from, row.private), self._sealing) for row in rows]
