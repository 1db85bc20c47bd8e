"""Sessions, accounts, throttling and sign-ins on both databases: secrets are hashed, limits hold, of two who come at once one gets in."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.adapters.oidc.liar import Liar

from ostiary.core.errors import BadInput, OstiaryError, Refused, Unreachable
from ostiary.model.access import TOKEN_SECONDS
from ostiary.server.errors import NotFound, TooMany, Unauthenticated
from ostiary.server.sessions import Limits, Sessions
from ostiary.server.signon.accounts import Accounts
from ostiary.server.signon.known_people import KnownPeople
from ostiary.server.signon.loopback import loopback
from ostiary.server.signon.names import SignedIn
from ostiary.server.signon.passkeys import Passkeys
from ostiary.server.signon.progress import LIFE, Progress, SignIns
from ostiary.server.signon.service import Door, People
from ostiary.server.signon.settings import Provider, SignOnSettings
from ostiary.server.signon.throttle import ADDRESS, PAIR, Throttle
from ostiary.server.store.engine import Store
from ostiary.server.tokens.schedule import AHEAD, PERIOD, SKEW

NOW = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
ALICE = SignedIn("alice", ("dev",), False, "s1")
BACK = "http://127.0.0.1:40000/callback"


@pytest.fixture
def sessions(store: Store) -> Sessions:
    return Sessions(store, Limits())


async def everything(store: Store, table: str) -> str:
    async with store.read() as connection:
        return str((await connection.execute(text(f"SELECT * FROM {table}"))).all())


async def test_a_session_is_found_by_its_secret_and_by_nothing_else(sessions: Sessions, store: Store) -> None:
    begun = await sessions.begin(ALICE, "password", NOW)
    found = await sessions.find(begun.secret, NOW)
    assert found is not None
    assert (found.principal.person, found.principal.groups, found.session.way) == ("alice", ("dev",), "password")
    for other in (begun.session.id, begun.secret[:-1], begun.secret + "x", begun.secret.swapcase(), "", "%"):
        assert await sessions.find(other, NOW) is None
    assert begun.secret not in await everything(store, "sessions") + repr(begun)
    assert len(begun.secret) >= 43


async def test_a_session_ends_by_either_limit(sessions: Sessions) -> None:
    limits = sessions.limits
    begun = await sessions.begin(ALICE, "oidc", NOW)
    assert await sessions.find(begun.secret, NOW + limits.idle - timedelta(seconds=1)) is not None, "which touches it"
    at = NOW + limits.idle
    assert await sessions.find(begun.secret, at + limits.idle - timedelta(seconds=2)) is not None
    while at < NOW + limits.absolute - timedelta(hours=1):
        at += timedelta(hours=1)
        await sessions.find(begun.secret, at)
    assert await sessions.find(begun.secret, NOW + limits.absolute - timedelta(seconds=1)) is not None
    assert await sessions.find(begun.secret, NOW + limits.absolute) is None


async def test_an_idle_session_is_over_for_good(sessions: Sessions) -> None:
    begun = await sessions.begin(ALICE, "oidc", NOW)
    assert await sessions.find(begun.secret, NOW + sessions.limits.idle) is None
    assert await sessions.living(NOW + sessions.limits.idle) == ()


async def test_a_revoked_session_is_denied_as_long_as_a_token_may_live(sessions: Sessions) -> None:
    begun = await sessions.begin(ALICE, "oidc", NOW)
    assert await sessions.denied(NOW) == ()
    ended = await sessions.end(begun.session.id, NOW)
    assert ended is not None
    assert await sessions.find(begun.secret, NOW) is None
    last = NOW + timedelta(seconds=TOKEN_SECONDS) + SKEW
    await sessions.end(begun.session.id, last)
    assert await sessions.denied(last - timedelta(seconds=1)) == (begun.session.id,)
    assert await sessions.denied(last) == ()
    await sessions.sweep(NOW + timedelta(days=2))
    assert await sessions.end(begun.session.id, NOW) is None


async def test_ending_all_of_a_person_ends_nobody_elses(sessions: Sessions) -> None:
    mine = [await sessions.begin(ALICE, "oidc", NOW) for _ in range(3)]
    other = await sessions.begin(SignedIn("bob"), "oidc", NOW)
    assert await sessions.end_all("alice", NOW) == 3
    assert [await sessions.find(one.secret, NOW) for one in mine] == [None] * 3
    assert await sessions.find(other.secret, NOW) is not None


@pytest.mark.parametrize(("absolute", "idle"), [(60, 60), (900, 899), (3600, 7200), (8 * 86400, 3600)])
def test_limits_that_would_let_a_token_outlive_its_session_are_refused(absolute: int, idle: int) -> None:
    with pytest.raises(BadInput, match="cannot be"):
        Limits(timedelta(seconds=absolute), timedelta(seconds=idle))


async def test_a_password_lets_in_and_is_kept_as_argon2id(store: Store) -> None:
    accounts = Accounts(store)
    password = await accounts.create("Alice", NOW)
    assert (await accounts.by_password("ALICE", password, "1.2.3.4", NOW)).person == "alice"
    kept = await everything(store, "accounts")
    assert password not in kept
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in kept
    with pytest.raises(Refused, match="has an account already"):
        await accounts.create("aLICE", NOW)


async def test_what_is_no_name_is_nobody_on_either_database(store: Store) -> None:
    accounts = Accounts(store)
    password = await accounts.create("alice", NOW)
    for number, person in enumerate(["a\x00b", "?", "", "x" * 5000, "' OR 1=1 --", "alice\n", "\uff41lice", "%"]):
        with pytest.raises(Unauthenticated, match="the name or the password is wrong"):
            await accounts.by_password(person, password, f"1.2.3.{number}", NOW)


async def test_a_passkey_that_is_none_is_nobodys(store: Store) -> None:
    passkeys = Passkeys(store, site="localhost", origin="https://localhost:1")
    for name in (None, 7, "", "a\x00", "unknown", "x" * 5000, ["a"], "\ud800"):
        with pytest.raises(Unauthenticated, match="not known here"):
            await passkeys.by_passkey({"id": name, "rawId": name}, "00" * 32, NOW)


async def test_a_closed_account_lets_nobody_in(store: Store) -> None:
    accounts = Accounts(store)
    password = await accounts.create("alice", NOW)
    await accounts.set_disabled("alice", True)
    with pytest.raises(Unauthenticated):
        await accounts.by_password("alice", password, "1.2.3.4", NOW)
    with pytest.raises(Unauthenticated):
        await accounts.known("alice")
    await accounts.set_disabled("alice", False)
    await accounts.by_password("alice", password, "1.2.3.4", NOW)
    with pytest.raises(NotFound):
        await accounts.set_disabled("nobody", True)


async def test_an_easy_password_is_refused(store: Store) -> None:
    for password in ("short", "alice", "a" * 40, "abababababababab", "x" * 600):
        with pytest.raises(BadInput, match="too easy"):
            await Accounts(store).create("alice", NOW, password=password)


async def test_guessing_is_slowed_down_for_one_pair_and_nobody_is_locked_out(store: Store) -> None:
    throttle = Throttle(store)
    for _ in range(PAIR.free + 1):
        await throttle.attempt("alice", "6.6.6.6", NOW)
    with pytest.raises(TooMany, match="too many attempts to sign in as 'alice'"):
        await throttle.attempt("alice", "6.6.6.6", NOW)
    await throttle.attempt("alice", "1.2.3.4", NOW)
    later = NOW + timedelta(seconds=3)
    await throttle.attempt("alice", "6.6.6.6", later)
    with pytest.raises(TooMany):
        await throttle.attempt("alice", "6.6.6.6", later + timedelta(seconds=3))
    await throttle.succeeded("alice", "6.6.6.6")
    await throttle.attempt("alice", "6.6.6.6", later)


async def test_spraying_from_one_address_is_slowed_down(store: Store) -> None:
    throttle = Throttle(store)
    for number in range(ADDRESS.free + 1):
        await throttle.attempt(f"person-{number}", "6.6.6.6", NOW)
    with pytest.raises(TooMany):
        await throttle.attempt("somebody else", "6.6.6.6", NOW)


async def test_guesses_at_the_same_time_are_counted_each(store: Store) -> None:
    throttle = Throttle(store)
    results = await asyncio.gather(*(throttle.attempt("alice", "6.6.6.6", NOW) for _ in range(20)), return_exceptions=True)
    assert sum(result is None for result in results) == PAIR.free + 1
    assert all(isinstance(result, TooMany) for result in results if result is not None)


async def test_counts_fade(store: Store) -> None:
    throttle = Throttle(store)
    for _ in range(PAIR.free + 1):
        await throttle.attempt("alice", "6.6.6.6", NOW)
    await throttle.sweep(NOW + timedelta(hours=2))
    assert await everything(store, "sign_in_failures") == "[]"


async def test_a_sign_in_is_used_up_by_one(store: Store) -> None:
    sign_ins = SignIns(store)
    started = await sign_ins.start(Progress(provider="corp"), NOW)
    assert started.secret not in await everything(store, "sign_ins")
    taken = await asyncio.gather(*(sign_ins.take(started.secret, NOW) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, Progress) for one in taken) == 1
    assert sum(isinstance(one, NotFound) for one in taken) == 4


async def test_a_sign_in_lasts_ten_minutes(store: Store) -> None:
    sign_ins = SignIns(store)
    started = await sign_ins.start(Progress(provider="corp"), NOW)
    with pytest.raises(NotFound, match="took longer than ten minutes"):
        await sign_ins.take(started.secret, NOW + LIFE)


async def test_a_name_belongs_to_the_subject_that_first_came_with_it(store: Store) -> None:
    known = KnownPeople(store)
    await known.admit("corp", ALICE, NOW)
    await known.admit("corp", SignedIn("alice", ("ops",), False, "s1"), NOW)
    assert (await known.all())[0].groups == ("ops",)
    for provider, subject in (("corp", "s2"), ("other", "s1"), ("builtin", "alice")):
        with pytest.raises(Refused, match="belongs to somebody who signed in by corp"):
            await known.admit(provider, SignedIn("alice", ("admins",), True, subject), NOW)
    assert (await known.all())[0].groups == ("ops",)
    assert await known.forget("alice")
    await known.admit("other", SignedIn("alice", (), False, "s1"), NOW)


@pytest.mark.parametrize(
    "uri",
    [
        "https://127.0.0.1:1/callback", "http://127.0.0.1/callback", "http://127.0.0.1:1/", "http://127.0.0.1:1/callback?x",
        "http://127.0.0.1.evil.example:1/callback", "http://evil@127.0.0.1:1/callback", "http://127.0.0.1:70000/callback",
        "http://localhost:1/callback", "http://127.0.0.1:1/callback\n", "http://127.0.0.1:01/callback", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_a_browser_is_sent_nowhere_but_to_this_machine(uri: str) -> None:
    assert not loopback(uri)
    assert loopback(BACK)


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    async with Liar() as found:
        yield found


@pytest.fixture
def people(store: Store, liar: Liar, tmp_path: Path) -> People:
    settings = SignOnSettings(
        origin="https://localhost:1", issuer="https://localhost:1", providers=(Provider(oidc=liar.settings()),)
    )
    return People(store, settings, tmp_path, lambda: Door("", "", ""))


async def test_a_provider_leads_to_a_session(people: People, liar: Liar) -> None:
    now = datetime.now(UTC)
    started = await people.flows.start_browser("corp", BACK, now)
    begun = await people.flows.finish_browser(started.secret, liar.browser(started.url), started.state, None, now)
    assert (begun.session.person, begun.session.way) == ("alice@example.com", "oidc")
    with pytest.raises(NotFound):
        await people.flows.finish_browser(started.secret, "code", started.state, None, now)


async def test_what_belongs_to_another_sign_in_is_refused(people: People, liar: Liar) -> None:
    """A victim's browser that is led to the attacker's answer, and an attacker with the victim's code, get nothing."""
    now = datetime.now(UTC)
    mine, theirs = [await people.flows.start_browser("corp", BACK, now) for _ in range(2)]
    with pytest.raises(Refused, match="belongs to another sign-in"):
        await people.flows.finish_browser(mine.secret, liar.browser(mine.url), theirs.state, None, now)
    third = await people.flows.start_browser("corp", BACK, now)
    with pytest.raises(Refused, match="used already, or it took too long"):
        await people.flows.finish_browser(third.secret, liar.browser(theirs.url), third.state, None, now)


