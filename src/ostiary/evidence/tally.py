"""Counts what audit events show, in memory that depends on what they distinguish and not on how many they are.

Each different question of each identity is a cell: a number, and one count a day. Events that are equal in the parts that matter are looked up by their
bytes and cost little more than reading them. Order does not matter: an event counts for the day on which its request came in.

- One request writes an event at several stages, and rotated logs overlap. An event with the identifier of the last one of its cell is not counted: so one
  sighting never becomes two, whatever is repeated; counts above that may be too high, never too low.
- From the 257th name of an otherwise equal question on, names are not told apart any more (``many``).
- When there are more cells than ``limit``, what comes on top is a gap.

>>> tally = Tally()
>>> tally.take(b"no event\\n", "audit.log", 1)
>>> [str(gap) for gap in tally.gaps()]
['unreadable (JSON is malformed: invalid character (byte 4)) [audit.log:1]']
"""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from ostiary.evidence.asked import Asked, SignedIn, What, Who, asked, signed_in
from ostiary.evidence.audit_event import EVENT, AuditEvent, batch, wrong
from ostiary.model.evidence import Gap, Lack

NAMES_KEPT = 256
LIMIT = 400_000
QUIET = timedelta(hours=24)  # a cluster renews leases every few seconds: a day without a request is a day without a log
_KNOWN = 50_000  # equal events that are remembered by their bytes
_GAPS = 1_000  # different gaps that are kept apart
_HOUR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}")
_TOO_MUCH, _UNDECIDED = 0, 1  # cells that are gaps
_NO_HOUR, _NOBODY = "no hour", -1
_NOTHING: tuple[int, ...] = ()


@dataclass(slots=True)
class Cell:
    """One question of one identity, allowed or not. ``what.name`` is empty where ``many``."""

    who: Who
    what: What
    allowed: bool
    many: bool = False
    pods: tuple[str, ...] = ()  # two at most


