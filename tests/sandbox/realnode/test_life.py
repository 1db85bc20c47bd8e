"""A real cluster's life: how fast it comes, that killing any part of it leaves nothing, that several stand side by side."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.sandbox.realnode.place import Place, eventually, pod

from ostiary.sandbox import Nodes, RunningCluster, SandboxOptions, down, status, up
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.mark import VARIABLE, marked
from ostiary.sandbox.namespaces import fresh_namespace
from ostiary.sandbox.realnode import Image, build_image, cgroups, link
from ostiary.sandbox.state import read

pytestmark = pytest.mark.judge("real node's life", needs=("linux", "root", "ip"))

PATIENCE = 60  # seconds; other tests and builds may load the machine


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """State of these clusters, apart from every other's; what a failed test leaves running ends here."""
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path))
    yield
    for one in status():
        down(one.name)


def start(name: str = "life", **options: object) -> RunningCluster:
    return up(SandboxOptions(name=name, nodes=Nodes("real", 1), owner_pid=os.getpid(), **options))  # type: ignore[arg-type]


def remains(identity: str) -> dict[str, list[str]]:
    """What is left of a cluster on this machine, kind by kind."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    kinds = {
        "processes": [str(process.pid) for process in marked(identity)],
        "groups": [str(root) for root in cgroups.roots(identity)],
        "links": [line for line in link.ip("-details", "link").splitlines() if identity in line],
        "mounts": [line for line in mounts if os.environ["OSTIARY_STATE"] in line],
    }
    return {kind: found for kind, found in kinds.items() if found}


def named(identity: str, word: str) -> int:
    """The process of a cluster whose command line holds ``word``, as the host numbers it."""
    for process in marked(identity):
        if word.encode() in b"/".join(Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")[:4]):
            return process.pid
    raise AssertionError(f"no process of the cluster is {word}")


@pytest.fixture
def bystanders() -> Iterator[Callable[[], bool]]:
    """A process that is called as ours are, a group and a link that are named nearly as ours are: all have to stay."""
    group = next(iter(cgroups.managed(cgroups.hierarchies()))).path / f"{cgroups.root_name('0' * 31)}x"
    group.mkdir()
    link.ip("link", "add", "ost000000000000", "type", "veth", "peer", "name", "ostpeer0")
    with subprocess.Popen(["/bin/sleep", "600"], env={VARIABLE: "0" * 31}) as process:
        yield lambda: process.poll() is None and group.is_dir() and "ost000000000000" in link.ip("link")
        process.kill()
    link.ip("link", "delete", "ost000000000000")
    group.rmdir()


@pytest.mark.parametrize("victim", ["containerd", "kubelet", "sandbox.supervise", "keeper"])
def test_killing_any_process_ends_everything_and_nothing_else(victim: str, bystanders: Callable[[], bool]) -> None:
    cluster = start()
    identity = cluster.record.identity
    pid = cluster.record.keeper.pid if victim == "keeper" else named(identity, victim)
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not remains(identity), PATIENCE), remains(identity)
    assert bystanders()
    assert not cluster.kubeconfig.exists()


def test_keeper_and_init_killed_at_once_are_swept_by_the_next_up() -> None:
    first = start()
    for pid in (first.record.keeper.pid, named(first.record.identity, "sandbox.supervise")):
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not list(marked(first.record.identity)), PATIENCE)
    second = start()
    assert second.fresh
    assert remains(first.record.identity) == {}
    assert "node-1" in second.run("kubectl", "get", "nodes").stdout
    assert down("life")
    assert remains(second.record.identity) == {}


OWNER = """
import os, sys
from ostiary.sandbox import Nodes, SandboxOptions, up
cluster = up(SandboxOptions(name="owned", nodes=Nodes("real", 1), owner_pid=os.getpid()))
print(cluster.record.identity, flush=True)
input()
"""


def test_a_killed_owner_takes_its_cluster_along() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        identity = owner.stdout.readline().strip()
        assert remains(identity)["processes"]
        owner.kill()
    assert eventually(lambda: not remains(identity), PATIENCE), remains(identity)


def test_a_killed_owner_does_so_in_the_middle_of_the_start_too(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        log = tmp_path / "sandbox" / "owned" / "logs" / "containerd.log"
        assert eventually(log.exists, PATIENCE)
        record = read(Layout.of("owned"))
        owner.kill()
    assert record is not None
    assert eventually(lambda: not remains(record.identity), PATIENCE), remains(record.identity)


def test_two_real_clusters_stand_side_by_side_and_end_apart() -> None:
    one, two = start("one"), start("two")
    assert one.server != two.server
    with fresh_namespace(two) as namespace:
        place = Place(two, namespace)
        assert down("one")
        assert remains(one.record.identity) == {}
        place.apply(pod("client"))
        place.ready("client")


def own_image(directory: Path) -> tuple[str, Path]:
    """The name and the archive of an image that only this test has."""
    script = b"#!/bin/busybox sh\necho an own image; exec sleep 600\n"
    image = Image("example.test/own:3", {"/run": script, "/bin/busybox": Path("/bin/busybox")}, ("/run",))
    return image.name, build_image(image.name, image.files, image.entrypoint, to=directory / "own.tar")


def test_a_node_runs_pods_of_one_s_own_image_soon_and_leaves_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    name, archive = own_image(tmp_path)
    began = time.monotonic()
    cluster = start(images=(archive,))
    seconds = time.monotonic() - began
    record_property("seconds to a Ready node with a running pod", round(seconds, 1))
    running = cluster.run("kubectl", "get", "pods", "--all-namespaces", "--field-selector=status.phase=Running", "--no-headers")
    assert "coredns" in running.stdout
    assert seconds < 90  # 30 on a machine that does nothing else
    with fresh_namespace(cluster) as namespace:
        place = Place(cluster, namespace)
        place.apply(pod("own", container={"image": name, "args": []}))
        place.ready("own")
        assert eventually(lambda: place.kubectl("logs", "own") == "an own image\n")
    assert down("life")
    assert remains(cluster.record.identity) == {}
    assert not cluster.state_dir.exists()


def test_an_archive_that_is_no_image_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "broken.tar"
    archive.write_bytes(b"no archive at all")
    with pytest.raises(Exception, match=r"cannot import the image .*broken\.tar"):
        start(images=(archive,))
