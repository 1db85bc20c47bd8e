"""Learning of roles: how good it is on a simulated month of fifty controllers, and how fast audit events are counted.

Quality: precision (learned atoms that are needed), recall (needed atoms that are learned), breakage in the week after, rights that lead further and are not
needed. The alternative is audit2rbac's rules on the same log. Subjects that are left as they are, because no list of names would hold, are counted
apart. Speed: events a second of one core, and memory at two lengths of the same log; beside it the time that msgspec takes to decode the same bytes into
dictionaries, without counting anything.

    python bench/bench_learn.py [--json] [--controllers 50] [--events 1000000]
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec
from bench import audit2rbac_rules
from bench.synthetic_audit import START, Controller, Simulation, cluster, controllers

from ostiary.evidence.rows import evidence, usages
from ostiary.evidence.tally import Tally
from ostiary.model.evidence import Usage
from ostiary.model.rbac import PolicyRule
from ostiary.model.world import World
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.learning.atom import Atom, atom_of
from ostiary.pillars.rbac.learning.danger import Dangers
from ostiary.pillars.rbac.learning.learn import learn
from ostiary.pillars.rbac.learning.rules import by_place
from ostiary.pillars.rbac.learning.standing import Held
from ostiary.pillars.rbac.policy import Outcome, Proposal, RbacPolicy, Rules

MONTH, WEEK = 30, 7
LIMITS = {"precision": 0.95, "recall": 0.999, "breakage": 0.001, "further": 0, "events_a_second": 400_000}
PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the roles of one strategy are. ``further``: learned atoms that lead further and are not needed."""

    subjects: int
    kept: int
    learned: int
    precision: float
    recall: float
    breakage: float
    further: int


def month(every: tuple[Controller, ...], *, busy: int = 1) -> tuple[Tally, Tally]:
    """The counts of a simulated month, and of the week after it."""
    simulation, tallies = Simulation(every, busy=busy), (Tally(), Tally())
    for day in range(MONTH + WEEK):
        tallies[day >= MONTH].take(b"".join(simulation.day(day)), "audit.log", 1)
    return tallies


def propose(every: tuple[Controller, ...], seen: Tally) -> RbacPolicy:
    """What is learned from the month."""
    world = World.of(cluster(every, MONTH), today=(START + timedelta(days=MONTH)).date(), evidence=evidence(seen, "audit"))
    return learn(world)


def ostiary(every: tuple[Controller, ...], seen: Tally, later: Tally) -> Quality:
    """What ostiary proposes; subjects that it leaves as they are count for nothing but ``kept``."""
    proposals = {one.subject.name: one for one in propose(every, seen).proposals}
    rules = {name: _atoms(one) for name, one in proposals.items() if one.outcome is Outcome.TIGHTEN}
    return judge(every, rules, usages(later))


def baseline(every: tuple[Controller, ...], seen: Tally, later: Tally) -> Quality:
    """What audit2rbac's rules make of the same log."""
    rules: dict[str, set[Atom]] = {}
    for row in usages(seen):
        rules.setdefault(row.user, set()).add(atom_of(row))
    return judge(every, {name: audit2rbac_rules.atoms(atoms) for name, atoms in rules.items()}, usages(later))


def judge(every: tuple[Controller, ...], rules: dict[str, frozenset[Atom]], later: Iterable[Usage]) -> Quality:
    """Compare with what the controllers need, and with what they and nobody else do in the week after."""
    needs = {one.user: one.needs for one in every if one.user in rules}
    good = sum(1 for name, atoms in rules.items() for atom in atoms if _holds(needs[name], atom))
    learned = sum(map(len, rules.values()))
    had = sum(1 for name, atoms in needs.items() for atom in atoms if _holds(rules[name], atom))
    further = sum(1 for name, atoms in rules.items() for atom in atoms if _leads(atom) and not _holds(needs[name], atom))
    asked = broken = 0
    for row in later:
        if row.user in rules and _holds(needs[row.user], atom_of(row)):  # what the attacker does shall break
            asked += row.allowed
            broken += row.allowed * (not _holds(rules[row.user], atom_of(row)))
    total = sum(map(len, needs.values()))
    return Quality(len(rules), len(every) - len(rules), learned, good / learned, had / total, broken / asked, further)


