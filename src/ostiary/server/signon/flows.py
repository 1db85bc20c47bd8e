"""From the start of a sign-in to a session: by a provider in a browser, by a device code, by a password.

A command begins a sign-in and gets a secret for it; the browser comes back to the command's own loopback port with a code; the command hands code, state and
secret over, and only then is there a session. The built-in page ends the same way, so a command need not know which provider it was. Nothing here reads HTTP.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest

import msgspec

from ostiary.adapters.oidc import DeviceCode, Pending, RelyingParty
from ostiary.core.errors import BadInput, Refused
from ostiary.server.errors import NotFound
from ostiary.server.sessions import Begun, Sessions, hashed
from ostiary.server.signon.accounts import BUILTIN, Accounts
from ostiary.server.signon.known_people import KnownPeople
from ostiary.server.signon.loopback import loopback
from ostiary.server.signon.names import ClaimRules, SignedIn, named
from ostiary.server.signon.progress import LIFE, Progress, SignIns

_AGAIN = "start again: ostiary login"


@dataclass(frozen=True, slots=True)
class BrowserStart:
    """Where to send the browser, and what the command keeps."""

    secret: str = field(repr=False)
    url: str
    state: str


@dataclass(frozen=True, slots=True)
class DeviceStart:
    """What to tell the person, and what the command keeps."""

    secret: str = field(repr=False)
    code: DeviceCode
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Flows:
    """The ways in. ``parties`` and ``rules`` go by the provider's name; ``page`` is the address of the built-in page, to which an id is added."""

    sign_ins: SignIns
    sessions: Sessions
    accounts: Accounts
    known: KnownPeople
    parties: Mapping[str, RelyingParty]
    rules: Mapping[str, ClaimRules]
    builtin: bool
    page: str

    async def start_browser(self, provider: str, redirect_uri: str, now: datetime) -> BrowserStart:
        """Begin a sign-in in a browser."""
        if not loopback(redirect_uri):
            raise BadInput("a sign-in ends at http://127.0.0.1:PORT/callback alone", todo="this is what ostiary login does")
        progress = Progress(
            provider=provider,
            redirect_uri=redirect_uri,
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            way="oidc",
        )
        if provider == BUILTIN:
            self._check_builtin()
            started = await self.sign_ins.start(msgspec.structs.replace(progress, nonce="", verifier="", way=""), now)
            return BrowserStart(started.secret, f"{self.page}{started.id}", progress.state)
        url = await self._party(provider).authorize_url(
            redirect_uri=redirect_uri, state=progress.state, nonce=progress.nonce, verifier=progress.verifier
        )
        started = await self.sign_ins.start(progress, now)
        return BrowserStart(started.secret, url, progress.state)

    async def finish_browser(self, secret: str, code: str, state: str, issuer: str | None, now: datetime) -> Begun:
        """End a sign-in that came back from a browser. It is used up, whatever comes of it."""
        progress = await self.sign_ins.take(secret, now)
        if not progress.redirect_uri or not compare_digest(progress.state.encode(), state.encode()):
            raise Refused("what came back from the browser belongs to another sign-in", todo=_AGAIN)
        if progress.provider == BUILTIN:
            return await self._finish_builtin(progress, code, now)
        identity = await self._party(progress.provider).exchange(
            code=code,
            redirect_uri=progress.redirect_uri,
            nonce=progress.nonce,
            verifier=progress.verifier,
            returned_issuer=issuer,
            now=now,
        )
        return await self._admit(
            progress.provider, named(progress.provider, identity.claims, self._rules(progress)), "oidc", now
        )

    async def start_device(self, provider: str, now: datetime) -> DeviceStart:
        """Begin a sign-in by a device code."""
        if provider == BUILTIN:
            raise Refused(
                "the built-in sign-on needs no device code", todo="sign in with the password: ostiary login --password"
            )
        verifier = secrets.token_urlsafe(48)
        code = await self._party(provider).device_start(verifier)
        progress = Progress(provider=provider, verifier=verifier, device_code=code.code, interval=code.interval, way="device")
        started = await self.sign_ins.start(progress, now)
        return DeviceStart(started.secret, code, now + min(LIFE, timedelta(seconds=code.seconds)))

    async def poll_device(self, secret: str, now: datetime) -> Begun | Pending:
        """Whether the person has decided. The provider is asked no faster than it wants, however fast the command asks."""
        progress = await self.sign_ins.of_command(secret, now)
        if not progress.device_code:
            raise NotFound("that sign-in has no device code", todo=_AGAIN)
        if now.timestamp() < progress.asked_at + progress.interval:
            return Pending(progress.interval)
        asked = msgspec.structs.replace(progress, asked_at=now.timestamp())
        if not await self.sign_ins.move_mine(secret, progress, asked):
            return Pending(progress.interval)
        code = DeviceCode(progress.device_code, "", "", "", 0, progress.interval)
        answer = await self._party(progress.provider).device_poll(code, progress.verifier, now)
        if isinstance(answer, Pending):
            await self.sign_ins.move_mine(secret, asked, msgspec.structs.replace(asked, interval=answer.interval))
            return answer
        await self.sign_ins.take(secret, now)
        return await self._admit(
            progress.provider, named(progress.provider, answer.claims, self._rules(progress)), "device", now
        )

    async def by_password(self, person: str, password: str, address: str, now: datetime) -> Begun:
        """Sign in at the terminal, by the built-in sign-on."""
        self._check_builtin()
        return await self._admit(BUILTIN, await self.accounts.by_password(person, password, address, now), "password", now)

    async def _finish_builtin(self, progress: Progress, code: str, now: datetime) -> Begun:
        if not progress.code_hash or not compare_digest(progress.code_hash, hashed(code)):
            raise Refused("the code from the browser is not the one of this sign-in", todo=_AGAIN)
        return await self._admit(BUILTIN, await self.accounts.known(progress.person), progress.way, now)

    async def _admit(self, provider: str, who: SignedIn, way: str, now: datetime) -> Begun:
        await self.known.admit(provider, who, now)
        return await self.sessions.begin(who, way, now)

    def _rules(self, progress: Progress) -> ClaimRules:
        return self.rules[progress.provider]

    def _party(self, provider: str) -> RelyingParty:
        if provider not in self.parties:
            raise NotFound(f"there is no sign-on provider {provider[:60]!r}", todo=f"one of: {', '.join(self.names())}")
        return self.parties[provider]

    def names(self) -> tuple[str, ...]:
        """Every provider, the built-in one last."""
        return (*self.parties, BUILTIN) if self.builtin else tuple(self.parties)

    def _check_builtin(self) -> None:
        if not self.builtin:
            raise NotFound("the built-in sign-on is off", todo=f"one of: {', '.join(self.names()) or 'none is configured'}")
