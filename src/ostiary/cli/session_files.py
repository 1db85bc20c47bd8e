"""The sessions of this person on this machine: one file each, readable by its owner alone, and which of them is current.

They lie in ``$OSTIARY_CONFIG``, ``$XDG_CONFIG_HOME/ostiary`` or ``~/.config/ostiary``. A session is chosen by name: ``--session``, else
``$OSTIARY_SESSION``, else the one that the last ``ostiary login`` made. Several control planes and several people live side by side.
A file that others could read is refused, as ssh refuses such keys: whoever reads it is this person.

>>> session_name("alice@example.com", "https://127.0.0.1:8443")
'alice@example.com@127.0.0.1_8443'
"""

import json
import os
import re
import stat
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

from ostiary.adapters.files import write_atomically
from ostiary.core.errors import BadInput, Refused

SIGN_IN = "sign in: ostiary login"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFile:
    """What a file holds. ``secret`` is the session itself; it never leaves this file but to the control plane."""

    server: str
    certificate_authority: str  # PEM; empty: what the system trusts
    person: str
    session: str  # its public id
    secret: str = field(repr=False)
    ends_at: str  # RFC 3339


@dataclass(frozen=True, slots=True)
class Chosen:
    """A session, and the name it goes by."""

    name: str
    file: SessionFile = field(repr=False)


def config_root() -> Path:
    """The directory of everything that the command line remembers about control planes."""
    own, xdg = os.environ.get("OSTIARY_CONFIG"), os.environ.get("XDG_CONFIG_HOME")
    if own:
        return Path(own).absolute()
    return (Path(xdg).absolute() if xdg else Path.home() / ".config") / "ostiary"


def session_name(person: str, server: str) -> str:
    """The name of a person's session at a control plane, fit for a file and for a kubeconfig."""
    return re.sub(r"[^A-Za-z0-9@._+=-]", "_", f"{person}@{urlsplit(server).netloc}")


def choose(name: str | None = None) -> Chosen:
    """The session by that name, or the current one. BadInput or Refused say how to come by one."""
    wanted = name or os.environ.get("OSTIARY_SESSION") or current()
    if not wanted:
        raise Refused("nobody is signed in", todo=SIGN_IN)
    return Chosen(wanted, _read(_path(wanted)))


def save(file: SessionFile) -> str:
    """Keep a session and make it the current one; answers its name."""
    name = session_name(file.person, file.server)
    directory = _sessions()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for cached in cached_tokens(name):
        cached.unlink(missing_ok=True)  # of an earlier session
    write_atomically(_path(name), json.dumps(asdict(file)).encode() + b"\n")
    make_current(name)
    return name


def forget(name: str) -> None:
    """Remove a session, and what was cached for it."""
    _path(name).unlink(missing_ok=True)
    for cached in cached_tokens(name):
        cached.unlink(missing_ok=True)
    if current() == name:
        rest = names()
        if rest:
            make_current(rest[0])
        else:
            (config_root() / "current").unlink(missing_ok=True)


def names() -> tuple[str, ...]:
    """Every session on this machine, in order of name."""
    return tuple(sorted(path.stem for path in _sessions().glob("*.json")))


def current() -> str:
    """The name of the current session; empty when there is none."""
    try:
        return (config_root() / "current").read_text().strip()
    except OSError:
        return ""


def make_current(name: str) -> None:
    """Let commands without ``--session`` mean this one."""
    write_atomically(config_root() / "current", f"{name}\n".encode())


def token_path(name: str, cluster: str) -> Path:
    """Where the token for a cluster is cached until shortly before it ends."""
    return config_root() / "tokens" / f"{_checked(name)}~{_checked(cluster)}.json"


def cached_tokens(name: str) -> tuple[Path, ...]:
    """Every token cached for a session."""
    return tuple(path for path in (config_root() / "tokens").glob("*.json") if path.name.startswith(f"{name}~"))


def private_bytes(path: Path) -> bytes:
    """The content of a file that only its owner may read; Refused when others may, OSError when there is none."""
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise Refused(f"{path} can be read by others (mode {stat.S_IMODE(mode):04o})", todo=f"chmod 600 {path}")
        return file.read()


def _sessions() -> Path:
    return config_root() / "sessions"


def _checked(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9@._+=-]{1,200}", name) or name.startswith("."):
        raise BadInput(f"{name[:60]!r} is no name of a session or a cluster", todo="see: ostiary whoami --all")
    return name


def _path(name: str) -> Path:
    return _sessions() / f"{_checked(name)}.json"


def _read(path: Path) -> SessionFile:
    try:
        said = json.loads(private_bytes(path))
    except FileNotFoundError:
        raise Refused(f"there is no session {path.stem}", todo=SIGN_IN) from None
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", todo=SIGN_IN) from None
    except (ValueError, RecursionError):
        said = None
    expected = {one.name for one in fields(SessionFile)}
    if not isinstance(said, dict) or said.keys() != expected or not all(isinstance(value, str) for value in said.values()):
        raise BadInput(f"{path} is damaged", todo=f"remove it, and {SIGN_IN}")
    return SessionFile(**said)
