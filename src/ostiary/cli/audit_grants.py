"""Where ``ostiary audit`` has grants from, to say why a request was allowed: the store of this machine's control plane, or its API.

An answer about a person on a cluster is kept for as long as it must be right: a grant that changes later changes nothing about a moment before. So only a
record that is newer than the answer asks again; of the API, once a second at most. Where there are no grants, that is said once, and nothing is guessed.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ostiary.cli.output import say
from ostiary.core.errors import OstiaryError, Unreachable

if TYPE_CHECKING:
    from ostiary.model.access import Grant
    from ostiary.pillars.access.records import Record
    from ostiary.pillars.access.why import Allowed

Load = Callable[[str, str], "tuple[Grant, ...]"]
_STORE = "store.db"
_API_SECONDS = 1.0
_TODO = "give --config as to `ostiary up`, or --control-plane"


class GrantsAtHand:
    """The grants of whoever is asked about. ``load`` None: there are none at hand."""

    def __init__(self, load: Load | None, *, pause: float = 0.0, must: bool = False) -> None:
        self._load = load
        self._pause = pause
        self._must = must
        self._kept: dict[tuple[str, str], tuple[str, float, tuple[Grant, ...]]] = {}

    def why(self, record: "Record") -> "Allowed | None":
        """Which grants held, and why; None when there are no grants at hand."""
        from ostiary.pillars.access.why import allowed, was_let_in

        if not was_let_in(record):
            return allowed(record, ()) if self._load else None
        grants = self._of(record)
        return None if grants is None else allowed(record, grants)

    def _of(self, record: "Record") -> "tuple[Grant, ...] | None":
        pair = (record.person, record.cluster)
        kept = self._kept.get(pair)
        if kept and (record.at <= kept[0] or time.monotonic() < kept[1] + self._pause):
            return kept[2]
        if self._load is None:
            return None
        asked = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        try:
            found = self._load(*pair)
        except OstiaryError as error:
            if self._must:
                raise
            self._load = None
            self._kept.clear()
            _not_at_hand(error.happened)
            return None
        self._kept[pair] = (asked, time.monotonic(), found)
        return found


def grants_at_hand(data: Path, database: str = "", *, control_plane: bool, must: bool) -> GrantsAtHand:
    """Of the API when that is asked for, else of the database, else of the store in the data directory. ``must``: Unreachable when there are none."""
    if control_plane:
        return GrantsAtHand(_of_the_api(), pause=_API_SECONDS, must=True)
    if database:
        return GrantsAtHand(_of_a_store(database), must=must)
    file = data / _STORE
    if file.is_file():
        from ostiary.server.store.engine import sqlite_url

        return GrantsAtHand(_of_a_store(sqlite_url(file)), must=must)
    if must:
        raise Unreachable(f"grants not at hand: there is no {file}", todo=_TODO)
    _not_at_hand(f"there is no {file}")
    return GrantsAtHand(None)


def _not_at_hand(why: str) -> None:
    say(f"grants not at hand: {why}; {_TODO}")


def _of_a_store(url: str) -> Load:
    def load(person: str, cluster: str) -> "tuple[Grant, ...]":
        import asyncio

        from ostiary.server.store.granted import granted

        return asyncio.run(granted(url, person, cluster))

    return load


def _of_the_api() -> Load:
    from ostiary.cli.control_plane import control_plane
    from ostiary.cli.live_grants import as_shown

    plane = control_plane()

    def load(person: str, cluster: str) -> "tuple[Grant, ...]":
        query = {"person": person, "cluster": cluster, "limit": "500"}
        found: list[Grant] = []
        while True:
            page = plane.get("/v1/grants", query)
            found += map(as_shown, page["grants"])
            if not page["next"]:
                return tuple(found)
            query["after"] = page["next"]

    return load
