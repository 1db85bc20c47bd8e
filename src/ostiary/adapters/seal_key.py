"""The key under which possible secrets are digested: 32 random bytes of this user, made on first use.

With the key a digest can be compared, and a short password guessed; so it stays with the user, 0600, and is part of no snapshot. Snapshots made
under one key can be compared with one another; to share a key between machines, copy the file.

    $OSTIARY_CONFIG/seal.key   or   $XDG_CONFIG_HOME/ostiary/seal.key   or   ~/.config/ostiary/seal.key
"""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ostiary.core.errors import BadInput, Unreachable

KEY_BYTES = 32


def config_directory(environment: Mapping[str, str]) -> Path:
    """Where ostiary keeps what belongs to this user."""
    if own := environment.get("OSTIARY_CONFIG"):
        return Path(own)
    if xdg := environment.get("XDG_CONFIG_HOME"):
        return Path(xdg) / "ostiary"
    return Path(environment.get("HOME") or "~").expanduser() / ".config" / "ostiary"


def seal_key(environment: Mapping[str, str] | None = None) -> bytes:
    """This user's key. Several processes that make it at once all get the same one."""
    path = config_directory(os.environ if environment is None else environment) / "seal.key"
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise Unreachable(
            f"cannot read or make the seal key {path}: {error.strerror}", todo="set OSTIARY_CONFIG to a directory that you own"
        ) from None
    if len(key) != KEY_BYTES:
        raise BadInput(f"{path} is not a seal key: it has {len(key)} bytes, not {KEY_BYTES}", todo=f"remove it: rm {path}")
    return key


def key_id(key: bytes) -> str:
    """A name for a key that says nothing about it: two snapshots with the same name can be compared."""
    return hashlib.blake2b(b"ostiary seal key", key=key, digest_size=8).hexdigest()


def _make(path: Path) -> None:
    """Write a whole key beside the place and link it there: linking fails when another process was first, and then that key counts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".seal.key.")  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        Path(temporary).unlink(missing_ok=True)
