"""Records are read whole, in order and once, also while files are renamed under the reader."""

import json
import threading
import time
from pathlib import Path

import pytest

from ostiary.core.errors import Unreachable
from ostiary.gateway.following import everything, follow


def line(number: int) -> str:
    return json.dumps({"at": "DownstreamEnd", "id": str(number), "m": "GET", "p": "/version"}) + "\n"


def ids(directory: Path) -> list[str]:
    return [record.id for record in everything(directory)]


def rotate(directory: Path, number: int) -> None:
    (directory / "records.jsonl").rename(directory / f"records.2026010{number}T000000.000000Z.jsonl")


def test_all_files_oldest_first(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / "records.jsonl").write_text(line(number))
        rotate(tmp_path, number)
    (tmp_path / "records.jsonl").write_text(line(3))
    assert ids(tmp_path) == ["0", "1", "2", "3"]


def test_half_a_line_is_none_and_a_broken_one_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text(line(1) + '{"at": "Down' + "\n" + line(2) + line(3)[:-5])
    assert ids(tmp_path) == ["1", "2"]


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        ids(tmp_path / "none")
    assert ids(tmp_path) == []


def test_following_across_rotations_loses_and_doubles_nothing(tmp_path: Path) -> None:
    file, count = tmp_path / "records.jsonl", 300
    file.write_text(line(0))

    def write() -> None:
        written = file.open("a")
        for number in range(1, count):
            text = line(number)
            written.write(text[:7])
            written.flush()
            written.write(text[7:])
            written.flush()
            if number % 60 == 0:
                rotate(tmp_path, number // 60)
                written.write(line(number * 1000))  # as Envoy does until it has opened the new one
                written.flush()
                time.sleep(0.03)
                written.close()
                written = file.open("a")
        written.close()

    seen: list[str] = []
    wanted = [str(number) for number in range(count)]
    for number in (60, 120, 180, 240):
        wanted.insert(wanted.index(str(number)) + 1, str(number * 1000))
    writer, end = threading.Thread(target=write), time.monotonic() + 20
    for record in follow(tmp_path, last=10, going=lambda: len(seen) < len(wanted) and time.monotonic() < end):
        seen.extend([record.id] if record else [])
        if not writer.ident:  # the reader has opened the file
            writer.start()
    writer.join()
    assert seen == wanted


def test_the_last_ones_to_begin_with(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text("".join(map(line, range(9))))
    assert [one.id for one in follow(tmp_path, last=2, going=lambda: False) if one] == ["7", "8"]
    assert [one for one in follow(tmp_path, last=0, going=lambda: False) if one] == []
