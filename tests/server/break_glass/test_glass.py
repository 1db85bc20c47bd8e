"""Break-glass on both databases: one person opens nothing, two open a quarter of an hour, and everybody is told."""

import json
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from ostiary.core.errors import OstiaryError, Refused
from ostiary.model.access import GrantState
from ostiary.server.break_glass.alarm import Alarm
from ostiary.server.break_glass.glass import BreakGlass
from ostiary.server.errors import Forbidden, NotFound, TooMany, Unauthenticated
from ostiary.server.grants import Grants
from ostiary.server.ports import ClusterSide, ClusterStatus, Principal
from ostiary.server.rules import Rules
from ostiary.server.sessions import Limits, Sessions
from ostiary.server.store.engine import Store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANN = Principal("ann@example.com", "s1", (), True)
BOB = Principal("bob@example.com", "s2", (), True)
CAROL = Principal("carol@example.com", "s3")


class Clusters:
    """Two clusters, as far as break-glass asks for them: one with it, one without."""

    async def statuses(self) -> tuple[ClusterStatus, ...]:
        return (
            ClusterStatus("prod", "https://10.0.0.1:6443", break_glass_role="cluster-admin"),
            ClusterStatus("test", "https://10.0.0.2:6443"),
        )


class Scene:
    """One control plane, whose clock is moved by hand."""

    def __init__(self, store: Store, intent: Path | None, alarm: Alarm) -> None:
        self.now = NOW
        self.changed: list[str] = []
        rules = Rules(intent)
        self.grants = Grants(store, rules, self.changed.append, self.clock)
        self.sessions = Sessions(store, Limits())
        self.glass = BreakGlass(
            store,
            grants=self.grants,
            sessions=self.sessions,
            rules=rules,
            clusters=cast(ClusterSide, Clusters()),
            alarm=alarm,
            clock=self.clock,
        )

    def clock(self) -> datetime:
        return self.now


Make = Callable[..., Scene]


@pytest.fixture
async def make(store: Store) -> AsyncIterator[Make]:
    alarms: list[Alarm] = []

    def made(intent: Path | None = None, alarm: Alarm | None = None) -> Scene:
        alarms.append(alarm or Alarm())
        return Scene(store, intent, alarms[-1])

    yield made
    for one in alarms:
        await one.settled()


async def test_two_people_open_a_quarter_of_an_hour_and_one_session(make: Make) -> None:
    scene = make()
    hers, his = await scene.glass.enrol(ANN), await scene.glass.enrol(BOB)
    opened = await scene.glass.open("Ann@example.com", hers, "prod", "the provider is down", "a")
    assert await scene.glass.session(opened.opening.id, opened.ticket) is None
    assert await scene.grants.live(scene.now, cluster="prod") == ()

    confirmed = await scene.glass.confirm(opened.opening.id, "bob@example.com", his, "b")
    assert confirmed.confirmed_by == "bob@example.com"
    (grant,) = await scene.grants.live(scene.now, cluster="prod", person="ann@example.com")
    assert (grant.role, grant.everywhere, grant.break_glass, grant.state) == ("cluster-admin", True, True, GrantState.ACTIVE)
    assert grant.ends_at == NOW + timedelta(minutes=15)
    assert scene.changed == ["prod"]

    scene.now += timedelta(minutes=1)
    begun = await scene.glass.session(opened.opening.id, opened.ticket)
    assert begun is not None
    assert begun.session.id.startswith("break-glass")  # and with it every record that names it
    assert (begun.session.way, begun.session.ends_at) == ("break-glass", NOW + timedelta(minutes=15))
    found = await scene.sessions.find(begun.secret, scene.now)
    assert found is not None
    assert (found.principal.person, found.principal.administrator, found.principal.groups) == ("ann@example.com", False, ())
    with pytest.raises(Unauthenticated):
        await scene.glass.session(opened.opening.id, opened.ticket)

    scene.now = NOW + timedelta(minutes=15)
    assert await scene.grants.live(scene.now, cluster="prod") == ()
    assert await scene.sessions.find(begun.secret, scene.now) is None


async def test_one_person_opens_nothing(make: Make) -> None:
    scene = make()
    hers = await scene.glass.enrol(ANN)
    opened = await scene.glass.open("ann@example.com", hers, "prod", "alone", "a")
    for again in ("ann@example.com", "ANN@example.com"):
        with pytest.raises(Refused, match="two people"):
            await scene.glass.confirm(opened.opening.id, again, hers, "a")
    assert await scene.grants.live(scene.now) == ()


