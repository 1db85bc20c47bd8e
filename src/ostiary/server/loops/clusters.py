"""Brings each cluster to its live grants: at once when they change, again while something is wrong, and closely every few minutes.

Every cluster has a follower of its own, so that one that does not answer holds up no other. The first look at a cluster is a close one: what a grant left
there while ostiary was away goes then. Close looks take turns, since they read much; a change never waits for a turn.
"""

import asyncio
import logging
import random
from dataclasses import dataclass, field

from ostiary.server.loops.steady import sleep_until, steadily
from ostiary.server.plane import Plane
from ostiary.server.ports import Outcome

_log = logging.getLogger("ostiary.clusters")
_EVERY = 300.0  # seconds between close looks
_AGAIN, _LONGEST = 1.0, 30.0
_TURNS = 16


@dataclass(slots=True)
class _Follower:
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None


class Following:
    """The followers; ``outcomes`` are their latest."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._followers: dict[str, _Follower] = {}
        self._turns = asyncio.Semaphore(_TURNS)
        self.outcomes: dict[str, Outcome] = {}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await steadily("following clusters", self._turn, self._plane.clusters_changed)
        finally:
            for name in tuple(self._followers):
                await self._stop(name)

    async def _turn(self) -> float:
        dirty, self._plane.dirty = self._plane.dirty, set()
        names = {one.name for one in await self._plane.clusters.upstreams()}
        for name in self._followers.keys() - names:
            await self._stop(name)
        for name in names - self._followers.keys():
            follower = self._followers[name] = _Follower()
            follower.task = asyncio.create_task(self._follow(name, follower.changed), name=f"cluster {name}")
        for name in dirty & names:
            self._followers[name].changed.set()
        return 60.0

    async def _stop(self, name: str) -> None:
        follower = self._followers.pop(name)
        self.outcomes.pop(name, None)
        if follower.task is not None:
            follower.task.cancel()
            await asyncio.gather(follower.task, return_exceptions=True)

    async def _follow(self, name: str, changed: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        closely_at, pause = loop.time(), _AGAIN
        while True:
            changed.clear()
            closely = loop.time() >= closely_at
            outcome = await self._bring(name, closely=closely)
            if outcome.problems:
                wait, pause = pause, min(2 * pause, _LONGEST)
            else:
                pause = _AGAIN
                if closely:
                    closely_at = loop.time() + _EVERY * random.uniform(0.8, 1.2)  # noqa: S311 # so that not all look at once
                wait = closely_at - loop.time()
            await sleep_until(changed, wait)

    async def _bring(self, name: str, *, closely: bool) -> Outcome:
        try:
            if closely:
                async with self._turns:
                    outcome = await self._reconcile(name, closely=True)
            else:
                outcome = await self._reconcile(name, closely=False)
        except Exception as error:  # a follower does not die: see steady
            _log.error("cluster %s: a bug in ostiary: %s", name, type(error).__name__, exc_info=error)
            outcome = Outcome(name, problems=(type(error).__name__,))
        before = self.outcomes.get(name)
        if outcome.problems != (before.problems if before else ()):
            _log.log(
                logging.WARNING if outcome.problems else logging.INFO,
                "cluster %s: %s", name, "; ".join(outcome.problems) or "as it should be again",
            )  # fmt: skip
        self.outcomes[name] = outcome
        return outcome

    async def _reconcile(self, name: str, *, closely: bool) -> Outcome:
        now = self._plane.clock()
        live = await self._plane.grants.live(now, cluster=name)
        return await self._plane.clusters.reconcile(name, live, now, thorough=closely)
