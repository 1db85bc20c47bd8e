"""The journal: on disk before the act, read up to a torn line, locked, and clear when it cannot be written."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.apply.double import InMemoryApi
from tests.apply.plans import every_action, shop, staged

from ostiary.apply.journal import Journal, is_journal, read_journal
from ostiary.apply.outcome import Status
from ostiary.apply.perform import perform
from ostiary.core.errors import BadInput, OstiaryError, Refused, Unreachable


def begun(path: Path) -> None:
    with Journal.create(path, staged("shop", "pay"), cluster="uid", clock=lambda: datetime(2026, 1, 2, tzinfo=UTC)) as journal:
        journal.append("start", stages=["observe"])
        journal.append("applying", change=0)
        journal.append("applied", change=0, fingerprint="f")
        journal.append("applying", change=1)


def test_there_and_back(tmp_path: Path) -> None:
    begun(tmp_path / "deep" / "j")
    history = read_journal(tmp_path / "deep" / "j")
    assert history.plan == staged("shop", "pay")
    assert (history.cluster, history.stages, history.ended) == ("uid", ("observe",), False)
    assert [history.state(number) for number in range(4)] == ["applied", "applying", "", ""]
    assert (tmp_path / "deep" / "j").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path / "deep") == ["j"]


def test_what_was_written_is_known_after_more_entries(tmp_path: Path) -> None:
    begun(tmp_path / "j")
    with Journal.open(tmp_path / "j") as journal:
        journal.append("undoing", change=0)
        assert journal.history.fingerprint(0) == "f"
    assert read_journal(tmp_path / "j").fingerprint(0) == "f"


def test_cut_at_any_byte_it_is_read_up_to_the_last_whole_line(tmp_path: Path) -> None:
    begun(tmp_path / "j")
    data = (tmp_path / "j").read_bytes()
    ends = [place + 1 for place, byte in enumerate(data) if byte == ord("\n")]
    for length in (*range(0, ends[0], 7), *range(ends[0] - 2, len(data) + 1)):  # the first line is long, and refused whole
        cut = tmp_path / "cut"
        cut.write_bytes(data[:length])
        if length < ends[0]:
            with pytest.raises(BadInput, match="not a journal"):
                read_journal(cut)
            continue
        with Journal.open(cut):
            pass
        assert cut.stat().st_size == max(end for end in ends if end <= length)
        assert read_journal(cut).state(0) == ("applied" if length >= ends[3] else "applying" if length >= ends[2] else "")


def test_what_is_written_after_a_torn_line_is_read(tmp_path: Path) -> None:
    begun(tmp_path / "j")
    with (tmp_path / "j").open("ab") as file:
        file.write(b'{"entry":"appl')
    with Journal.open(tmp_path / "j") as journal:
        journal.append("applied", change=1)
    assert read_journal(tmp_path / "j").state(1) == "applied"


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"{}", b'{"entry": 7}', b"\xff"])
def test_a_broken_line_in_the_middle_is_an_edit(tmp_path: Path, line: bytes) -> None:
    begun(tmp_path / "j")
    lines = (tmp_path / "j").read_bytes().split(b"\n")
    (tmp_path / "j").write_bytes(b"\n".join([*lines[:2], line, *lines[2:]]))
    with pytest.raises(BadInput, match="line 3: damaged"):
        read_journal(tmp_path / "j")


@pytest.mark.parametrize("data", [b"", b"\n", b"{}\n", b"hello", b'{"entry": "start"}\n', b"\x00" * 9])
def test_what_is_no_journal(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "j").write_bytes(data)
    assert not is_journal(tmp_path / "j")
    with pytest.raises(BadInput, match="not a journal"):
        read_journal(tmp_path / "j")
    with pytest.raises(BadInput, match="not a journal"):
        Journal.open(tmp_path / "j")
    assert (tmp_path / "j").read_bytes() == data


def test_a_newer_journal_and_a_bent_plan_are_refused(tmp_path: Path) -> None:
    begun(tmp_path / "j")
    text = (tmp_path / "j").read_text()
    (tmp_path / "newer").write_text(text.replace("journal/v1", "journal/v2"))
    with pytest.raises(BadInput, match="journal/v2"):
        read_journal(tmp_path / "newer")
    (tmp_path / "bent").write_text(text.replace("baseline", "privileged"))
    with pytest.raises(BadInput, match="edited"):
        read_journal(tmp_path / "bent")


def test_entries_about_changes_that_are_not_there_are_left_aside(tmp_path: Path) -> None:
    begun(tmp_path / "j")
    with (tmp_path / "j").open("ab") as file:
        file.write(b'{"entry":"applied","change":99}\n{"entry":"applied","change":-1}\n{"entry":"applied","change":"0"}\n')
    assert read_journal(tmp_path / "j").having("applied") == (0,)


def test_a_journal_is_never_overwritten(tmp_path: Path) -> None:
    begun(tmp_path / "j")
    before = (tmp_path / "j").read_bytes()
    with pytest.raises(Refused, match="--continue"):
        begun(tmp_path / "j")
    assert (tmp_path / "j").read_bytes() == before
    assert os.listdir(tmp_path) == ["j"]


def test_one_at_a_time(tmp_path: Path) -> None:
    begun(tmp_path / "j")
    with Journal.open(tmp_path / "j"), pytest.raises(Refused, match="another ostiary"):
        Journal.open(tmp_path / "j")
    with Journal.open(tmp_path / "j"):
        pass


def test_the_lock_goes_with_its_process(tmp_path: Path) -> None:
    begun(tmp_path / "j")
    child = os.fork()
    if child == 0:
        Journal.open(tmp_path / "j")
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    with Journal.open(tmp_path / "j"):
        pass


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unreachable, match="nothing was changed"):
        begun(tmp_path / "file" / "j")


def test_a_folder_that_is_not_writable(tmp_path: Path) -> None:
    """/proc takes no files, not even of root."""
    with pytest.raises(Unreachable, match="nothing was changed"):
        begun(Path("/proc/self/j"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", place], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_before_anything_was_done(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(16 * 1024))
    with pytest.raises(Unreachable, match="No space left on device; nothing was changed"):
        begun(small_disk / "j")
    assert os.listdir(small_disk) == ["ballast"]


async def test_a_full_disk_in_the_middle_stops_and_can_be_gone_on_with(small_disk: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    plan = every_action()
    with Journal.create(small_disk / "j", plan, cluster="") as journal:
        filler = (small_disk / "j").stat().st_size

        def fill(verb: str, *_: object) -> None:
            if verb == "create":
                (small_disk / "ballast").write_bytes(b"x" * 4096 * 3)  # what is left of the journal's own page remains
                journal.append("filler", text="x" * (4096 - filler % 4096 - 600))

        api.before = fill
        report = await perform(api, journal, plan.stages, patience=0)
    assert report.exit_code == 3
    assert "No space left on device" in report.stopped
    assert report.changes[0].status is Status.APPLIED
    assert Status.UNTRIED in {outcome.status for outcome in report.changes}
    (small_disk / "ballast").unlink()
    api.before = lambda *_: None
    with Journal.open(small_disk / "j") as journal:
        again = await perform(api, journal, plan.stages, patience=0)
    assert again.exit_code == 0, again
    assert {outcome.status for outcome in again.changes} == {Status.APPLIED}


def test_an_error_is_never_a_traceback(tmp_path: Path) -> None:
    """Opening a folder, a missing file, a file without rights."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(OstiaryError):
            Journal.open(path)
        with pytest.raises(OstiaryError):
            read_journal(path)


def test_the_lock_is_the_kernels(tmp_path: Path) -> None:
    begun(tmp_path / "j")
    with (tmp_path / "j").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(Refused):
            Journal.open(tmp_path / "j")
