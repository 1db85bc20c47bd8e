"""Killed with -9 at every point where something is written: the plan can then be gone on with, or taken back, and both end whole.

A child process performs the plan against a double that keeps its objects in a file, and kills itself at the n-th write, be it of the journal or of
the API server: before it, in the middle of a journal line, or after it. n grows until a child comes to its end.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from tests.apply.double import InMemoryApi
from tests.apply.plans import every_action, shop

from ostiary.apply import journal as journal_module
from ostiary.apply.api import Answer
from ostiary.apply.fields import Object
from ostiary.apply.journal import Journal, read_journal
from ostiary.apply.perform import perform
from ostiary.apply.step import content
from ostiary.apply.undo import undo
from ostiary.model.plan import Target

Point = Literal["before", "torn", "after"]
PLAN = every_action()


class Bomb:
    """Kills the process at the n-th write."""

    def __init__(self, at: int, point: Point) -> None:
        self.at, self.point, self.seen = at, point, 0

    def due(self, point: Point) -> bool:
        return self.seen == self.at and self.point == point

    def explode(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def around_journal(self, fd: int, data: bytes) -> None:
        self.seen += 1
        if self.due("before"):
            self.explode()
        if self.due("torn"):
            os.write(fd, data[: len(data) // 2])
            self.explode()
        os.write(fd, data)
        if self.due("after"):
            self.explode()


class ExplosiveApi(InMemoryApi):
    """The double, with the bomb around every write that is no dry-run."""

    bomb: Bomb

    async def create(self, target: Target, body: Mapping[str, Any], *, dry_run: bool) -> Answer:
        return await self._around(dry_run, lambda: InMemoryApi.create(self, target, body, dry_run=dry_run))

    async def patch(self, target: Target, body: Mapping[str, Any], *, dry_run: bool) -> Answer:
        return await self._around(dry_run, lambda: InMemoryApi.patch(self, target, body, dry_run=dry_run))

    async def delete(self, target: Target, *, uid: str, resource_version: str, dry_run: bool) -> Answer:
        return await self._around(
            dry_run,
            lambda: InMemoryApi.delete(self, target, uid=uid, resource_version=resource_version, dry_run=dry_run),
        )

    async def _around(self, dry_run: bool, write: Callable[[], Awaitable[Answer]]) -> Answer:
        self.bomb.seen += not dry_run
        if not dry_run and self.bomb.due("before"):
            self.bomb.explode()
        answer = await write()
        if not dry_run and self.bomb.due("after"):
            self.bomb.explode()
        return answer


def in_child(work: Callable[[], None]) -> int:
    """Run in a forked child; the signal that killed it, or 0."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(99)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status)


def explosive(folder: Path, bomb: Bomb) -> ExplosiveApi:
    api = ExplosiveApi(file=folder / "cluster.json")
    api.bomb = bomb
    return api


def child_applies(folder: Path, bomb: Bomb) -> None:
    journal_module._write_all = bomb.around_journal
    with Journal.create(folder / "j", PLAN, cluster="") as journal:
        asyncio.run(perform(explosive(folder, bomb), journal, PLAN.stages, patience=0))


def child_undoes(folder: Path, bomb: Bomb) -> None:
    journal_module._write_all = bomb.around_journal
    with Journal.open(folder / "j") as journal:
        asyncio.run(undo(explosive(folder, bomb), journal))


def fresh(folder: Path) -> dict[Any, Object]:
    folder.mkdir()
    return contents(InMemoryApi(*shop("shop"), file=folder / "cluster.json"))


def contents(api: InMemoryApi) -> dict[Any, Object]:
    return {name: content(body) for name, body in api.objects.items()}


def go_on(folder: Path, how: str) -> dict[Any, Object]:
    api = InMemoryApi(file=folder / "cluster.json")
    with Journal.open(folder / "j") as journal:
        report = asyncio.run(undo(api, journal) if how == "undo" else perform(api, journal, PLAN.stages, patience=0))
    assert report.exit_code == 0, report
    return contents(api)


def applied(folder: Path) -> dict[Any, Object]:
    fresh(folder)
    assert in_child(lambda: child_applies(folder, Bomb(0, "before"))) == 0
    return contents(InMemoryApi(file=folder / "cluster.json"))


@pytest.mark.parametrize("how", ["continue", "undo"])
@pytest.mark.parametrize("point", ["before", "torn", "after"])
def test_killed_while_applying(tmp_path: Path, point: Point, how: str) -> None:
    wanted = applied(tmp_path / "whole")
    kills = 0
    for at in range(1, 100):
        folder = tmp_path / str(at)
        before = fresh(folder)
        signal_seen = in_child(lambda folder=folder, at=at: child_applies(folder, Bomb(at, point)))  # type: ignore[misc]
        if not signal_seen and point != "torn":
            break
        kills += bool(signal_seen)
        if not (folder / "j").exists():
            assert contents(InMemoryApi(file=folder / "cluster.json")) == before
            continue
        assert go_on(folder, how) == (before if how == "undo" else wanted), f"killed {point} write {at}"
        if at > 20:
            break
    assert kills >= 10


@pytest.mark.parametrize("point", ["before", "torn", "after"])
def test_killed_while_undoing(tmp_path: Path, point: Point) -> None:
    kills = 0
    for at in range(1, 16):
        folder = tmp_path / str(at)
        before = fresh(folder)
        assert in_child(lambda folder=folder: child_applies(folder, Bomb(0, "before"))) == 0  # type: ignore[misc]
        kills += bool(in_child(lambda folder=folder, at=at: child_undoes(folder, Bomb(at, point))))  # type: ignore[misc]
        assert go_on(folder, "undo") == before, f"killed {point} write {at}"
    assert kills >= 8


def test_what_was_done_is_said(tmp_path: Path) -> None:
    """The journal of a killed run says which changes were made, and which was begun."""
    fresh(tmp_path / "x")
    in_child(lambda: child_applies(tmp_path / "x", Bomb(6, "after")))
    history = read_journal(tmp_path / "x" / "j")
    assert not history.ended
    assert (history.having("applied"), history.having("applying")) == ((0,), (1,))
