"""The record survives a round trip, and what is not one is named."""

import os
from pathlib import Path

import pytest

from ostiary.core.errors import BadInput
from ostiary.sandbox import SandboxOptions
from ostiary.sandbox.layout import Layout, cache_root, state_root
from ostiary.sandbox.mark import ProcessId
from ostiary.sandbox.options import Nodes
from ostiary.sandbox.state import ClusterRecord, Phase, clusters, make_private, read, write


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "state" / "demo")
    make_private(layout.directory)
    return layout


def record(tmp_path: Path) -> ClusterRecord:
    options = SandboxOptions(
        name="demo", nodes=Nodes("simulated", 3), feature_gates={"A": True}, api_server_flags=(("a", "b"),), load=(tmp_path,)
    )
    return ClusterRecord("id", options, tmp_path, "1.37.2", "now", ProcessId(1, 2), Phase.RUNNING, "https://x", {"etcd": 5}, "")


def test_round_trip(layout: Layout, tmp_path: Path) -> None:
    assert read(layout) is None
    write(layout, record(tmp_path))
    assert read(layout) == record(tmp_path)
    assert layout.record.stat().st_mode & 0o077 == 0
    assert [path.name for path in layout.directory.iterdir()] == ["cluster.json"]


def test_a_record_cut_anywhere_is_refused_with_its_path(layout: Layout, tmp_path: Path) -> None:
    write(layout, record(tmp_path))
    whole = layout.record.read_bytes()
    for length in range(len(whole.rstrip()) - 1):
        layout.record.write_bytes(whole[:length])
        with pytest.raises(BadInput, match="is not a record of a sandbox"):
            read(layout)


def test_a_cluster_lives_as_long_as_its_keeper(tmp_path: Path) -> None:
    from dataclasses import replace

    me = ProcessId.of(os.getpid())
    assert me is not None
    assert replace(record(tmp_path), keeper=me).alive
    assert not replace(record(tmp_path), keeper=me, phase=Phase.ENDED).alive
    assert not replace(record(tmp_path), keeper=ProcessId(me.pid, me.started + 1)).alive


def test_directories_follow_the_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OSTIARY_STATE", "OSTIARY_CACHE", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/x")
    assert (state_root(), cache_root()) == (Path("/home/x/.local/state/ostiary/sandbox"), Path("/home/x/.cache/ostiary"))
    monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
    assert state_root() == Path("/xdg/ostiary/sandbox")
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path))
    assert state_root() == tmp_path / "sandbox"
    assert clusters() == []
