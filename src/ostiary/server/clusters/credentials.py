"""The controller's tokens, a file for each cluster (0600) in a directory of their own (0700): never in the store, never in a message.

The file is what the client reads, so that a renewed token is taken up by itself. Whoever reads these files may bind the roles that may be granted; a copy
of the store alone opens no cluster.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ostiary.adapters.files import write_atomically
from ostiary.core.errors import Unreachable
from ostiary.server.clusters.tokens import AccountToken


class _Times(msgspec.Struct):
    made_at: datetime
    expires: datetime


class Credentials:
    """The tokens of one data directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(directory, 0o700)

    def path(self, cluster: str) -> Path:
        """The file with a cluster's token, which may not be there."""
        return self._directory / f"{cluster}.token"

    def keep(self, cluster: str, token: AccountToken) -> None:
        """Write a token in place of the one before."""
        write_atomically(self.path(cluster), token.text.encode())
        times = _Times(token.made_at, token.expires)
        write_atomically(self._times(cluster), msgspec.json.encode(times))

    def renewal(self, cluster: str) -> datetime:
        """When the token is to be renewed. Unreachable, with what to do, when there is none or it has expired."""
        try:
            times = msgspec.json.decode(self._times(cluster).read_bytes(), type=_Times)
            token = AccountToken(self.path(cluster).read_text(), times.made_at, times.expires)
        except (OSError, ValueError):
            raise _none(cluster, "is not on this machine") from None
        if token.expires <= datetime.now(UTC):
            raise _none(cluster, f"expired at {token.expires:%Y-%m-%d %H:%M}Z, while ostiary was off")
        return token.renew_at()

    def forget(self, cluster: str) -> None:
        """Remove a cluster's files."""
        self.path(cluster).unlink(missing_ok=True)
        self._times(cluster).unlink(missing_ok=True)

    def _times(self, cluster: str) -> Path:
        return self._directory / f"{cluster}.times"


def _none(cluster: str, why: str) -> Unreachable:
    return Unreachable(
        f"the credential for cluster {cluster} {why}",
        todo=f"ostiary cluster renew {cluster} --kubeconfig FILE",
    )
