"""The conversation with one provider: where to send people, and whom it then names.

What it learned about the provider is kept for an hour; keys are fetched anew when a token names one that is not known, at most every ``CALM`` seconds, so
that a provider may rotate whenever it wants and nobody can make this process hammer it. One lock: a hundred people who come at once ask once.

    party = RelyingParty(OidcSettings(...))
    url = await party.authorize_url(redirect_uri=..., state=..., nonce=..., verifier=...)
    identity = await party.exchange(code=..., redirect_uri=..., nonce=..., verifier=..., returned_issuer=..., now=...)
"""

import asyncio
import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from ostiary.adapters.oidc.id_token import Expected, UnknownKey, usable_keys, verify
from ostiary.adapters.oidc.metadata import Metadata, read_metadata
from ostiary.adapters.oidc.settings import OidcSettings
from ostiary.adapters.oidc.wire import Said, Wire
from ostiary.core.errors import Refused, Unreachable

CALM: Final = 10.0
_FRESH: Final = 3600.0
_DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"
_AGAIN: Final = "nobody was signed in; start again: ostiary login"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider names: verified claims of the ID token, with those of the userinfo endpoint beside them."""

    provider: str
    claims: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person without a browser here has to type somewhere else; ``code`` is for the provider alone."""

    code: str = field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    seconds: int
    interval: int


@dataclass(frozen=True, slots=True)
class Pending:
    """The person has not decided yet; ask again after so many seconds."""

    interval: int


