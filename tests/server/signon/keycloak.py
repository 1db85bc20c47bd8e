"""A real Keycloak for the tests of sign-on: its distribution from Maven Central, in development mode, in memory, on loopback, with a realm of its own.

The realm is made by the admin API once it answers, so that nothing is written into the distribution, which is unpacked once into the cache.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ostiary.adapters.oidc import OidcSettings
from ostiary.sandbox.layout import cache_root
from ostiary.sandbox.pytest_plugin import cannot_run

VERSION = "26.7.3"
PASSWORD = "correct horse battery"
SECRET = "a confidential client's"
_ADMIN = "made-up-for-this-run"
_MEMORY = "-Xms64m -Xmx400m -XX:MaxMetaspaceSize=256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
_READY_SECONDS = 300  # alone on two cores it takes some 30


def distribution() -> Path:
    """The unpacked distribution, from the cache or from Maven Central."""
    unpacked = cache_root() / "engines" / f"keycloak-{VERSION}"
    if unpacked.is_dir():
        return unpacked
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            cannot_run(f"there is no {program} (Debian: apt-get install maven openjdk-17-jre-headless)")
    artifact = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
    fetched = subprocess.run(
        ["mvn", "-q", "-B", "dependency:get", f"-Dartifact={artifact}", "-Dtransitive=false"],
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    archive = (
        Path.home() / ".m2/repository/org/keycloak/keycloak-quarkus-dist" / VERSION / f"keycloak-quarkus-dist-{VERSION}.zip"
    )
    if fetched.returncode or not archive.is_file():
        cannot_run(f"Keycloak {VERSION} cannot be had from Maven Central")
    unpacked.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=unpacked.parent) as temporary:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(temporary)
        os.replace(Path(temporary) / f"keycloak-{VERSION}", unpacked)
    return unpacked


def _realm(redirect: str) -> dict[str, Any]:
    groups = {
        "name": "groups", "protocol": "openid-connect", "protocolMapper": "oidc-group-membership-mapper",
        "config": {"claim.name": "groups", "full.path": "false", "id.token.claim": "true", "userinfo.token.claim": "true"},
    }  # fmt: skip
    flows = {
        "standardFlowEnabled": True,
        "attributes": {"oauth2.device.authorization.grant.enabled": "true", "pkce.code.challenge.method": "S256"},
    }
    credentials = [{"type": "password", "value": PASSWORD, "temporary": False}]
    return {
        "realm": "corp", "enabled": True, "groups": [{"name": "platform"}, {"name": "other"}],
        "clients": [
            {"clientId": "ostiary", "publicClient": True, "redirectUris": [redirect], "protocolMappers": [groups], **flows},
            {"clientId": "closed", "publicClient": False, "secret": SECRET, "redirectUris": [redirect], **flows},
        ],
        "users": [
            {
                "username": "alice", "email": "alice@example.com", "emailVerified": True, "enabled": True, "firstName": "A", "lastName": "B",
                "groups": ["/platform", "/other"], "credentials": credentials,
            },
            {
                "username": "mallory", "email": "alice2@example.com", "emailVerified": False, "enabled": True, "firstName": "M",
                "lastName": "B", "credentials": credentials,
            },
        ],
    }  # fmt: skip


@contextmanager
def keycloak(directory: Path) -> Iterator[OidcSettings]:
    """Run it, with its realm ``corp``."""
    home = distribution()
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = int(found.getsockname()[1])
    environment = os.environ | {
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
        "KC_BOOTSTRAP_ADMIN_PASSWORD": _ADMIN,
        "JAVA_OPTS": _MEMORY,
    }
    words = ("start-dev", "--db=dev-mem", "--cache=local", "--http-host=127.0.0.1", f"--http-port={port}")
    log = directory / "keycloak.log"
    with (
        log.open("wb") as out,
        subprocess.Popen([home / "bin" / "kc.sh", *words], env=environment, stdout=out, stderr=out) as process,
    ):
        try:
            _wait(f"http://127.0.0.1:{port}/realms/master", process, log)
            _make(f"http://127.0.0.1:{port}", _realm("http://127.0.0.1:*"))
            yield OidcSettings(
                name="corp", issuer=f"http://127.0.0.1:{port}/realms/corp", client_id="ostiary", scopes=("openid", "email")
            )
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _make(server: str, realm: dict[str, Any]) -> None:
    form = urllib.parse.urlencode({"client_id": "admin-cli", "grant_type": "password", "username": "admin", "password": _ADMIN})
    url = f"{server}/realms/master/protocol/openid-connect/token"
    with urllib.request.urlopen(url, form.encode(), timeout=60) as answer:
        token = json.load(answer)["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    urllib.request.urlopen(
        urllib.request.Request(f"{server}/admin/realms", json.dumps(realm).encode(), headers), timeout=60
    ).close()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"Keycloak did not answer: {log.read_text()}")
