"""What a provider says about itself, and whether that can be believed: OpenID Connect Discovery 1.0, RFC 8414.

The issuer in the document is the one that was asked, to the letter; every endpoint is one that secrets may be sent to. A document that says otherwise is
refused whole: it is how a provider, or somebody in its place, would send the client's secret elsewhere.
"""

from typing import Final

import msgspec

from ostiary.adapters.oidc.settings import OidcSettings, endpoint
from ostiary.adapters.oidc.wire import Said
from ostiary.core.errors import BadInput, Refused, Unreachable

_ENDPOINTS: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "device_authorization_endpoint",
)
_NEEDED: Final = _ENDPOINTS[:3]


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that are used; defaults are the specification's."""

    issuer: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    jwks_uri: str = ""
    userinfo_endpoint: str = ""
    device_authorization_endpoint: str = ""
    scopes_supported: tuple[str, ...] = ()
    code_challenge_methods_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


def read_metadata(settings: OidcSettings, said: Said) -> Metadata:
    """The provider's metadata. Unreachable when there is none, Refused when it cannot be believed."""
    if not said.ok:
        raise Unreachable(
            f"the sign-on provider {settings.name} says nothing about itself ({said.status})",
            todo=f"is {settings.issuer} its issuer?",
        )
    try:
        metadata = msgspec.convert(said.body, Metadata)
    except msgspec.ValidationError as error:
        raise _unbelievable(settings, f"its metadata cannot be read: {error}") from None
    if metadata.issuer != settings.issuer:
        raise _unbelievable(settings, f"it calls itself {metadata.issuer[:200]!r}, not {settings.issuer!r}")
    for name in _ENDPOINTS:
        url = getattr(metadata, name)
        if not url and name in _NEEDED:
            raise _unbelievable(settings, f"it names no {name}")
        if url:
            _check(settings, name, url)
    methods = metadata.code_challenge_methods_supported
    if methods and "S256" not in methods:
        raise _unbelievable(settings, "it cannot do PKCE with S256")
    return metadata


def _check(settings: OidcSettings, name: str, url: str) -> None:
    try:
        endpoint(settings.name, name, url)
    except BadInput as error:
        raise _unbelievable(settings, error.happened) from None


def _unbelievable(settings: OidcSettings, why: str) -> Refused:
    return Refused(
        f"the sign-on provider {settings.name} cannot be believed: {why}",
        todo="nobody was signed in; check sign_on's issuer, to the letter, with its trailing slash",
    )
