"""How people may sign in, as the configuration says it; nothing is on by default, the built-in sign-on neither."""

from datetime import timedelta
from urllib.parse import urlsplit

import msgspec

from ostiary.adapters.oidc import OidcSettings
from ostiary.core.errors import BadInput
from ostiary.server.sessions import Limits
from ostiary.server.signon.accounts import BUILTIN
from ostiary.server.signon.names import ClaimRules


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenID Connect provider, and what its claims mean."""

    oidc: OidcSettings
    claims: ClaimRules = ClaimRules()


class SignOnSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about sign-on. ``origin`` is where browsers reach the control plane: the pages of the built-in sign-on lie there."""

    origin: str
    issuer: str
    builtin: bool = False
    providers: tuple[Provider, ...] = ()
    session_seconds: int = 12 * 3600
    idle_seconds: int = 4 * 3600
    algorithm: str = "ES256"

    @property
    def limits(self) -> Limits:
        """How long a session lives."""
        return Limits(timedelta(seconds=self.session_seconds), timedelta(seconds=self.idle_seconds))

    @property
    def site(self) -> str:
        """The host that passkeys are bound to: WebAuthn's relying party id. A browser takes names, ``localhost`` too, but no addresses."""
        return urlsplit(self.origin).hostname or ""

    def checked(self) -> "SignOnSettings":
        """Itself; BadInput when it cannot be meant."""
        parts = urlsplit(self.origin)
        if parts.scheme != "https" or not parts.hostname or parts.path or parts.query:
            raise BadInput(
                f"the control plane's origin {self.origin!r} is not https://HOST:PORT", todo="check the configuration"
            )
        names = [provider.oidc.checked().name for provider in self.providers]
        if len(set(names)) < len(names) or BUILTIN in names:
            raise BadInput("two sign-on providers have one name", todo=f"give each its own, and none {BUILTIN!r}")
        _ = self.limits
        return self
