"""Whether the kernel has room for the files that Envoy watches."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary.core.errors import Refused
from ostiary.gateway import watches


@pytest.fixture
def instances() -> Iterator[int]:
    """Ten inotify instances of this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    opened = [libc.inotify_init1(os.O_CLOEXEC) for _ in range(10)]
    assert min(opened) >= 0
    yield len(opened)
    for one in opened:
        os.close(one)


def test_what_others_hold_is_counted_and_what_envoy_holds_itself_is_not(instances: int) -> None:
    held = list(watches._instances()).count(os.getpid())
    assert held >= instances


def test_a_thousand_clusters_are_refused_on_a_machine_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "limit"
    limit.write_text("128\n")
    monkeypatch.setattr(watches, "LIMIT", limit)
    with pytest.raises(Refused, match=r"fs\.inotify\.max_user_instances is 128") as refused:
        watches.require_room(2006, None)
    assert "sysctl -w fs.inotify.max_user_instances=8192" in (refused.value.todo or "")


def test_few_files_are_never_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "limit"
    limit.write_text("128\n")
    monkeypatch.setattr(watches, "LIMIT", limit)
    watches.require_room(32, None)


def test_what_envoy_holds_now_is_room_for_what_it_will_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "limit"
    limit.write_text("128\n")
    monkeypatch.setattr(watches, "LIMIT", limit)
    envoy, another = 7, 8
    monkeypatch.setattr(watches, "_instances", lambda: iter([envoy] * 60 + [another] * 10))
    watches.require_room(118, envoy)
    with pytest.raises(Refused, match="1 fewer"):
        watches.require_room(119, envoy)
    with pytest.raises(Refused, match="60 fewer"):
        watches.require_room(118, None)


def test_a_machine_that_does_not_say_is_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "LIMIT", tmp_path / "none")
    watches.require_room(10_000, None)