class Tally:
    """Takes lines, gives cells with their counts, and gaps."""

    def __init__(self, limit: int = LIMIT) -> None:
        nobody = Cell(Who("", (), None), What("", "", "", "", "", "", ""), allowed=False)
        self.cells: list[Cell] = [nobody, nobody]
        self.days: dict[str, array[int]] = {}
        self.records = self.repeated = 0
        self.hour = ""  # of the record read last
        self._limit = limit
        self._last = ["", ""]  # by cell, the identifier of the event counted last
        self._whos: dict[Who, Who] = {}
        self._numbers: dict[tuple[Who, bool, What], int] = {}
        self._names: dict[tuple[Who, bool, What], int] = {}
        self._known: dict[tuple[object, ...], tuple[int, ...]] = {}
        self._people: dict[bytes, int] = {}
        self._people_numbers: dict[SignedIn, int] = {}
        self._persons: list[SignedIn] = []
        self._hours: dict[str, array[int]] = {}
        self._gaps: dict[tuple[Lack, str], Gap] = {}

    def take(self, lines: bytes, where: str, first: int) -> None:
        """Whole lines of one file, the first of them of this number. A line that cannot be read becomes a gap; the others count."""
        try:
            events = EVENT.decode_lines(lines)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self._one_by_one(lines, where, first)
            return
        self._count(events, where, first)

    def _one_by_one(self, lines: bytes, where: str, first: int) -> None:
        for number, line in enumerate(lines.split(b"\n"), first):
            items: Iterable[bytes | msgspec.Raw] | None = batch(line) if b"EventList" in line else None
            for item in [line] if items is None else items:
                if not bytes(item).strip():
                    continue
                if gap := wrong(item):
                    self.miss(replace(gap, where=f"{where}:{number}"))
                else:
                    self._count((EVENT.decode(item),), where, number)

    def _count(self, events: Iterable[AuditEvent], where: str, first: int) -> None:
        """The hot loop: half of the time of reading a log is spent here, the other half in the decoder."""
        known, people, last, hour, counts, number = self._known, self._people, self._last, _NO_HOUR, array("I"), first - 1
        for number, event in enumerate(events, first):
            when = event.request_received_timestamp
            if when[:13] != hour or when[-1] != "Z":
                hour, counts = self._of_hour(when, where, number)
            person = people.get(bytes(event.user))
            if person is None:
                person = self._meet(event, where, number)
            key: tuple[object, ...] = (
                event.verb, event.request_uri, event.stage, event.annotations.decision, event.response_status.code, person
            )  # fmt: skip
            if event.impersonated_user is not UNSET:
                key += _impersonation(event)
            cells = known.get(key)
            if cells is None:
                cells = self._learn(key, person, event, where, number)
                self._widen(counts)
            identifier = event.audit_id
            for cell in cells:
                if last[cell] == identifier:
                    self.repeated += 1
                else:
                    last[cell] = identifier
                    counts[cell] += 1
        self.records += number - first + 1
        self.hour = hour

    def _widen(self, counts: "array[int]") -> "array[int]":
        """One place for each cell."""
        counts.extend([0] * (len(self.cells) - len(counts)))
        return counts

    def _of_hour(self, text: str, where: str, line: int) -> "tuple[str, array[int]]":
        """The hour of a time, with the counts of its day; none, with counts that nobody reads, when it is no time."""
        hour = text[:13]
        if hour in self._hours and text.endswith("Z"):
            return hour, self._widen(self._hours[hour])
        if not _HOUR.fullmatch(hour) or not text.endswith("Z") or not _is_time(hour):
            self.miss(Gap(lack=Lack.UNREADABLE, detail="requestReceivedTimestamp is no time in UTC", where=f"{where}:{line}"))
            return _NO_HOUR, self._widen(array("I"))
        counts = self._hours[hour] = self.days.setdefault(hour[:10], array("I"))
        return hour, self._widen(counts)

    def _meet(self, event: AuditEvent, where: str, line: int) -> int:
        """The number of who signed in; that of nobody when it cannot be read."""
        try:
            person = signed_in(bytes(event.user))
        except (msgspec.MsgspecError, ValueError) as error:
            self.miss(Gap(lack=Lack.UNREADABLE, detail=str(error), where=f"{where}:{line}"))
            return _NOBODY
        if len(self._people) >= _KNOWN:
            self._people.clear()
            self._known.clear()
        number = self._people_numbers.setdefault(person, len(self._persons))
        if number == len(self._persons):
            self._persons.append(person)
        self._people[bytes(event.user)] = number
        return number

    def _learn(self, key: tuple[object, ...], person: int, event: AuditEvent, where: str, line: int) -> tuple[int, ...]:
        if person == _NOBODY:
            return _NOTHING
        try:
            found = asked(event, self._persons[person])
        except (msgspec.MsgspecError, ValueError) as error:
            self.miss(Gap(lack=Lack.UNREADABLE, detail=str(error), where=f"{where}:{line}"))
            return _NOTHING
        cells = self._cells(found) if found else _NOTHING
        if event.request_uri:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[key] = cells
        return cells

    def _cells(self, found: Asked) -> tuple[int, ...]:
        if found.allowed is None:
            return (_UNDECIDED,)
        who = self._whos.setdefault(found.who, found.who)
        numbers = tuple(self._number(who, found.allowed, what) for what in found.questions)
        for number in numbers:
            cell = self.cells[number]
            if found.pod and number > _UNDECIDED and len(cell.pods) < 2 and found.pod not in cell.pods:
                cell.pods = (*cell.pods, found.pod)
        return numbers

    def _number(self, who: Who, allowed: bool, what: What) -> int:
        key = (who, allowed, what)
        if key in self._numbers:
            return self._numbers[key]
        many = False
        if what.name:
            nameless = (who, allowed, what._replace(name=""))
            self._names[nameless] = self._names.get(nameless, 0) + 1
            if self._names[nameless] > NAMES_KEPT:
                many, key = True, (who, allowed, what._replace(name="*"))
        if key not in self._numbers:
            if len(self.cells) >= self._limit:
                return _TOO_MUCH
            self._numbers[key] = len(self.cells)
            self.cells.append(Cell(who, what._replace(name="") if many else what, allowed, many))
            self._last.append("")
        return self._numbers[key]

    def miss(self, gap: Gap) -> None:
        """Note a gap. Equal ones are one, with a count and the place of the first; far too many different ones are one as well."""
        key = (gap.lack, gap.detail)
        if key not in self._gaps and len(self._gaps) >= _GAPS:
            key = (gap.lack, "")
            gap = replace(gap, detail="")
        before = self._gaps.get(key)
        self._gaps[key] = replace(before, count=before.count + gap.count) if before else gap

    def gaps(self) -> Iterator[Gap]:
        """Everything that is missing, in a stable order."""
        found = [*self._gaps.values(), *self._silence()]
        for cell, lack, detail in (
            (_TOO_MUCH, Lack.TOO_MUCH, f"more than {self._limit} different requests"),
            (_UNDECIDED, Lack.UNDECIDED, _CUT),
        ):
            count = sum(counts[cell] for counts in self.days.values() if len(counts) > cell)
            if count:
                found.append(Gap(lack=lack, count=count, detail=detail))
        yield from sorted(found, key=lambda gap: (gap.lack.value, gap.since, gap.detail, gap.where))

    def span(self) -> tuple[str, str]:
        """From the first hour to the last; empty when there is none."""
        hours = sorted(self._hours)
        return (f"{hours[0]}:00:00Z", f"{hours[-1]}:59:59Z") if hours else ("", "")

    def _silence(self) -> Iterator[Gap]:
        hours = sorted(self._hours)
        for before, after in pairwise(hours):
            if datetime.fromisoformat(f"{after}:00") - datetime.fromisoformat(f"{before}:00") > QUIET:
                yield Gap(lack=Lack.SILENT, since=f"{before}:59:59Z", until=f"{after}:00:00Z", detail="no record at all")


_CUT = "no annotation authorization.k8s.io/decision, though something was answered"


def _is_time(hour: str) -> bool:
    try:
        datetime.fromisoformat(f"{hour}:00")
    except ValueError:
        return False
    return True


def _impersonation(event: AuditEvent) -> tuple[bytes, ...]:
    return tuple(bytes(part) for part in (event.impersonated_user, event.authentication_metadata) if part is not UNSET)
