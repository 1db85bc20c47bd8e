"""The namespaces of a real node: nothing of them shows on the host, and nothing survives the death of their init."""

import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ostiary.core.errors import Unreachable
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.mark import VARIABLE, marked
from ostiary.sandbox.realnode import cgroups, link, namespace

pytestmark = pytest.mark.judge("namespaces", needs=("linux", "root", "ip"))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "cluster")


@pytest.fixture
def identity(layout: Layout) -> Iterator[str]:
    identity = secrets.token_hex(16)
    yield identity
    namespace.sweep(layout, identity)


@pytest.fixture
def start(layout: Layout, identity: str) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    started = []

    def run(script: str) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.environ["PATH"], VARIABLE: identity}
        started.append(namespace.spawn(layout, identity, ("/bin/sh", "-c", script), environment))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait(10)


Start = Callable[[str], subprocess.Popen[bytes]]


def output(layout: Layout, until: str = "end") -> list[str]:
    lines: list[str] = []
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = layout.log("supervisor").read_text().splitlines()
        if until in lines:
            return lines
        time.sleep(0.02)
    raise AssertionError(f"no {until!r} in {lines}")


def test_init_is_process_one_with_an_address_of_its_own(start: Start, layout: Layout, identity: str) -> None:
    start(
        "echo $$ $OSTIARY_SANDBOX_ADDRESS; ip -brief address show node0; cat /proc/sys/net/ipv4/ip_forward; echo end; sleep 60"
    )
    pid, address = output(layout)[0].split()
    assert pid == "1"
    assert f"{address}/30" in output(layout)[1]
    assert output(layout)[2] == "1"
    assert link.first_free(identity, []).interface in link.ip("link")


def test_what_it_writes_to_run_and_var_does_not_reach_the_host(start: Start, layout: Layout, identity: str) -> None:
    start(f"for d in /run /var/lib /var/log /var/run; do mkdir -p $d/{identity} || exit 1; done; echo end; sleep 60")
    output(layout)
    assert [place for place in ("/run", "/var/lib", "/var/log") if (Path(place) / identity).exists()] == []
    assert identity not in Path("/proc/self/mountinfo").read_text()


def test_its_own_directories_stay_reachable_under_both_names(start: Start, layout: Layout) -> None:
    start(f"echo here > /run/ostiary-node/file; cat {layout.node}/file; echo end; sleep 60")
    assert output(layout)[0] == "here"
    assert (layout.node / "file").read_text() == "here\n"


def test_a_state_directory_below_run_stays_reachable_too(identity: str) -> None:
    with tempfile.TemporaryDirectory(prefix="ostiary-test-", dir="/run") as directory:
        layout = Layout(Path(directory) / "cluster")
        script = f"echo seen > {layout.directory}/file; echo end; exec sleep 60"
        init = namespace.spawn(layout, identity, ("/bin/sh", "-c", script), {VARIABLE: identity, "PATH": os.environ["PATH"]})
        output(layout)
        assert (layout.directory / "file").read_text() == "seen\n"
        init.kill()
        init.wait(10)


def test_it_sees_its_own_processes_only(start: Start, layout: Layout) -> None:
    start("ls -d /proc/[0-9]* | wc -l; echo end; sleep 60")
    assert int(output(layout)[0]) <= 3


def gone(identity: str, within: float = 10) -> bool:
    """Whether no process of the identity is left."""
    deadline = time.monotonic() + within
    while list(marked(identity)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not list(marked(identity))


def test_its_death_takes_every_descendant_along(start: Start, layout: Layout, identity: str) -> None:
    init = start("setsid sleep 300 & (trap '' HUP TERM; setsid sh -c 'sleep 300 & sleep 300') & echo end; sleep 300")
    output(layout)
    assert len(list(marked(identity))) >= 4
    init.send_signal(signal.SIGKILL)
    init.wait(10)
    assert gone(identity)
    namespace.sweep(layout, identity)
    assert cgroups.roots(identity) == []
    assert link.Link(link.POOL, identity).interface not in link.ip("link")


def test_sweeping_leaves_another_cluster_alone(start: Start, layout: Layout, identity: str, tmp_path: Path) -> None:
    start("echo end; sleep 300")
    output(layout)
    other, other_layout = secrets.token_hex(16), Layout(tmp_path / "other")
    init = namespace.spawn(other_layout, other, ("/bin/sleep", "300"), {VARIABLE: other})
    namespace.sweep(other_layout, other)
    assert init.wait(10) == -signal.SIGKILL
    assert cgroups.roots(other) == []
    assert any(process.alive for process in marked(identity))


def test_a_failure_inside_is_told_and_leaves_nothing(layout: Layout, identity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "cache_root", lambda: Path("/proc/self"))  # cannot be kept: another process's inside
    monkeypatch.setattr(link, "INSIDE", "a-name-much-too-long-for-an-interface")
    with pytest.raises(Unreachable, match="ip link add"):
        namespace.spawn(layout, identity, ("/bin/sleep", "300"), {VARIABLE: identity})
    assert gone(identity)
    assert cgroups.roots(identity) == []


def test_a_supervisor_that_does_not_exist_leaves_nothing(layout: Layout, identity: str) -> None:
    init = namespace.spawn(layout, identity, ("/no/such/program",), {VARIABLE: identity, "PATH": os.environ["PATH"]})
    assert init.wait(10) != 0
    assert gone(identity)
    assert "No such file" in layout.log("supervisor").read_text()


def test_later_children_of_the_caller_are_in_the_old_namespace(start: Start, layout: Layout) -> None:
    start("echo end; sleep 60")
    output(layout)
    done = subprocess.run(["readlink", "/proc/self/ns/pid"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == os.readlink("/proc/self/ns/pid")
