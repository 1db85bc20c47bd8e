"""The grants engine on both databases: the rules hold for everybody, races lose nothing, and time ends what it must."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ostiary.core.errors import Refused
from ostiary.model.access import Grant, GrantState
from ostiary.pillars.access.asking import Asked, asked
from ostiary.pillars.access.grants import OPEN_FOR
from ostiary.server.errors import Forbidden, NotFound, TooMany
from ostiary.server.grants import Grants
from ostiary.server.ports import Principal
from ostiary.server.rules import Rules
from ostiary.server.store.engine import Store
from ostiary.server.store.grants import Selection

RULES = """apiVersion: ostiary.dev/v1
kind: Intent
access:
  administrators: [root]
  viewers: [eve]
  rules:
    - {who: ["group:dev"], roles: [view], clusters: [prod], namespaces: [shop], approvers: ["group:leads"]}
    - {who: ["group:dev"], roles: [edit], clusters: [prod], namespaces: [shop], approvers: ["group:leads"], approvals: 2}
"""
ALICE, DAN = Principal("alice", "s1", ("dev",)), Principal("dan", "s2", ("dev",))
BOB, CAROL = Principal("bob", "s3", ("leads",)), Principal("carol", "s4", ("leads", "dev"))
ROOT, EVE, MALLORY = Principal("root", "s5"), Principal("eve", "s6"), Principal("mallory", "s7", ("Dev", "group:dev"))


class Clock:
    """A clock that stands until it is set."""

    now = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def intent(tmp_path: Path) -> Path:
    path = tmp_path / "ostiary.yaml"
    path.write_text(RULES)
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changed() -> list[str]:
    return []


@pytest.fixture
def engine(store: Store, intent: Path, clock: Clock, changed: list[str]) -> Grants:
    return Grants(store, Rules(intent), changed.append, clock)


def ask(by: Principal = ALICE, role: str = "view", *, space: str = "shop", seconds: int = 600) -> Asked:
    return asked(by.person, "prod", role, namespaces=[space], everywhere=False, reason="why", seconds=seconds)


def rewrite(intent: Path, text: str | None) -> None:
    intent.unlink() if text is None else intent.write_text(text)


async def state(engine: Grants, name: str) -> GrantState:
    return (await engine.get(ROOT, name))[0].state


async def test_from_a_request_to_its_end(engine: Grants, clock: Clock, changed: list[str]) -> None:
    grant = await engine.request(ALICE, ask())
    assert (grant.state, changed) == (GrantState.REQUESTED, [])
    grant = await engine.approve(BOB, grant.id, "looks right")
    assert (grant.state, grant.ends_at, changed) == (GrantState.ACTIVE, clock.now + timedelta(seconds=600), ["prod"])
    assert await engine.live(clock.now, cluster="prod", person="alice") == (grant,)
    assert await engine.expire() == grant.ends_at
    clock.now += timedelta(seconds=600)
    assert await engine.live(clock.now) == ()
    assert await engine.expire() is None
    assert changed == ["prod", "prod"]
    found, events = await engine.get(ALICE, grant.id)
    assert found.state is GrantState.EXPIRED
    assert [(one.who, one.what, one.note) for one in events] == [
        ("alice", "request", "why"), ("bob", "approve", "looks right"), ("ostiary", "expire", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("by", [MALLORY, BOB, EVE, ROOT])
async def test_nobody_asks_without_a_rule(engine: Grants, by: Principal) -> None:
    with pytest.raises(Forbidden, match="no rule lets"):
        await engine.request(by, ask(by))


async def test_nobody_asks_for_more_than_a_rule_says(engine: Grants) -> None:
    for further in (ask(role="admin"), ask(space="kube-system"), ask(seconds=3601)):
        with pytest.raises(Forbidden, match="no rule lets"):
            await engine.request(ALICE, further)


async def test_others_do_not_decide(engine: Grants) -> None:
    grant = await engine.request(ALICE, ask())
    for by, error in ((ALICE, NotFound), (DAN, NotFound), (MALLORY, NotFound), (EVE, Forbidden), (ROOT, Forbidden)):
        with pytest.raises(Refused if by is ALICE else error):
            await engine.approve(by, grant.id)
    for by in (DAN, MALLORY):
        for verb in (engine.deny, engine.revoke, engine.withdraw, engine.get):
            with pytest.raises(NotFound):
                await verb(by, grant.id)
    with pytest.raises(Forbidden):
        await engine.deny(EVE, grant.id)
    assert await state(engine, grant.id) is GrantState.REQUESTED


async def test_a_lead_who_asked_does_not_approve_it(engine: Grants) -> None:
    grant = await engine.request(CAROL, ask(CAROL))
    with pytest.raises(Refused, match="carol asked for"):
        await engine.approve(CAROL, grant.id)
    assert (await engine.approve(BOB, grant.id)).state is GrantState.ACTIVE


async def test_two_approvals_at_once_count_as_two(engine: Grants, changed: list[str]) -> None:
    grant = await engine.request(ALICE, ask(role="edit"))
    await asyncio.gather(engine.approve(BOB, grant.id), engine.approve(CAROL, grant.id))
    found, events = await engine.get(ROOT, grant.id)
    assert (found.state, set(found.decided_by), changed) == (GrantState.ACTIVE, {"bob", "carol"}, ["prod"])
    assert [one.what for one in events] == ["request", "approve", "approve"]


async def test_of_many_decisions_at_once_one_wins(engine: Grants) -> None:
    grant = await engine.request(ALICE, ask())
    verbs = [
        engine.approve(BOB, grant.id),
        engine.deny(CAROL, grant.id),
        engine.withdraw(ALICE, grant.id),
        engine.deny(ROOT, grant.id),
    ]
    answers = await asyncio.gather(*verbs, return_exceptions=True)
    assert [type(one) for one in answers].count(Grant) == 1
    assert all(isinstance(one, Grant | Refused) for one in answers)
    assert len((await engine.get(ROOT, grant.id))[1]) == 2


async def test_who_may_revoke(engine: Grants) -> None:
    for by in (ALICE, BOB, CAROL, ROOT):
        grant = await engine.approve(BOB, (await engine.request(ALICE, ask())).id)
        with pytest.raises(Forbidden):
            await engine.revoke(EVE, grant.id)
        assert (await engine.revoke(by, grant.id)).state is GrantState.REVOKED
        with pytest.raises(Refused, match="is revoked"):
            await engine.approve(BOB, grant.id)


async def test_rules_are_judged_again_at_the_approval(engine: Grants, intent: Path) -> None:
    grant = await engine.request(ALICE, ask())
    rewrite(intent, RULES.replace("roles: [view]", "roles: [other]"))
    with pytest.raises(NotFound):  # the rule that made bob an approver is gone
        await engine.approve(BOB, grant.id)
    with pytest.raises(Refused, match="do not allow"):
        await engine.approve(EVE, grant.id)
    with pytest.raises(Forbidden):
        await engine.deny(EVE, grant.id)
    assert (await engine.deny(ROOT, grant.id)).state is GrantState.DENIED


async def test_more_approvals_than_at_the_request_are_asked_for(engine: Grants, intent: Path) -> None:
    grant = await engine.request(ALICE, ask())
    rewrite(intent, RULES.replace('approvers: ["group:leads"]}', 'approvers: ["group:leads"], approvals: 2}', 1))
    assert (await engine.approve(BOB, grant.id)).state is GrantState.REQUESTED
    assert (await engine.approve(CAROL, grant.id)).state is GrantState.ACTIVE


async def test_a_broken_intent_file_changes_no_rule(engine: Grants, intent: Path) -> None:
    rewrite(intent, "access: [")
    assert (await engine.request(ALICE, ask())).state is GrantState.REQUESTED
    rewrite(intent, None)
    assert (await engine.request(ALICE, ask())).state is GrantState.REQUESTED
    with pytest.raises(Forbidden):
        await engine.request(MALLORY, ask(MALLORY))


async def test_what_ended_while_nobody_looked_ends_at_once(engine: Grants, clock: Clock, changed: list[str]) -> None:
    grant = await engine.approve(BOB, (await engine.request(ALICE, ask())).id)
    waiting = await engine.request(DAN, ask(DAN))
    clock.now += OPEN_FOR
    with pytest.raises(Refused, match="is expired"):
        await engine.approve(BOB, waiting.id)
    with pytest.raises(Refused, match="is expired"):
        await engine.revoke(ALICE, grant.id)
    assert changed == ["prod", "prod"]


async def test_a_clock_that_was_set_back_gives_nothing(engine: Grants, clock: Clock) -> None:
    await engine.approve(BOB, (await engine.request(ALICE, ask())).id)
    clock.now -= timedelta(hours=1)
    assert await engine.live(clock.now) == ()
    await engine.expire()
    clock.now += timedelta(hours=1)
    assert await engine.live(clock.now) == ()


async def test_a_flood_of_requests_is_dammed(engine: Grants) -> None:
    for _ in range(20):
        await engine.request(ALICE, ask())
    with pytest.raises(TooMany, match="20 requests of alice"):
        await engine.request(ALICE, ask())
    await engine.request(DAN, ask(DAN))


async def test_lists_hold_what_one_may_see(engine: Grants) -> None:
    of_alice = await engine.request(ALICE, ask())
    of_dan = await engine.approve(BOB, (await engine.request(DAN, ask(DAN))).id)

    async def seen(by: Principal, chosen: Selection = Selection()) -> set[str]:  # noqa: B008
        return {one.id for one in (await engine.page(by, chosen)).grants}

    both = {of_alice.id, of_dan.id}
    assert await seen(ALICE) == {of_alice.id}
    assert await seen(MALLORY) == set()
    assert await seen(CAROL) == {of_alice.id}  # what waits for her
    assert await seen(EVE) == await seen(ROOT) == both
    assert await seen(EVE, Selection(person="dan")) == {of_dan.id}
    assert await seen(EVE, Selection(states=(GrantState.REQUESTED,))) == {of_alice.id}
    with pytest.raises(Forbidden, match="viewers"):
        await seen(ALICE, Selection(person="dan"))


async def test_pages_hold_everything_once(engine: Grants, clock: Clock) -> None:
    made = []
    for number in range(7):
        clock.now += timedelta(seconds=number % 2)  # some at the same moment
        made.append((await engine.request(ALICE, ask())).id)
    seen: list[str] = []
    after = None
    while True:
        page = await engine.page(EVE, Selection(limit=2, after=after))
        seen += [one.id for one in page.grants]
        if (after := page.after) is None:
            break
    assert sorted(seen) == sorted(made)
