"""A Cluster in a file comes back whole, or not at all."""

import gzip
import stat
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.objects import any_object

from ostiary.adapters import snapshot_file
from ostiary.adapters.assembly import Assembly
from ostiary.adapters.decode import Decoder
from ostiary.core.errors import BadInput
from ostiary.model.basics import Namespace
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta
from ostiary.model.world import World

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
SMALL = Cluster(
    namespaces=(Namespace(metadata=Meta(name="shop")),),
    blind=(Blind(kind="Pod", reason=Reason.FORBIDDEN, where="here", detail="may not list pods"),),
    server_version="v1.37.2",
)


def saved(path: Path, cluster: Cluster = SMALL) -> Path:
    snapshot_file.write(path, cluster, seal_key="00ff", created=NOW)
    return path


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    header, cluster = snapshot_file.read(saved(tmp_path / "a"))
    assert cluster == SMALL
    assert (header.created, header.seal_key, header.server_version) == (NOW, "00ff", "v1.37.2")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_the_same_cluster_is_the_same_file(tmp_path: Path) -> None:
    assert saved(tmp_path / "a").read_bytes() == saved(tmp_path / "b").read_bytes()


@given(st.lists(any_object(), max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_cluster_comes_back_with_its_digest(tmp_path: Path, drawn: list[tuple[object, dict[str, object]]]) -> None:
    assembly, decoder = Assembly(), Decoder(bytes(32))
    for kind, item in drawn:
        assembly.add(kind, decoder.plain(kind, item))  # type: ignore[arg-type]
    cluster = assembly.cluster("v1.37.2")
    _, again = snapshot_file.read(saved(tmp_path / "a", cluster))
    assert again == cluster
    assert World.of(again, today=date.min).digest == World.of(cluster, today=date.min).digest


def test_cut_at_any_byte_it_is_refused(tmp_path: Path) -> None:
    whole = saved(tmp_path / "whole").read_bytes()
    cut = tmp_path / "cut"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(BadInput):
            snapshot_file.read(cut)


def test_with_any_bit_changed_it_is_refused(tmp_path: Path) -> None:
    whole = saved(tmp_path / "whole").read_bytes()
    changed = tmp_path / "changed"
    for position in range(len(whole) * 8):
        bits = bytearray(whole)
        bits[position // 8] ^= 1 << position % 8
        changed.write_bytes(bits)
        try:
            header, cluster = snapshot_file.read(changed)
        except BadInput:
            continue
        assert position < whole.index(b"sha256") * 8, "a changed bit of the content was not noticed"
        assert (cluster, header.created) == (SMALL, NOW)  # only the name of the ostiary that wrote it may differ


def test_more_at_the_end_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a")
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(BadInput, match="damaged"):
        snapshot_file.read(path)


def test_a_newer_format_says_which_ostiary_to_use(tmp_path: Path) -> None:
    path = saved(tmp_path / "a")
    path.write_bytes(path.read_bytes().replace(b"ostiary-snapshot 1 0.1.0", b"ostiary-snapshot 7 9.8.7", 1))
    with pytest.raises(BadInput, match=r"format 7.*\n.*9\.8\.7"):
        snapshot_file.read(path)


def test_a_snapshot_of_other_fields_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "a")
    monkeypatch.setattr(snapshot_file, "model_shape", lambda: "0" * 16)
    with pytest.raises(BadInput, match="other fields"):
        snapshot_file.read(path)


@pytest.mark.parametrize(
    "content", [b"", b"ostiary-snapshot ", b"ostiary-snapshot x y z\n", gzip.compress(b"{}"), b"apiVersion: v1\n"]
)
def test_what_is_no_snapshot_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(BadInput):
        snapshot_file.read(tmp_path / "a")


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        snapshot_file.read(tmp_path / "a")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "a")
    before = path.read_bytes()
    monkeypatch.setattr(snapshot_file, "_digest", lambda _cluster: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        saved(path, Cluster())
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["a"]
