"""Processes cannot outlive their supervisor;

It notices every end and explains it. Each supervisor runs in a process of its own.
"""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tests.sandbox.conftest import eventually, left_of

from ostiary.sandbox import mark

PREPARE = """
import os, sys
from pathlib import Path
from ostiary.core.errors import Unreachable
from ostiary.sandbox.process import ProcessSpec
from ostiary.sandbox.supervisor import StopAsked, Supervisor
identity, directory = sys.argv[1], Path(sys.argv[2])
def spec(name, *argv, **more):
    return ProcessSpec(name, argv, log=directory / f"{name}.log", **more)
def say(*words):
    print(*words, flush=True)
"""


@pytest.fixture
def identity() -> str:
    return mark.new_identity()


def script(identity: str, directory: Path, body: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PREPARE + textwrap.dedent(body), identity, str(directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def run(identity: str, directory: Path, body: str) -> str:
    process = script(identity, directory, body)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert eventually(lambda: not left_of(identity), within=5)
    return said


def test_start_returns_when_all_are_ready(identity: str, tmp_path: Path) -> None:
    said = run(
        identity,
        tmp_path,
        """
        supervisor = Supervisor(identity)
        answers = iter([False, OSError(), False, True])
        def ready():
            answer = next(answers)
            if isinstance(answer, OSError):
                raise answer
            return answer
        supervisor.start(spec("a", "/bin/sleep", "60", ready=ready), spec("b", "/bin/sleep", "60"))
        say(list(answers), [process.spec.name for process in supervisor.running])
        supervisor.stop()
        say(supervisor.running)
        """,
    )
    assert said == "[] ['a', 'b']\n()\n"


def test_an_end_while_starting_is_explained_with_the_log(identity: str, tmp_path: Path) -> None:
    said = run(
        identity,
        tmp_path,
        """
        supervisor = Supervisor(identity)
        supervisor.start(spec("good", "/bin/sleep", "60"))
        try:
            supervisor.start(spec("bad", "/bin/sh", "-c", "echo no such door; exit 4", ready=lambda: False))
        except Unreachable as error:
            say(error)
        supervisor.stop()
        """,
    )
    assert "bad ended with exit code 4" in said
    assert "no such door" in said


def test_one_that_is_never_ready_is_given_up(identity: str, tmp_path: Path) -> None:
    said = run(
        identity,
        tmp_path,
        """
        supervisor = Supervisor(identity)
        try:
            supervisor.start(spec("slow", "/bin/sleep", "60", ready=lambda: False, ready_within=0.3))
        except Unreachable as error:
            say(error)
        supervisor.stop()
        """,
    )
    assert "slow was not ready in 0 s" in said


def test_an_end_later_ends_the_wait_unless_it_is_not_essential(identity: str, tmp_path: Path) -> None:
    said = run(
        identity,
        tmp_path,
        """
        supervisor = Supervisor(identity)
        supervisor.start(spec("extra", "/bin/sleep", "0.1", essential=False), spec("core", "/bin/sleep", "0.5"))
        try:
            supervisor.wait()
        except Unreachable as error:
            say(error.happened.splitlines()[0].partition(";")[0])
        supervisor.stop()
        """,
    )
    assert said == "core ended with exit code 0\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_wait(identity: str, tmp_path: Path, number: signal.Signals) -> None:
    process = script(
        identity,
        tmp_path,
        """
        supervisor = Supervisor(identity)
        supervisor.start(spec("a", "/bin/sleep", "60"))
        say("ready")
        say(supervisor.wait())
        supervisor.stop()
        """,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == f"signal {number.name}\n"
    assert not left_of(identity)


def test_a_closed_pipe_ends_the_wait(identity: str, tmp_path: Path) -> None:
    said = run(
        identity,
        tmp_path,
        """
        read_end, write_end = os.pipe()
        supervisor = Supervisor(identity, watch={read_end: "it closed"})
        supervisor.start(spec("a", "/bin/sleep", "60"))
        os.close(write_end)
        say(supervisor.wait())
        supervisor.stop()
        """,
    )
    assert said == "it closed\n"


def test_one_that_ignores_its_stop_signal_is_killed(identity: str, tmp_path: Path) -> None:
    run(
        identity,
        tmp_path,
        """
        supervisor = Supervisor(identity)
        stubborn = spec("stubborn", "/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done", stop_within=0.3)
        supervisor.start(stubborn)
        while "up" not in stubborn.log.read_text():
            supervisor.pause(0.05)
        supervisor.stop()
        """,
    )


def test_children_that_it_never_started_are_reaped(identity: str, tmp_path: Path) -> None:
    said = run(
        identity,
        tmp_path,
        """
        import subprocess, time
        supervisor = Supervisor(identity)
        supervisor.start(spec("a", "/bin/sleep", "60"))
        orphan = os.posix_spawn("/bin/true", ["true"], {})
        while os.path.exists(f"/proc/{orphan}"):
            supervisor.pause(0.05)
        say("reaped")
        supervisor.stop()
        """,
    )
    assert said == "reaped\n"


def test_a_killed_supervisor_takes_everything_along(identity: str, tmp_path: Path) -> None:
    process = script(
        identity,
        tmp_path,
        """
        supervisor = Supervisor(identity)
        supervisor.start(*(spec(f"p{number}", "/bin/sleep", "600") for number in range(5)))
        say("ready")
        supervisor.wait()
        """,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(left_of(identity)) == 5
        process.kill()
    assert eventually(lambda: not left_of(identity), within=5)


def test_nothing_of_the_callers_environment_leaks_into_an_engine(
    identity: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://nowhere.example")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sesame")
    run(
        identity,
        tmp_path,
        """
        supervisor = Supervisor(identity)
        show = spec("show", "/usr/bin/env", env={"EXTRA": "yes"}, essential=False)
        supervisor.start(show)
        while not show.log.read_text():
            supervisor.pause(0.05)
        """,
    )
    lines = (tmp_path / "show.log").read_text().splitlines()
    assert {line.partition("=")[0] for line in lines} <= {"PATH", "LANG", "HOME", "EXTRA", mark.VARIABLE, "PWD", "LC_CTYPE"}
    assert f"{mark.VARIABLE}={identity}" in lines


def test_a_parent_that_ended_before_the_tie_is_noticed() -> None:
    from ostiary.sandbox.process import TIED

    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(TIED), str(gone.pid), "/bin/echo", "echo", "alive"], capture_output=True, check=False
    )
    assert done.returncode == 126
    assert done.stdout == b""


def test_a_program_that_cannot_be_executed_says_so(tmp_path: Path) -> None:
    from ostiary.sandbox.process import TIED

    (tmp_path / "text").write_text("no program")
    command = [sys.executable, "-I", "-S", str(TIED), str(os.getpid()), str(tmp_path / "text"), "text"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 126
    assert "cannot execute" in done.stderr