class RelyingParty:
    """ostiary, as one provider's client."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings.checked()
        self._wire = Wire(settings)
        self._lock = asyncio.Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, dict[str, Any]] | None = None

    async def authorize_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent."""
        metadata = await self._known()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._scopes(metadata)),
            "state": state,
            "nonce": nonce,
            **_challenge(verifier),
        }
        joiner = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joiner}{urlencode(query)}"

    async def exchange(
        self, *, code: str, redirect_uri: str, nonce: str, verifier: str, returned_issuer: str | None, now: datetime
    ) -> Identity:
        """Whom a code names. ``returned_issuer`` is the ``iss`` that came back beside the code (RFC 9207), if one did."""
        metadata = await self._known()
        self._no_mix_up(metadata, returned_issuer)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        return await self._identity(metadata, await self._token(metadata, form), nonce, now)

    async def device_start(self, verifier: str) -> DeviceCode:
        """Begin the device grant, with PKCE too: Keycloak wants it where the client is set to it. Refused when the provider has none."""
        metadata = await self._known()
        if not metadata.device_authorization_endpoint:
            raise Refused(
                f"the sign-on provider {self.settings.name} has no device sign-in", todo="sign in with a browser: ostiary login"
            )
        form = {"client_id": self.settings.client_id, "scope": " ".join(self._scopes(metadata)), **_challenge(verifier)}
        said = await self._authenticated(metadata, metadata.device_authorization_endpoint, form)
        if not said.ok:
            raise self._refusal(said)
        return self._device_code(said)

    async def device_poll(self, code: DeviceCode, verifier: str, now: datetime) -> Identity | Pending:
        """Whom the device code names by now. Refused when the person declined or the code has expired."""
        metadata = await self._known()
        form = {
            "grant_type": _DEVICE,
            "device_code": code.code,
            "client_id": self.settings.client_id,
            "code_verifier": verifier,
        }
        said = await self._authenticated(metadata, metadata.token_endpoint, form)
        match said.text("error"):
            case "authorization_pending":
                return Pending(code.interval)
            case "slow_down":
                return Pending(code.interval + 5)  # RFC 8628 section 3.5
        if not said.ok:
            raise self._refusal(said)
        return await self._identity(metadata, said, None, now)

    async def _token(self, metadata: Metadata, form: dict[str, str]) -> Said:
        said = await self._authenticated(metadata, metadata.token_endpoint, form)
        if not said.ok:
            raise self._refusal(said)
        return said

    async def _authenticated(self, metadata: Metadata, url: str, form: dict[str, str]) -> Said:
        secret, client = self.settings.client_secret, self.settings.client_id
        if not secret:
            return await self._wire.post(url, form | {"client_id": client})
        if "client_secret_post" in metadata.token_endpoint_auth_methods_supported:  # Dex reads no other at its device endpoint
            return await self._wire.post(url, form | {"client_id": client, "client_secret": secret})
        return await self._wire.post(url, form, basic=(quote_plus(client), quote_plus(secret)))

    async def _identity(self, metadata: Metadata, said: Said, nonce: str | None, now: datetime) -> Identity:
        token = said.text("id_token")
        if not token:
            raise Refused(f"the sign-on provider {self.settings.name} gave no ID token", todo=_AGAIN)
        expected = Expected(self.settings.name, metadata.issuer, self.settings.client_id, nonce, now)
        claims = await self._verified(metadata, token, expected)
        return Identity(self.settings.name, await self._with_userinfo(metadata, said.text("access_token"), claims))

    async def _verified(self, metadata: Metadata, token: str, expected: Expected) -> dict[str, Any]:
        try:
            return verify(token, usable_keys(await self._key_set(metadata, older_than=_FRESH)), expected)
        except UnknownKey:
            pass
        try:
            return verify(token, usable_keys(await self._key_set(metadata, older_than=CALM)), expected)
        except UnknownKey:
            raise Refused(
                f"the sign-on provider {self.settings.name} gave an ID token by a key that it does not publish", todo=_AGAIN
            ) from None

    async def _with_userinfo(self, metadata: Metadata, access_token: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Claims that only the userinfo endpoint has; of one that both have, the signed one counts."""
        if not metadata.userinfo_endpoint or not access_token:
            return claims
        said = await self._wire.get(metadata.userinfo_endpoint, bearer=access_token)
        if not said.ok:
            return claims
        if said.body.get("sub") != claims["sub"]:
            raise Refused(
                f"the sign-on provider {self.settings.name} speaks of two people in one sign-in", todo=_AGAIN
            )  # OpenID Connect Core 5.3.2
        return said.body | claims

    async def _known(self) -> Metadata:
        async with self._lock:
            if self._metadata is None or time.monotonic() - self._metadata[0] > _FRESH:
                url = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
                metadata = read_metadata(self.settings, await self._wire.get(url))
                self._metadata = (time.monotonic(), metadata)
            return self._metadata[1]

    async def _key_set(self, metadata: Metadata, *, older_than: float) -> dict[str, Any]:
        async with self._lock:
            if self._keys is None or time.monotonic() - self._keys[0] > older_than:
                said = await self._wire.get(metadata.jwks_uri)
                if not said.ok:
                    raise Unreachable(f"the sign-on provider {self.settings.name} does not show its keys", todo="is it up?")
                self._keys = (time.monotonic(), said.body)
            return self._keys[1]

    def _no_mix_up(self, metadata: Metadata, returned: str | None) -> None:
        missing = returned is None and metadata.authorization_response_iss_parameter_supported
        if missing or returned not in (None, metadata.issuer):
            raise Refused(
                f"the answer did not come from {self.settings.name}: it names the issuer {str(returned)[:200]!r}", todo=_AGAIN
            )

    def _scopes(self, metadata: Metadata) -> list[str]:
        """Scopes that are asked for and known; a provider that lists none is asked for all."""
        listed = metadata.scopes_supported
        return [scope for scope in self.settings.scopes if not listed or scope in listed or scope == "openid"]

    def _device_code(self, said: Said) -> DeviceCode:
        seconds, interval = said.body.get("expires_in"), said.body.get("interval", 5)
        code, user_code, uri = said.text("device_code"), said.text("user_code"), said.text("verification_uri")
        if not (code and user_code and uri and isinstance(seconds, int) and isinstance(interval, int)):
            raise Unreachable(f"the sign-on provider {self.settings.name} answered with no device code", todo="is it up?")
        complete = said.text("verification_uri_complete")
        return DeviceCode(code, user_code, uri, complete, max(1, min(seconds, 3600)), max(1, min(interval, 60)))

    def _refusal(self, said: Said) -> Refused:
        """What the provider said, in its own words so far as they are printable: an error code and a description, never a secret."""
        code = said.text("error") or f"status {said.status}"
        words = "".join(letter for letter in f"{code}: {said.text('error_description')}"[:300] if letter.isprintable())
        known = {
            "access_denied": "it was declined there",
            "expired_token": "it took too long",
            "invalid_grant": "the code was used already, or it took too long",
            "invalid_client": "the provider does not know this client, or its secret is wrong: have sign_on checked",
            "unauthorized_client": "this client may not do that there, or its secret is wrong: have sign_on checked",
        }
        why = known.get(code, words.rstrip(": "))
        return Refused(f"the sign-on provider {self.settings.name} refused: {why}", todo=_AGAIN)


def _challenge(verifier: str) -> dict[str, str]:
    """PKCE with S256, RFC 7636 section 4.2."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return {"code_challenge": digest, "code_challenge_method": "S256"}
