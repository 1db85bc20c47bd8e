"""Whether an ID token is the provider's word about this sign-in: a decision over bytes, keys and a time; no I/O.

Everything that OpenID Connect Core 3.1.3.7 asks for, in its order, and nothing that it leaves open: the algorithm is asymmetric and the key's own, so that
neither ``none`` nor a public key used as an HMAC secret passes; one issuer, this client, not expired, not from the future; the nonce of this sign-in.

    claims = verify(token, keys, Expected(provider="corp", issuer=..., client_id="ostiary", nonce=..., now=...))
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from ostiary.core.errors import Refused

ALGORITHMS: Final[Mapping[str, str]] = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "EdDSA": "OKP",
}
SKEW: Final = 60  # seconds by which the provider's clock may be off
_MOST: Final = 512 << 10  # bytes: a token with a thousand long groups
_Key = RSAKey | ECKey | OKPKey
_KINDS: Final[Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class UnknownKey(Exception):
    """The token names a key that is not among those at hand: the provider may have rotated."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token has to say. ``nonce`` is None only for the device grant, which has none."""

    provider: str
    issuer: str
    client_id: str
    nonce: str | None
    now: datetime


class _Registry(jws.JWSRegistry):
    max_header_length = 4096
    max_payload_length = _MOST


def usable_keys(document: Mapping[str, Any]) -> tuple[_Key, ...]:
    """The keys of a JWK Set that may verify signatures. Others are passed over: encryption keys, symmetric ones, kinds not known here."""
    found = []
    for entry in document.get("keys", ()) if isinstance(document.get("keys"), list) else ():
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or entry.get("kty") not in _KINDS:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", SecurityWarning)  # a short RSA key is no key
                found.append(_KINDS[entry["kty"]].import_key(entry))
        except (JoseError, SecurityWarning, ValueError, TypeError, KeyError):
            continue
    return tuple(found)


def verify(token: str, keys: tuple[_Key, ...], expected: Expected) -> dict[str, Any]:
    """The claims of a token that may be believed. Refused otherwise; UnknownKey when its key is not at hand."""
    if len(token) > _MOST:
        raise _refused(expected, "an ID token that is too long")
    header = _header(token, expected)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise _refused(expected, f"an ID token signed by {str(algorithm)[:20]!r}, which proves nothing about the provider")
    claims = _signed(token, str(algorithm), header.get("kid"), keys, expected)
    for check in (_issuer, _audience, _times, _nonce, _subject):
        if wrong := check(claims, expected):
            raise _refused(expected, wrong)
    return claims


def _header(token: str, expected: Expected) -> dict[str, Any]:
    try:
        return dict(jws.extract_compact(token.encode(), registry=_Registry()).headers())
    except (JoseError, ValueError, UnicodeError, RecursionError):
        raise _refused(expected, "something that is no signed ID token") from None


def _signed(token: str, algorithm: str, kid: object, keys: tuple[_Key, ...], expected: Expected) -> dict[str, Any]:
    fitting = [key for key in keys if key.key_type == ALGORITHMS[algorithm] and (kid is None or key.kid == kid)]
    if not fitting:
        raise UnknownKey
    for key in fitting:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SecurityWarning)  # EdDSA goes by an older name
                signed = jws.deserialize_compact(
                    token, KeySet([key]) if kid else key, registry=_Registry(algorithms=[algorithm])
                )
            return msgspec.json.decode(signed.payload, type=dict[str, Any])
        except (JoseError, ValueError, TypeError, msgspec.MsgspecError):
            continue
    raise _refused(expected, "an ID token whose signature is not the provider's")


def _issuer(claims: Mapping[str, Any], expected: Expected) -> str:
    said = claims.get("iss")
    return "" if said == expected.issuer else f"an ID token of another issuer, {str(said)[:200]!r}"


def _audience(claims: Mapping[str, Any], expected: Expected) -> str:
    said, party = claims.get("aud"), claims.get("azp")
    audience = said if isinstance(said, list) else [said]
    if expected.client_id not in audience:
        return f"an ID token for somebody else, {str(said)[:200]!r}"
    if (len(audience) > 1 or party is not None) and party != expected.client_id:
        return f"an ID token that was given to another client, {str(party)[:200]!r}"
    return ""


def _times(claims: Mapping[str, Any], expected: Expected) -> str:
    now = expected.now.timestamp()
    ends, issued, begins = (_number(claims.get(name)) for name in ("exp", "iat", "nbf"))
    if ends is None or issued is None or ("nbf" in claims and begins is None):
        return "an ID token that does not say when it was made and when it ends"
    if ends <= now - SKEW:
        return "an ID token that has expired; are both clocks right?"
    if issued > now + SKEW or (begins or 0) > now + SKEW:
        return "an ID token from the future; are both clocks right?"
    return ""


def _nonce(claims: Mapping[str, Any], expected: Expected) -> str:
    if expected.nonce is None:
        return ""
    said = claims.get("nonce")
    if not isinstance(said, str):
        return "an ID token without the nonce of this sign-in"
    return "" if compare_digest(said.encode(), expected.nonce.encode()) else "an ID token of another sign-in"


def _subject(claims: Mapping[str, Any], _: Expected) -> str:
    said = claims.get("sub")
    return "" if isinstance(said, str) and 0 < len(said) <= 255 else "an ID token that names nobody"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12 else None


def _refused(expected: Expected, what: str) -> Refused:
    return Refused(
        f"the sign-on provider {expected.provider} gave {what}",
        todo="nobody was signed in; sign in again, and if it stays so, have the provider's settings checked",
    )
