"""Rotation leaves no gap: whatever the rhythm of the loop, every valid token is of a published key, which was published before its first use."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ostiary.model.access import TOKEN_SECONDS
from ostiary.server.tokens.schedule import AHEAD, PERIOD, SKEW, Slot, forgotten, signing, successor_from

START = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = st.lists(st.integers(min_value=1, max_value=5 * 24 * 3600), min_size=1, max_size=60)


@given(STEPS)
def test_every_token_that_lives_is_of_a_key_that_verifiers_hold(steps: list[int]) -> None:
    """Tend at random times, days apart or seconds; mint at each; at no time has a living token lost its key."""
    now, kept, minted, published_at = START, list[Slot](), list[tuple[str, datetime]](), dict[str, datetime]()
    for step in steps:
        gone = forgotten(kept, now)
        kept = [slot for slot in kept if slot not in gone]
        if (use_from := successor_from(kept, now)) is not None:
            kept.append(Slot(f"k{len(published_at)}", use_from))
            published_at[kept[-1].kid] = now
        current = signing(kept, now)
        assert current is not None
        first = current.kid == "k0"
        assert first or now - published_at[current.kid] >= AHEAD, "signed before verifiers could know the key"
        minted.append((current.kid, now + timedelta(seconds=TOKEN_SECONDS)))
        alive = {kid for kid, ends in minted if ends + SKEW > now}
        assert alive <= {slot.kid for slot in kept}, "a living token's key was forgotten"
        now += timedelta(seconds=step)


def test_a_first_key_signs_at_once() -> None:
    assert successor_from([], START) == START


def test_a_key_is_replaced_after_its_period_and_not_before() -> None:
    only = [Slot("a", START)]
    assert successor_from(only, START + PERIOD - AHEAD - timedelta(seconds=1)) is None
    assert successor_from(only, START + PERIOD - AHEAD) == START + PERIOD


def test_the_old_key_signs_until_the_new_ones_time_has_come() -> None:
    both = [Slot("a", START), Slot("b", START + PERIOD)]
    assert signing(both, START + PERIOD - timedelta(microseconds=1)) == both[0]
    assert signing(both, START + PERIOD) == both[1]


def test_a_clock_that_was_set_back_still_finds_a_key() -> None:
    assert signing([Slot("a", START)], START - timedelta(days=1)) == Slot("a", START)


def test_a_successor_is_made_once() -> None:
    both = [Slot("a", START), Slot("b", START + PERIOD)]
    assert successor_from(both, START + PERIOD - timedelta(minutes=1)) is None


def test_an_old_key_is_kept_until_its_last_token_has_ended() -> None:
    both = [Slot("a", START), Slot("b", START + PERIOD)]
    last = START + PERIOD + timedelta(seconds=TOKEN_SECONDS) + SKEW
    assert forgotten(both, last - timedelta(seconds=1)) == ()
    assert forgotten(both, last) == (both[0],)
