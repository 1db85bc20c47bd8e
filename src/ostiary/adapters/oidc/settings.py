"""How an operator names a provider: checked when the configuration is read, not when somebody wants in.

>>> OidcSettings(name="corp", issuer="http://sso.example.com", client_id="ostiary").checked()
Traceback (most recent call last):
ostiary.core.errors.BadInput: sign-on corp: the issuer 'http://sso.example.com' is not https
  plain http is for a provider on this machine alone
"""

from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

import msgspec

from ostiary.core.errors import BadInput

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider. ``client_secret`` is empty for a public client, which PKCE protects."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    scopes: tuple[str, ...] = ("openid", "email", "profile", "groups")
    certificate_authority: str = ""  # PEM, beside what the system trusts

    def __repr__(self) -> str:
        return f"OidcSettings({self.name}, {self.issuer}, client_id={self.client_id})"

    def checked(self) -> Self:
        """Itself; BadInput when it cannot be meant."""
        if not self.name or not self.client_id:
            raise BadInput("a sign-on provider needs a name and a client_id", todo="see docs/sign-on.md")
        endpoint(self.name, "issuer", self.issuer)
        if "openid" not in self.scopes:
            raise BadInput(f"sign-on {self.name}: scopes lack openid", todo="without it a provider names nobody")
        return self


def endpoint(name: str, what: str, url: str) -> SplitResult:
    """A URL that secrets may be sent to: https, or http on the loopback interface. BadInput otherwise."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise BadInput(f"sign-on {name}: the {what} {url[:200]!r} is no URL", todo="give it as https://HOST/PATH") from None
    if not host or parts.username or parts.fragment:
        raise BadInput(f"sign-on {name}: the {what} {url[:200]!r} is no URL", todo="give it as https://HOST/PATH")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise BadInput(
            f"sign-on {name}: the {what} {url[:200]!r} is not https", todo="plain http is for a provider on this machine alone"
        )
    return parts
