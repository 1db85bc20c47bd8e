"""Buckets: never more than the burst and what time gave, whatever the order; and no memory without bound."""

from hypothesis import given
from hypothesis import strategies as st

from ostiary.server.api.limits import Buckets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 12)), max_size=60))
def test_never_more_than_burst_and_rate(steps: list[tuple[float, int]]) -> None:
    clock = Clock()
    buckets = Buckets(2.0, 10.0, clock)
    granted = 0
    for wait, cost in steps:
        clock.now += wait
        if buckets.take("a", cost) == 0.0:
            granted += cost
        assert granted <= 10.0 + 2.0 * clock.now + 1e-6


def test_waiting_as_long_as_was_said_suffices() -> None:
    clock = Clock()
    buckets = Buckets(2.0, 3.0, clock)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0]
    wait = buckets.take("a")
    clock.now += wait / 2
    assert buckets.take("a") > 0
    clock.now += wait / 2 + 1e-9
    assert buckets.take("a") == 0


def test_one_source_does_not_slow_another() -> None:
    buckets = Buckets(1.0, 2.0, Clock())
    buckets.charge("a", 100)
    assert (buckets.take("a") > 0, buckets.take("b")) == (True, 0)


def test_a_million_sources_are_not_kept() -> None:
    clock = Clock()
    buckets = Buckets(50.0, 100.0, clock)
    for number in range(120_000):
        clock.now += 0.0001
        buckets.take(str(number))
    assert len(buckets._levels) < 60_000
