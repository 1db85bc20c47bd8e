"""A simulated month, small: what bench/bench_learn.py measures at full size has to hold here too, with an attacker in the log."""

from pathlib import Path

import pytest


def test_a_month_of_controllers_with_a_thief_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[4]))
    from bench.bench_learn import baseline, month, ostiary
    from bench.synthetic_audit import controllers

    every = controllers(17)
    seen, later = month(every)
    assert not list(seen.gaps())
    ours, theirs = ostiary(every, seen, later), baseline(every, seen, later)
    assert ours.precision >= 0.95
    assert ours.recall >= 0.999
    assert ours.breakage < 0.001
    assert (ours.further, ours.kept) == (0, 1)
    assert theirs.further > 0, "the attack is in the log, and is learned by who does not look out for it"
    assert theirs.precision < ours.precision
