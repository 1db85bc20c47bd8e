"""Logs in files: rotated, gzipped, cut off, in directories and on stdin; what is missing of them is said with file and line."""

import gzip
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.evidence.events import event, lines

from ostiary.adapters import evidence_files
from ostiary.adapters.evidence_files import read_evidence
from ostiary.core.errors import BadInput, Unreachable
from ostiary.model.evidence import Evidence, Lack


def log(first: int, count: int, day: int) -> bytes:
    return lines(*(event(n, when=f"2026-11-{day:02}T{n % 24:02}:00:00Z") for n in range(first, first + count)))


def allowed(found: Evidence) -> int:
    return sum(usage.allowed for usage in found.usage)


def lacks(found: Evidence) -> list[Lack]:
    return [gap.lack for gap in found.gaps]


def test_a_directory_of_rotated_files_some_of_them_gzipped(tmp_path: Path) -> None:
    (tmp_path / "audit-1.log.gz").write_bytes(gzip.compress(log(0, 24, 1)))
    (tmp_path / "audit-2.log").write_bytes(log(24, 24, 2))
    (tmp_path / ".hidden").write_bytes(b"no log")
    found = read_evidence([str(tmp_path)])
    assert (allowed(found), lacks(found)) == (48, [])
    assert (found.streams[0].since, found.streams[0].until) == ("2026-11-01T00:00:00Z", "2026-11-02T23:59:59Z")


def test_gzip_is_told_by_what_is_in_a_file_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(gzip.compress(log(0, 3, 1)) + gzip.compress(log(3, 2, 1)))
    assert allowed(read_evidence([str(path)])) == 5


def test_the_same_file_twice_changes_no_sighting(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(log(0, 1, 1))
    found = read_evidence([str(path), str(path)])
    assert (allowed(found), found.streams[0].repeated) == (1, 1)


def test_a_log_that_is_being_written_ends_before_its_last_line(tmp_path: Path) -> None:
    path, said = tmp_path / "audit.log", list[str]()
    path.write_bytes(log(0, 5, 1)[:-20])
    found = read_evidence([str(path)], said.append)
    assert (allowed(found), lacks(found)) == (4, [])
    assert said == [f"{path}:5: the last line is not complete; the evidence ends before it"]


def test_an_older_file_that_breaks_off_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "audit-1.log").write_bytes(log(0, 24, 1)[:-20])
    (tmp_path / "audit-2.log").write_bytes(log(24, 24, 2))
    for order in ([tmp_path / "audit-1.log", tmp_path / "audit-2.log"], [tmp_path / "audit-2.log", tmp_path / "audit-1.log"]):
        found = read_evidence(list(map(str, order)))
        (gap,) = found.gaps
        assert (gap.lack, gap.where) == (Lack.TRUNCATED, f"{tmp_path / 'audit-1.log'}:24")


def test_a_gzipped_file_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    (tmp_path / "audit-1.log.gz").write_bytes(gzip.compress(log(0, 2000, 1))[:-30])
    (tmp_path / "audit-2.log").write_bytes(log(2000, 24, 2))
    found = read_evidence([str(tmp_path)])
    assert lacks(found) == [Lack.TRUNCATED]
    assert allowed(found) > 24


def test_a_last_line_without_an_end_is_a_line_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(log(0, 3, 1).rstrip(b"\n"))
    found = read_evidence([str(path)])
    assert (allowed(found), lacks(found)) == (3, [])


def test_lines_are_whole_wherever_a_piece_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(log(0, 30, 1) + b"broken\n" + log(30, 30, 1))
    whole = read_evidence([str(path)])
    for size in (1, 7, 1000):
        monkeypatch.setattr(evidence_files, "PIECE", size)
        pieces = read_evidence([str(path)])
        assert (pieces.usage, [str(gap) for gap in pieces.gaps]) == (whole.usage, [str(gap) for gap in whole.gaps])
    assert whole.gaps[0].where == f"{path}:31"


def test_stdin_is_a_log_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (log(0, 4, 1), gzip.compress(log(0, 4, 1))):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data))))
        assert allowed(read_evidence(["-"])) == 4


def test_what_is_no_log_is_said(tmp_path: Path) -> None:
    for name, data in (("empty", b""), ("text", b"hello\nworld\n"), ("old", lines(event(apiVersion="audit.k8s.io/v1beta1")))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadInput, match="no audit event"):
            read_evidence([str(tmp_path / name)])
    with pytest.raises(BadInput, match="there is no"):
        read_evidence([str(tmp_path / "absent")])
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput, match="no file"):
        read_evidence([str(tmp_path / "folder")])


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_files, "LONGEST", 10_000)
    monkeypatch.setattr(evidence_files, "PIECE", 1000)
    path = tmp_path / "audit.log"
    path.write_bytes(log(0, 1, 1) + b"x" * 20_000)
    with pytest.raises(BadInput, match=":2: a line is longer"):
        read_evidence([str(path)])


def test_a_file_that_cannot_be_opened_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(log(0, 1, 1))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(Unreachable, match="Permission denied"):
        read_evidence([str(path)])