async def test_only_those_who_were_named_take_part(make: Make, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        await make().glass.enrol(CAROL)
    intent = tmp_path / "ostiary.yaml"
    head = "apiVersion: ostiary.dev/v1\nkind: Intent\naccess:\n"
    intent.write_text(f"{head}  breakGlass: [carol@example.com, 'group:sre']\n")
    scene = make(intent)
    hers = await scene.glass.enrol(CAROL)
    await scene.glass.enrol(Principal("dan@example.com", "s", ("sre",)))
    with pytest.raises(Forbidden):
        await scene.glass.enrol(ANN)
    intent.write_text(f"{head}  breakGlass: ['group:sre']\n")
    with pytest.raises(Forbidden):  # named no longer: the passphrase is worth nothing
        await scene.glass.open("carol@example.com", hers, "prod", "still here?", "a")


@pytest.mark.parametrize(
    ("person", "cluster", "reason", "error"),
    [
        ("nobody@example.com", "prod", "x", Unauthenticated),
        ("ann@example.com", "test", "x", Refused),
        ("ann@example.com", "elsewhere", "x", Refused),
        ("ann@example.com", "prod", "two\nlines", OstiaryError),
        ("ann@example.com", "prod", " ", OstiaryError),
    ],
)
async def test_what_cannot_be_opened(make: Make, person: str, cluster: str, reason: str, error: type[Exception]) -> None:
    scene = make()
    hers = await scene.glass.enrol(ANN)
    with pytest.raises(error):
        await scene.glass.open(person, hers, cluster, reason, "a")
    assert await scene.glass.recent() == ()


async def test_guesses_are_counted_and_a_new_enrolment_ends_the_old_passphrase(make: Make) -> None:
    scene = make()
    old = await scene.glass.enrol(ANN)
    new = await scene.glass.enrol(ANN)
    assert old != new
    for _ in range(6):
        with pytest.raises(Unauthenticated):
            await scene.glass.open("ann@example.com", old, "prod", "x", "a")
    with pytest.raises(TooMany):
        await scene.glass.open("ann@example.com", new, "prod", "x", "a")
    assert (await scene.glass.open("ann@example.com", new.upper(), "prod", "x", "b")).opening.person == "ann@example.com"
    await scene.glass.people.forget("ann@example.com")
    with pytest.raises(Unauthenticated):
        await scene.glass.open("ann@example.com", new, "prod", "x", "c")
    with pytest.raises(NotFound):
        await scene.glass.people.forget("ann@example.com")


async def test_what_nobody_confirmed_in_time_stays_shut(make: Make) -> None:
    scene = make()
    hers, his = await scene.glass.enrol(ANN), await scene.glass.enrol(BOB)
    opened = await scene.glass.open("ann@example.com", hers, "prod", "x", "a")
    scene.now += timedelta(minutes=10)
    with pytest.raises(Refused, match="waits for nobody"):
        await scene.glass.confirm(opened.opening.id, "bob@example.com", his, "b")
    with pytest.raises(Refused, match="over"):
        await scene.glass.session(opened.opening.id, opened.ticket)
    with pytest.raises(NotFound):
        await scene.glass.confirm("unknown", "bob@example.com", his, "b")


async def test_a_confirmation_counts_once_and_a_ticket_is_its_own(make: Make) -> None:
    scene = make()
    hers, his = await scene.glass.enrol(ANN), await scene.glass.enrol(BOB)
    one = await scene.glass.open("ann@example.com", hers, "prod", "one", "a")
    two = await scene.glass.open("ann@example.com", hers, "prod", "two", "a")
    await scene.glass.confirm(one.opening.id, "bob@example.com", his, "b")
    with pytest.raises(Refused):
        await scene.glass.confirm(one.opening.id, "bob@example.com", his, "b")
    with pytest.raises(Unauthenticated):
        await scene.glass.session(one.opening.id, two.ticket)
    assert await scene.glass.session(two.opening.id, two.ticket) is None


async def test_everybody_is_told_and_no_secret_is(make: Make, tmp_path: Path) -> None:
    told = tmp_path / "told.jsonl"
    program = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')"
    alarm = Alarm([sys.executable, "-c", program, str(told)], webhook="http://127.0.0.1:9/nobody-listens")
    scene = make(alarm=alarm)
    hers, his = await scene.glass.enrol(ANN), await scene.glass.enrol(BOB)
    opened = await scene.glass.open("ann@example.com", hers, "prod", "a reason", "a")
    await scene.glass.confirm(opened.opening.id, "bob@example.com", his, "b")
    begun = await scene.glass.session(opened.opening.id, opened.ticket)
    await alarm.settled()
    text = told.read_text()
    events = [json.loads(line)["event"] for line in text.splitlines()]
    assert sorted(events) == ["confirmed", "enrolled", "enrolled", "opened", "used"]
    assert begun is not None
    for secret in (hers, his, opened.ticket, begun.secret):
        assert secret not in text
        assert secret not in repr((opened, begun))
