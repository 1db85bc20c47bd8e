"""The steps of the built-in page: opened by one browser, proven by a password or a passkey, sent back to the command. No HTTP here.

The page is bound to the first browser that opens it, by a cookie; another that knows the address gets nothing, not even the chance to add a passkey to an
account whose password was just typed. A challenge is used up by its first answer, right or wrong.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ostiary.core.errors import Refused
from ostiary.server.errors import Forbidden
from ostiary.server.sessions import hashed
from ostiary.server.signon.accounts import BUILTIN, Accounts
from ostiary.server.signon.loopback import sent_back
from ostiary.server.signon.progress import Progress, SignIns

if TYPE_CHECKING:
    from ostiary.server.signon.passkeys import Passkeys


class PageSteps:
    """One sign-in's page, for one request: ``name`` is its id, ``cookie`` what the browser sent."""

    def __init__(
        self, sign_ins: SignIns, accounts: Accounts, passkeys: "Passkeys", name: str, cookie: str, now: datetime
    ) -> None:
        self._sign_ins = sign_ins
        self._accounts = accounts
        self._passkeys = passkeys
        self._name = name
        self._cookie = cookie
        self._now = now

    async def open(self) -> tuple[Progress, str]:
        """The sign-in, and the cookie that binds it to this browser; Forbidden when another has it open."""
        progress = await self._sign_ins.of_page(self._name, self._now)
        if progress.provider != BUILTIN:
            raise Forbidden("that sign-in has no page here", todo="start again: ostiary login")
        if not progress.browser_hash:
            cookie = secrets.token_urlsafe(32)
            await self._sign_ins.move(self._name, progress, replace(progress, browser_hash=hashed(cookie)))
            return progress, cookie
        self._check(progress)
        return progress, self._cookie

    async def mine(self) -> Progress:
        """The sign-in, when this browser is the one that has it open."""
        progress = await self._sign_ins.of_page(self._name, self._now)
        self._check(progress)
        return progress

    async def password(self, person: str, password: str, address: str, *, register: bool) -> str:
        """Prove who it is. Answers where to go, empty to offer a passkey first."""
        progress = await self.mine()
        who = await self._accounts.by_password(person, password, address, self._now)
        if register:
            await self._sign_ins.move(self._name, progress, replace(progress, person=who.person, way="password"))
            return ""
        return await self._back(progress, who.person, "password")

    async def skip(self) -> str:
        """Go on without a passkey after all."""
        progress = await self.mine()
        self._check_proven(progress)
        return await self._back(progress, progress.person, progress.way)

    async def passkey_options(self) -> str:
        """What a browser needs to use a passkey, as JSON."""
        progress = await self.mine()
        options, challenge = self._passkeys.authentication()
        await self._sign_ins.move(self._name, progress, replace(progress, challenge=challenge))
        return options

    async def passkey(self, credential: Mapping[str, Any]) -> str:
        """Prove who it is by a passkey. Answers where to go."""
        progress = await self._challenged()
        person = await self._passkeys.by_passkey(credential, progress.challenge, self._now)
        await self._accounts.known(person)
        return await self._back(replace(progress, challenge=""), person, "passkey")

    async def register_options(self) -> str:
        """What a browser needs to make a passkey, as JSON; after the password alone."""
        progress = await self.mine()
        self._check_proven(progress)
        options, challenge = await self._passkeys.registration(progress.person)
        await self._sign_ins.move(self._name, progress, replace(progress, challenge=challenge))
        return options

    async def register(self, credential: Mapping[str, Any]) -> str:
        """Keep the passkey that was made. Answers where to go."""
        progress = await self._challenged()
        self._check_proven(progress)
        await self._passkeys.register(progress.person, credential, progress.challenge, self._now)
        return await self._back(replace(progress, challenge=""), progress.person, progress.way)

    async def _challenged(self) -> Progress:
        progress = await self.mine()
        if not progress.challenge:
            raise Refused("no passkey was asked for", todo="try again")
        await self._sign_ins.move(self._name, progress, replace(progress, challenge=""))
        return progress

    async def _back(self, progress: Progress, person: str, way: str) -> str:
        code = secrets.token_urlsafe(32)
        await self._sign_ins.move(self._name, progress, replace(progress, person=person, way=way, code_hash=hashed(code)))
        return sent_back(progress.redirect_uri, code=code, state=progress.state)

    def _check(self, progress: Progress) -> None:
        if not progress.browser_hash or not compare_digest(progress.browser_hash, hashed(self._cookie)):
            raise Forbidden("that sign-in is open in another browser", todo="start again: ostiary login")

    def _check_proven(self, progress: Progress) -> None:
        if not progress.person:
            raise Forbidden("a passkey is added after the password", todo="sign in first")
