"""Sign-on as the control plane sees it: ``server.ports.SignOn``, made of the parts beside it.

people = People(store, SignOnSettings(...).checked(), directory, gateway)
app.include_router(people.router, prefix="/v1")
await people.tend(now)            # once a minute: keys in time, ended sessions forgotten
await people.accounts.create("admin", now, administrator=True)    # answers the made-up password
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request

from ostiary.adapters.oidc import RelyingParty
from ostiary.model.access import Grant
from ostiary.server.errors import Unauthenticated
from ostiary.server.ports import Person, Principal, Session
from ostiary.server.sessions import Found, Sessions
from ostiary.server.signon.accounts import Accounts
from ostiary.server.signon.flows import Flows
from ostiary.server.signon.known_people import KnownPeople
from ostiary.server.signon.progress import SignIns
from ostiary.server.signon.settings import SignOnSettings
from ostiary.server.signon.throttle import Throttle
from ostiary.server.store.engine import Store
from ostiary.server.tokens.keys import sealing_key
from ostiary.server.tokens.signer import Minted, Signer

if TYPE_CHECKING:
    from ostiary.server.signon.passkeys import Passkeys

SEALING_KEY = "sealing.key"  # in the data directory
PAGE = "/v1/login/page/"


@dataclass(frozen=True, slots=True)
class Door:
    """Where kubectl reaches the gateway, for kubeconfigs: ``https://HOST:PORT``, PEM, and the domain of ``<cluster>.<domain>``."""

    server: str
    certificate_authority: str
    domain: str


def now_utc() -> datetime:
    """The time."""
    return datetime.now(UTC)


class People:
    """Who calls, which sessions there are, which keys sign."""

    def __init__(
        self,
        store: Store,
        settings: SignOnSettings,
        directory: Path,
        door: Callable[[], Door],
        *,
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        self._store = store
        self.settings = settings.checked()
        self.clock = clock
        self.door = door
        self.kept = Sessions(store, settings.limits)
        self.accounts = Accounts(store)
        self.known = KnownPeople(store)
        self.sign_ins = SignIns(store)
        self._throttle = Throttle(store)
        self._signer = Signer(store, sealing_key(directory / SEALING_KEY), issuer=settings.issuer, algorithm=settings.algorithm)
        self.flows = Flows(
            sign_ins=self.sign_ins,
            sessions=self.kept,
            accounts=self.accounts,
            known=self.known,
            parties={provider.oidc.name: RelyingParty(provider.oidc) for provider in settings.providers},
            rules={provider.oidc.name: provider.claims for provider in settings.providers},
            builtin=settings.builtin,
            page=settings.origin + PAGE,
        )

    @property
    def router(self) -> APIRouter:
        """Routes relative to ``/v1``; they find this object by ``server.ports.control``."""
        from ostiary.server.signon.routes import router

        return router

    @cached_property
    def passkeys(self) -> "Passkeys":
        """The passkeys; their library is loaded when somebody first meets a page that may want one."""
        from ostiary.server.signon.passkeys import Passkeys

        return Passkeys(self._store, site=self.settings.site, origin=self.settings.origin)

    async def found(self, request: Request) -> Found:
        """The caller's session. Unauthenticated when the secret is missing, unknown or of a session that has ended."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise Unauthenticated("nobody is signed in", todo="sign in: ostiary login")
        found = await self.kept.find(secret.strip(), self.clock())
        if found is None:
            raise Unauthenticated("your session is unknown here, or has ended", todo="sign in again: ostiary login")
        return found

    async def principal(self, request: Request) -> Principal:
        """The caller."""
        return (await self.found(request)).principal

    async def sessions(self, person: str | None = None) -> tuple[Session, ...]:
        """Living sessions, of everybody or of one person."""
        return await self.kept.living(self.clock(), person)

    async def revoke(self, session: str, now: datetime) -> Session | None:
        """End a session at once; None when there is none."""
        return await self.kept.end(session, now)

    async def people(self) -> tuple[Person, ...]:
        """Everybody who signed in once, or has an account."""
        return await self.known.all()

    async def denied(self, now: datetime) -> tuple[str, ...]:
        """Sessions that ended while a token of theirs may still live."""
        return await self.kept.denied(now)

    async def jwks(self, now: datetime) -> dict[str, object]:
        """Public keys that tokens may be signed with now, and the next one."""
        return await self._signer.jwks(now)

    async def mint(self, person: str, session: Session, cluster: str, now: datetime, grants: Iterable[Grant]) -> Minted:
        """A token for a person on a cluster. Refused when no live grant lets them in there."""
        return await self._signer.mint(person, session, cluster, now, grants)

    async def tend(self, now: datetime) -> bool:
        """Housekeeping, once a minute; answers whether the published keys changed, which the gateway then has to be told."""
        await self.kept.sweep(now)
        await self._throttle.sweep(now)
        return await self._signer.tend(now)
