"""One control plane for one store: the second goes away and is told where the first is; a crash leaves nothing to clean up."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from ostiary.core.errors import Refused
from ostiary.server.store.engine import opened
from ostiary.server.tenancy import Tenant, sole_tenant, sole_user

HOLD = """
import sys, time
from pathlib import Path
from ostiary.server.tenancy import sole_user
with sole_user(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(Refused, match=f"process {first.pid}"), sole_user(tmp_path):
            pytest.fail("two at once")
        os.kill(first.pid, signal.SIGKILL)
        first.wait(10)
    with sole_user(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_the_data_directory_is_its_owners_alone(tmp_path: Path) -> None:
    with sole_user(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "store_url", ["postgresql"], indirect=True
)  # SQLite lies in the data directory, which the file lock holds
async def test_a_database_has_one_control_plane(store_url: str) -> None:
    async with opened(store_url) as first, opened(store_url) as second:
        async with sole_tenant(first):
            with pytest.raises(Refused, match="this database"):
                await Tenant(second).check()
        async with sole_tenant(second) as now:
            await now.check()


@pytest.mark.parametrize(
    "store_url", ["postgresql"], indirect=True
)  # SQLite lies in the data directory, which the file lock holds
async def test_a_lock_that_was_lost_is_taken_again_unless_somebody_else_has_it(store_url: str) -> None:
    async with opened(store_url) as first, opened(store_url) as second, opened(store_url) as killer:

        async def cut() -> None:
            """As if the database had been restarted: every connection that holds an advisory lock is ended by the server."""
            async with killer.begin() as connection:
                await connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
                for _ in range(200):
                    held = await connection.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
                    if held.scalar_one() == 0:
                        return
                    await asyncio.sleep(0.02)

        async with sole_tenant(first) as tenant:
            await cut()
            await tenant.check()
            with pytest.raises(Refused):
                await Tenant(second).check()
            await cut()
            async with sole_tenant(second):
                with pytest.raises(Refused, match="this database"):
                    await tenant.check()
