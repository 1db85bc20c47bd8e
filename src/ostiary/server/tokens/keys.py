"""Signing keys: made, sealed for the store, opened, published, used.

The private part is stored under AES-256-GCM, with the key's id as associated data, by a sealing key that lies in a file of its own (0600): who reads the
database alone can sign nothing, and a row cannot be passed off as another. Algorithms: ES256 (RFC 7518) and EdDSA over Ed25519 (RFC 8037).
"""

import os
import secrets
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeyParameters, OKPKey

from ostiary.adapters.files import write_atomically
from ostiary.core.errors import BadInput, Unreachable
from ostiary.server.tokens.schedule import Slot

ALGORITHMS: Final = ("ES256", "EdDSA")
_NONCE = 12


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key with its place in time."""

    slot: Slot
    algorithm: str
    key: ECKey | OKPKey = field(repr=False)

    @property
    def kid(self) -> str:
        """Its id, which every token names."""
        return self.slot.kid


@dataclass(frozen=True, slots=True)
class Sealed:
    """A key as the store keeps it."""

    kid: str
    algorithm: str
    use_from: datetime
    private: bytes = field(repr=False)


def generate(algorithm: str, use_from: datetime) -> SigningKey:
    """A new key. BadInput for an algorithm that is not of ``ALGORITHMS``."""
    kid = secrets.token_hex(8)
    parameters: KeyParameters = {"kid": kid, "use": "sig", "alg": algorithm}
    if algorithm == "ES256":
        return SigningKey(Slot(kid, use_from), algorithm, ECKey.generate_key("P-256", parameters))
    if algorithm == "EdDSA":
        return SigningKey(Slot(kid, use_from), algorithm, OKPKey.generate_key("Ed25519", parameters))
    raise BadInput(f"tokens are not signed by {algorithm!r}", todo=f"one of: {', '.join(ALGORITHMS)}")


def public_set(keys: Iterable[SigningKey]) -> dict[str, object]:
    """The JWK Set (RFC 7517) that verifiers get: public parts alone, in order of their ids."""
    return {"keys": [key.key.as_dict(private=False) for key in sorted(keys, key=lambda key: key.kid)]}


def sign(key: SigningKey, payload: dict[str, Any]) -> str:
    """A compact JWT that names its key."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # RFC 9864 prefers the name Ed25519 to EdDSA; verifiers know EdDSA
        return jwt.encode({"alg": key.algorithm, "kid": key.kid}, payload, key.key, algorithms=[key.algorithm])


def sealing_key(path: Path) -> bytes:
    """The key in the file, which is made when there is none. Unreachable or BadInput when it cannot be read or is none."""
    try:
        if not path.exists():
            write_atomically(path, AESGCM.generate_key(256).hex().encode() + b"\n")
        if os.stat(path).st_mode & 0o077:
            raise BadInput(f"{path} can be read by others", todo=f"chmod 600 {path}")
        return _key(path)
    except OSError as error:
        raise Unreachable(f"cannot read {path}: {error.strerror}", todo="it seals the signing keys; restore it") from None


def _key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise BadInput(
            f"{path} holds no sealing key", todo="restore it; without it, signing keys are made anew: remove them both"
        )
    return key


def seal(key: SigningKey, sealing: bytes) -> Sealed:
    """The key as it is stored."""
    nonce = secrets.token_bytes(_NONCE)
    plain = msgspec.json.encode(key.key.as_dict(private=True))
    return Sealed(key.kid, key.algorithm, key.slot.use_from, nonce + AESGCM(sealing).encrypt(nonce, plain, _bound(key)))


def unseal(row: Sealed, sealing: bytes) -> SigningKey:
    """The key of a row. BadInput when the row was changed, or sealed by another key."""
    slot = Slot(row.kid, row.use_from)
    try:
        plain = AESGCM(sealing).decrypt(row.private[:_NONCE], row.private[_NONCE:], f"{row.kid} {row.algorithm}".encode())
    except (InvalidTag, ValueError):
        raise BadInput(
            f"the signing key {row.kid} was sealed by another key, or was changed",
            todo="restore the sealing key's file that belongs to this store",
        ) from None
    value = msgspec.json.decode(plain)
    kind = ECKey if row.algorithm == "ES256" else OKPKey
    return SigningKey(slot, row.algorithm, kind.import_key(value))


def _bound(key: SigningKey) -> bytes:
    return f"{key.kid} {key.algorithm}".encode()