def _atoms(one: Proposal) -> frozenset[Atom]:
    places: dict[str, Rules] = {"": one.cluster_rules, **one.namespaced}
    return frozenset(atom for place, rules in places.items() for rule in rules for atom in _of(rule, place))


def _of(rule: PolicyRule, place: str) -> Iterable[Atom]:
    for verb in rule.verbs:
        yield from (Atom(verb, path=path) for path in rule.non_resource_urls)
        for group in rule.api_groups:
            for what in rule.resources:
                yield from (Atom(verb, group, what, name, place) for name in rule.resource_names or ("",))


def _leads(atom: Atom) -> bool:
    return bool(Dangers((atom,)).ways(atom))


_MEMO: dict[frozenset[Atom], Held] = {}


def _holds(atoms: frozenset[Atom], atom: Atom) -> bool:
    if atoms not in _MEMO:
        everywhere, namespaced = by_place(atoms)
        _MEMO[atoms] = Held((), {CLUSTER: everywhere, **namespaced})
    return _MEMO[atoms].covers(atom)


def speed(events: int, count: int) -> dict[str, float]:
    """Count so many events, again and again the same days with new identifiers; making them is not timed.

    Pieces of 256 KiB are timed one by one. The figure is that of the best tenth, which is the processor's own where others use it too; the ratio compares
    medians of the same run.
    """
    simulation, tally, done = Simulation(controllers(count), busy=20), Tally(), 0
    counted, decoded = list[float](), list[float]()
    generic = msgspec.json.Decoder()
    days = [list(simulation.day(day)) for day in range(0, MONTH, 10)]
    for turn in range(1, 1_000_000):
        for day in days:
            lines = b"".join(line.replace(b'"auditID":"', b'"auditID":"%d-' % turn, 1) for line in day)
            pieces = [(piece, piece.count(b"\n")) for piece in _pieces(lines)]
            # A day of the one, then the same of the other: a reader of logs does nothing else between two pieces, so its caches stay warm.
            counted += [_time(partial(tally.take, piece, "audit.log", 1)) / number for piece, number in pieces]
            decoded += [_time(partial(generic.decode_lines, piece)) / number for piece, number in pieces]
            done += len(day)
        if done >= events:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each, other = statistics.median(counted), statistics.median(decoded)
    best = statistics.quantiles(counted, n=10)[0]
    size = sum(map(len, days[0])) / len(days[0])
    return {
        "events": done, "events_a_second": 1 / best, "median_events_a_second": 1 / each, "of_generic_decoding": each / other,
        "cells": len(tally.cells), "bytes_an_event": size, "peak_mib": peak,
    }  # fmt: skip


def _pieces(lines: bytes) -> Iterable[bytes]:
    while lines:
        end = lines.find(b"\n", PIECE) + 1 or len(lines)
        yield lines[:end]
        lines = lines[end:]


def _time(what: Callable[[], object]) -> float:
    start = time.process_time()
    what()
    return time.process_time() - start


def main(arguments: list[str]) -> int:
    if "--speed" in arguments:
        print(json.dumps(speed(int(arguments[-2]), int(arguments[-1]))))
        return 0
    count = int(arguments[arguments.index("--controllers") + 1]) if "--controllers" in arguments else 50
    events = int(arguments[arguments.index("--events") + 1]) if "--events" in arguments else 1_000_000
    every = controllers(count)
    seen, later = month(every, busy=4)
    ours, theirs = ostiary(every, seen, later), baseline(every, seen, later)
    runs = [
        json.loads(
            subprocess.run([sys.executable, __file__, "--speed", str(n), str(count)], check=True, capture_output=True).stdout
        )
        for n in (events // 10, events)
    ]
    report = {
        "events": seen.records,
        "ostiary": asdict(ours),
        "audit2rbac rules": asdict(theirs),
        "speed": runs,
        "limits": LIMITS,
    }
    print(json.dumps(report, indent=None if "--json" in arguments else 2))
    good = ours.precision >= LIMITS["precision"] and ours.recall >= LIMITS["recall"] and ours.breakage < LIMITS["breakage"]
    flat = runs[1]["peak_mib"] < runs[0]["peak_mib"] * 1.1
    return 0 if good and flat and not ours.further and runs[1]["events_a_second"] >= LIMITS["events_a_second"] else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
