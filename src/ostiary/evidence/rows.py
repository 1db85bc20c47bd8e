"""From a tally to Evidence: one usage for each question of each identity, allowed and denied together, sorted.

>>> usages(Tally())
()
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from ostiary.evidence.asked import What, Who
from ostiary.evidence.tally import Cell, Tally
from ostiary.model.evidence import Evidence, Impersonator, Stream, Usage

Series = tuple[tuple[date, int], ...]  # days with a count, in order
_NOBODY = Impersonator(user="")


def evidence(tally: Tally, source: str, where: str = "") -> Evidence:
    """Everything that was counted, as one stream."""
    since, until = tally.span()
    stream = Stream(
        source=source,
        where=where,
        since=since,
        until=until,
        records=tally.records,
        repeated=tally.repeated,
        gaps=tuple(tally.gaps()),
    )
    return Evidence(streams=(stream,), usage=usages(tally))


def usages(tally: Tally) -> tuple[Usage, ...]:
    """The usages, sorted by who and what."""
    series = _series(tally)
    pairs: defaultdict[tuple[Who, What, bool], list[tuple[Cell, Series]]] = defaultdict(list)
    for number, cell in enumerate(tally.cells):
        if series[number]:
            pairs[(cell.who, cell.what, cell.many)].append((cell, series[number]))
    return tuple(sorted((_usage(cells) for cells in pairs.values()), key=_order))


def _series(tally: Tally) -> list[Series]:
    """The days of each cell. The first two cells are gaps, and no usage."""
    found: list[list[tuple[date, int]]] = [[] for _ in tally.cells]
    for day in sorted(tally.days):
        when = date.fromisoformat(day)
        for number, count in enumerate(tally.days[day]):
            if count and number > 1:
                found[number].append((when, count))
    return [tuple(days) for days in found]


def _usage(cells: list[tuple[Cell, Series]]) -> Usage:
    who, what = cells[0][0].who, cells[0][0].what
    allowed = next(((cell, days) for cell, days in cells if cell.allowed), None)
    denied = next((days for cell, days in cells if not cell.allowed), ())
    first = allowed[1][0][0] if allowed else denied[0][0]
    return Usage(
        user=who.user,
        groups=who.groups,
        by=who.by,
        verb=what.verb,
        api_group=what.api_group,
        resource=what.resource,
        subresource=what.subresource,
        namespace=what.namespace,
        name=what.name,
        path=what.path,
        many=cells[0][0].many,
        first=first.isoformat(),
        daily=_daily(allowed[1]) if allowed else (),
        denied=sum(count for _, count in denied),
        pods=tuple(sorted(allowed[0].pods)) if allowed else (),
    )


def _daily(days: Iterable[tuple[date, int]]) -> tuple[int, ...]:
    counts = dict(days)
    first, last = min(counts), max(counts)
    return tuple(counts.get(first + timedelta(days=number), 0) for number in range((last - first).days + 1))


def _order(usage: Usage) -> tuple[object, ...]:
    by = usage.by or _NOBODY
    return (
        usage.user,
        usage.groups,
        (by.user, by.groups, by.constraint, by.uid, by.extra),
        (usage.api_group, usage.resource, usage.subresource, usage.namespace, usage.path),
        usage.verb,
        usage.name,
        usage.many,
    )
