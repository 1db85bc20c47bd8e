"""The control plane that ``ostiary up`` runs on this machine for this person, if one has run: its address and its authority."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """Where it is reached, and what its certificate is checked by."""

    server: str
    authority: Path


def local_plane() -> LocalPlane | None:
    """Read from the default data directory; None when nothing has run there."""
    from ostiary.server.settings import Settings

    settings = Settings()
    authority = settings.directory / "tls" / "ca.crt"
    return LocalPlane(settings.origin, authority) if authority.is_file() else None
