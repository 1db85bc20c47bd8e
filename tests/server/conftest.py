"""A store for the tests of the control plane: SQLite in a file, and a PostgreSQL of Debian's binaries that lives as long as the session."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from ostiary.server.store.engine import Store, opened, sqlite_url


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda one: int(one.parts[4]))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL (without a database) of a server that listens on a socket in its own directory alone; it does not run as root."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("there is no PostgreSQL here (Debian: apt-get install postgresql)")
    user = "nobody" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="ostiary-pg-", dir="/tmp"))
    if user:
        shutil.chown(home, user)
    data = home / "data"
    try:
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "ostiary", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, user=user, cwd=home,
        )  # fmt: skip
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=home,
        )  # fmt: skip
        try:
            subprocess.run([binaries / "pg_isready", "-h", home, "-t", "1"], check=False, stdout=subprocess.DEVNULL)
            while subprocess.run([binaries / "pg_isready", "-h", home], check=False, stdout=subprocess.DEVNULL).returncode:
                assert server.poll() is None, "PostgreSQL did not start"
            yield f"postgresql://ostiary@/{{}}?host={home}"
        finally:
            server.terminate()
            server.wait(30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of either kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "store.db")
    pattern: str = request.getfixturevalue("postgres")
    name = f"t{token_hex(6)}"
    host = pattern.partition("host=")[2]
    binaries = _binaries()
    assert binaries is not None
    subprocess.run([binaries / "createdb", "-h", host, "-U", "ostiary", name], check=True)
    return pattern.format(name)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """An open, empty store."""
    async with opened(store_url) as found:
        yield found