async def test_a_device_is_not_asked_about_faster_than_the_provider_wants(people: People, liar: Liar) -> None:
    liar.device_says = ["authorization_pending", "slow_down", "yes"]
    now = datetime.now(UTC)
    started = await people.flows.start_device("corp", now)
    for seconds in (0.0, 0.1, 0.5, 0.9):
        assert not hasattr(await people.flows.poll_device(started.secret, now + timedelta(seconds=seconds)), "secret")
    assert len(liar.device_says) == 2, "asked once within the first second"
    await people.flows.poll_device(started.secret, now + timedelta(seconds=1))
    await people.flows.poll_device(started.secret, now + timedelta(seconds=5))
    assert liar.device_says == ["yes"], "five seconds more were asked for"
    begun = await people.flows.poll_device(started.secret, now + timedelta(seconds=8))
    assert getattr(begun, "session").person == "alice@example.com"  # noqa: B009 # a session by now
    with pytest.raises(NotFound):
        await people.flows.poll_device(started.secret, now + timedelta(seconds=20))


async def test_the_built_in_sign_on_is_off_unless_it_is_on(people: People) -> None:
    await people.accounts.create("alice", NOW, password="correct horse battery")
    ways = (
        people.flows.by_password("alice", "correct horse battery", "1.2.3.4", NOW),
        people.flows.start_browser("builtin", BACK, NOW),
    )
    for way in ways:
        with pytest.raises(NotFound, match="the built-in sign-on is off"):
            await way
    assert people.flows.names() == ("corp",)


