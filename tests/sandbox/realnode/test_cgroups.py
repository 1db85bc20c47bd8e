"""Control groups: which hierarchies there are, and that a cluster's own groups, and no others, are made and removed."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary.sandbox.pytest_plugin import cannot_run
from ostiary.sandbox.realnode import cgroups
from ostiary.sandbox.realnode.cgroups import Hierarchy

V1 = """\
25 1 254:0 / / rw - ext4 /dev/vda rw
30 25 0:26 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu
31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 25 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""
V2 = "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

CREATE = "import sys; from ostiary.sandbox.realnode import cgroups; cgroups.create(sys.argv[1]); print(1, flush=True); input()"


def test_hybrid_machines_keep_groups_in_every_v1_hierarchy_only() -> None:
    found = cgroups.parse_mounts(V1)
    assert [hierarchy.path.name for hierarchy in cgroups.managed(found)] == ["cpu", "memory"]
    assert [hierarchy.version for hierarchy in found] == [1, 1, 2]


def test_the_one_hierarchy_of_version_two_is_used() -> None:
    assert cgroups.managed(cgroups.parse_mounts(V2)) == [Hierarchy(Path("/sys/fs/cgroup"), 2)]


def test_other_file_systems_whose_names_begin_alike_are_none() -> None:
    assert cgroups.parse_mounts("1 2 0:1 / /cgroup rw - ext4 cgroup rw\n") == []


def test_removing_what_is_not_there_is_done_at_once() -> None:
    assert cgroups.remove(secrets.token_hex(16), within=0.0)


@pytest.fixture
def identity() -> Iterator[str]:
    identity = secrets.token_hex(16)
    yield identity
    cgroups.remove(identity)


def member_of(identity: str) -> subprocess.Popen[bytes]:
    """A process that has made the groups of ``identity`` and waits in them."""
    process = subprocess.Popen([sys.executable, "-c", CREATE, identity], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read(1) == b"1"
    return process


@pytest.mark.judge("cgroups", needs=("linux", "root"))
def test_a_cluster_has_its_groups_in_every_hierarchy_and_runs_in_them(identity: str) -> None:
    with member_of(identity) as process:
        lines = Path(f"/proc/{process.pid}/cgroup").read_text().splitlines()
        inside = [line for line in lines if line.endswith(f"/{cgroups.root_name(identity)}/engines")]
        assert len(inside) == len(cgroups.roots(identity)) > 0
        process.kill()


@pytest.mark.judge("cgroups", needs=("linux", "root"))
def test_removing_kills_what_is_left_inside_and_nothing_else(identity: str) -> None:
    stranger = secrets.token_hex(16)
    with member_of(identity) as ours, member_of(stranger) as theirs:
        assert cgroups.remove(identity)
        assert ours.wait(5) == -9
        assert theirs.poll() is None
        assert cgroups.roots(identity) == []
        assert cgroups.roots(stranger) != []
        theirs.kill()
    assert cgroups.remove(stranger)


@pytest.mark.judge("cgroups", needs=("linux", "root"))
def test_a_member_can_remove_its_own_groups(identity: str) -> None:
    code = f"{CREATE}; sys.exit(0 if cgroups.remove(sys.argv[1]) else 1)"
    done = subprocess.run([sys.executable, "-c", code, identity], input=b"\n", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert cgroups.roots(identity) == []


@pytest.mark.judge("cgroups", needs=("linux", "root"))
def test_groups_below_are_removed_too(identity: str) -> None:
    with member_of(identity) as process:
        for root in cgroups.roots(identity):
            (root / "kubepods" / "burstable" / "pod1").mkdir(parents=True)
        assert cgroups.remove(identity)
        process.wait(5)
    assert cgroups.roots(identity) == []


@pytest.mark.judge("cgroup v2", needs=("linux", "root"))
def test_version_two_alone_is_made_and_removed(identity: str) -> None:
    """On a hybrid machine version two has no controllers to hand on; the rest of its rules hold there too."""
    if not any(hierarchy.version == 2 for hierarchy in cgroups.hierarchies()):
        cannot_run("no cgroup2 file system is mounted")
    only_two = "cgroups.managed = lambda found: [one for one in found if one.version == 2]"
    code = CREATE.replace("; cgroups.create", f"; {only_two}; cgroups.create")
    with subprocess.Popen([sys.executable, "-c", code, identity], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"1"
        (root,) = cgroups.roots(identity)
        assert list(cgroups.members(root)) == [process.pid]
        assert (root / "cgroup.procs").read_text() == ""
        assert cgroups.remove(identity)
        assert process.wait(5) == -9
