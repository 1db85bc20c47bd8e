"""A file is the old one or the new one."""

import os
import stat
from pathlib import Path
from typing import IO

import pytest

from ostiary.adapters.files import stream_atomically, write_atomically
from ostiary.core.errors import Unreachable


def test_it_is_written_for_its_owner(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    write_atomically(tmp_path / "a", b"y", mode=0o644)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["a"]


def test_half_a_file_is_no_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"old")

    def full(file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(Unreachable, match="No space left on device"):
        stream_atomically(tmp_path / "a", full)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_place_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot write"):
        write_atomically(tmp_path / "nowhere" / "a", b"")
    (tmp_path / "directory").mkdir()
    with pytest.raises(Unreachable, match="cannot write"):
        write_atomically(tmp_path / "directory", b"")


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unreachable, match="it is no file"):
        write_atomically(tmp_path / "pipe", b"x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]
