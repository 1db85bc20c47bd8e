"""One at a time, and a dead holder blocks nobody."""

import subprocess
import sys
from pathlib import Path
from threading import Thread

from tests.sandbox.conftest import eventually

from ostiary.sandbox.lock import held

HOLD = """
import sys, time
from pathlib import Path
from ostiary.sandbox.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_one_waits_says_so_and_gets_it_when_the_first_is_killed(tmp_path: Path) -> None:
    path, said, got = tmp_path / ".demo.lock", list[str](), list[bool]()

    def wait() -> None:
        with held(path, lambda what, _: said.append(what)):
            got.append(True)

    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        thread = Thread(target=wait)
        thread.start()
        assert eventually(lambda: said)
        assert got == []
        holder.kill()
    thread.join(10)
    assert got == [True]
    assert said[0] == "waiting for another command that works on demo"


def test_a_lock_whose_file_was_removed_is_not_shared_with_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / ".demo.lock"
    with held(path):
        path.unlink()
        with held(path):
            assert path.exists()
    with held(path):
        assert path.exists()