async def test_a_provider_that_is_down_signs_nobody_in_and_nobody_out(people: People, liar: Liar) -> None:
    now = datetime.now(UTC)
    before = await people.kept.begin(ALICE, "oidc", now)
    await liar.down()
    with pytest.raises(Unreachable):
        await people.flows.start_browser("corp", BACK, now)
    assert await people.kept.find(before.secret, now) is not None


async def test_keys_rotate_in_the_store_without_a_gap(people: People) -> None:
    """Asked for every twenty minutes over three days: a successor is published well before the old key goes, in its time. ``test_schedule`` has the law."""
    seen: dict[str, list[datetime]] = {}
    at = NOW
    while at < NOW + timedelta(days=3):
        published = await people.jwks(at)
        for key in published["keys"]:  # type: ignore[attr-defined]  # plain JSON
            seen.setdefault(key["kid"], []).append(at)
            assert not {"d", "k"} & key.keys()
        at += timedelta(minutes=20)
    assert len(seen) == 3
    for one, following in zip(list(seen.values()), list(seen.values())[1:], strict=False):
        assert one[-1] - following[0] >= AHEAD + timedelta(seconds=TOKEN_SECONDS) + SKEW - timedelta(minutes=20)
        assert following[0] - one[0] <= PERIOD + timedelta(minutes=20)


async def test_a_store_without_its_sealing_key_signs_nothing(people: People, store: Store, tmp_path: Path) -> None:
    await people.jwks(NOW)
    (tmp_path / "sealing.key").unlink()
    other = People(store, people.settings, tmp_path, people.door)
    with pytest.raises(OstiaryError, match="sealed by another key"):
        await other.jwks(NOW)
