"""A real Dex for the tests of sign-on: built from ``engines/dex``, in memory, on loopback, with people of its own."""

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ostiary.adapters.oidc import OidcSettings
from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.engines import ensure
from ostiary.sandbox.progress import Talk
from ostiary.sandbox.pytest_plugin import cannot_run

PASSWORD = "correct horse battery"
_HASH = "$2b$10$UWuWljSu4hpxFdV0oznblu.zJVbFC6b36N/PWvdnFdw9m2QgTkf1."  # bcrypt of PASSWORD
SECRET = "a confidential client's"


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _config(issuer: str, port: int, groups: list[str]) -> dict[str, object]:
    return {
        "issuer": issuer,
        "storage": {"type": "memory"},
        "web": {"http": f"127.0.0.1:{port}"},
        "oauth2": {"skipApprovalScreen": True, "responseTypes": ["code"]},
        "enablePasswordDB": True,
        "staticPasswords": [
            {"email": "Alice@Example.com", "hash": _HASH, "username": "alice", "userID": "u1", "groups": groups},
            {"email": "bob@elsewhere.org", "hash": _HASH, "username": "bob", "userID": "u2"},
            {"email": "eve,system:masters@example.com", "hash": _HASH, "username": "eve", "userID": "u3"},
        ],
        "staticClients": [
            {"id": "ostiary", "name": "ostiary", "public": True},
            {"id": "closed", "name": "closed", "secret": SECRET, "redirectURIs": ["/device/callback"]},
        ],
    }


@contextmanager
def dex(directory: Path, groups: list[str]) -> Iterator[OidcSettings]:
    """Run it; alice is in those groups."""
    try:
        program = ensure(("dex",), progress=Talk()) / "dex"
    except CannotRun as error:
        cannot_run(error.happened)
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"  # without a path: below one, Dex sends confidential clients of the device grant astray
    config = directory / "dex.json"
    config.write_text(json.dumps(_config(issuer, port, groups)))
    with (
        (directory / "dex.log").open("wb") as log,
        subprocess.Popen([program, "serve", config], stdout=log, stderr=log) as process,
    ):
        try:
            _wait(f"{issuer}/.well-known/openid-configuration", process, directory / "dex.log")
            yield OidcSettings(name="dex", issuer=issuer, client_id="ostiary")
        finally:
            process.terminate()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {url}: {log.read_text()}")
