"""One control plane for one store: the second goes away and is told where the first is; a crash leaves nothing to clean up."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ostiary.core.errors import Refused
from ostiary.server.store.engine import opened
from ostiary.server.tenancy import sole_tenant, sole_user

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


async def test_a_database_has_one_control_plane(store_url: str) -> None:
    async with opened(store_url) as first, sole_tenant(first), opened(store_url) as second:
        if second.engine.dialect.name == "sqlite":  # it lies in the data directory, which the file lock holds
            async with sole_tenant(second):
                return
        with pytest.raises(Refused, match="this database"):
            await sole_tenant(second).__aenter__()
    async with opened(store_url) as third, sole_tenant(third):
        assert third.engine.dialect.name == "postgresql"
