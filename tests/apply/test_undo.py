"""Undo: plan then undo is the identity, and nothing that somebody else wrote is touched."""

import asyncio
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.apply.double import InMemoryApi
from tests.apply.plans import every_action, labels, namespace, role, role_object, shop, staged

from ostiary.apply.api import Rejected
from ostiary.apply.fields import Object, merged
from ostiary.apply.journal import Journal
from ostiary.apply.outcome import Report, Status
from ostiary.apply.perform import perform
from ostiary.apply.step import content
from ostiary.apply.undo import rehearse_undo, undo
from ostiary.model.plan import Action, Change, Plan, Target


async def apply(plan: Plan, api: InMemoryApi, path: Path) -> Report:
    with Journal.create(path, plan, cluster="") as journal:
        return await perform(api, journal, plan.stages, patience=0)


async def take_back(api: InMemoryApi, path: Path) -> Report:
    with Journal.open(path) as journal:
        return await undo(api, journal)


def contents(api: InMemoryApi) -> dict[tuple[str, str, str], Object]:
    return {name: content(body) for name, body in api.objects.items()}


async def test_every_action_is_taken_back_last_first(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    before = contents(api)
    assert (await apply(every_action(), api, tmp_path / "j")).exit_code == 0
    api.calls.clear()
    report = await take_back(api, tmp_path / "j")
    assert contents(api) == before
    assert report.exit_code == 0
    assert api.writes == ["create Role shop/writer", "patch Namespace shop", "patch Namespace shop", "delete Role shop/reader"]


async def test_twice_is_once(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    await apply(every_action(), api, tmp_path / "j")
    await take_back(api, tmp_path / "j")
    api.calls.clear()
    report = await take_back(api, tmp_path / "j")
    assert report == Report()
    assert api.calls == []


async def test_what_was_there_already_is_not_taken_back(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    await apply(staged("shop"), api, tmp_path / "first")
    await apply(staged("shop"), api, tmp_path / "second")
    stands = contents(api)
    await take_back(api, tmp_path / "second")
    assert contents(api) == stands


async def test_what_somebody_changed_since_is_kept_and_the_others_go_on(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop", "pay"))
    await apply(staged("shop", "pay"), api, tmp_path / "j")
    api.put(namespace("pay"), merged(api.objects["namespaces", "", "pay"], labels(enforce="restricted")))
    report = await take_back(api, tmp_path / "j")
    assert report.exit_code == 1
    assert [str(outcome) for outcome in report.failed] == [
        'Namespace pay: stale: somebody changed it: label pod-security.kubernetes.io/enforce is "restricted", not "baseline"'
    ]
    assert api.labels(namespace("pay"))["pod-security.kubernetes.io/enforce"] == "restricted"
    assert api.labels(namespace("shop")) == {"pod-security.kubernetes.io/enforce": "privileged", "team": "a"}


async def test_what_was_kept_can_be_taken_back_later(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    await apply(staged("shop"), api, tmp_path / "j")
    api.put(namespace("shop"), merged(api.objects["namespaces", "", "shop"], labels(enforce="restricted")))
    assert (await take_back(api, tmp_path / "j")).exit_code == 1
    api.put(namespace("shop"), merged(api.objects["namespaces", "", "shop"], labels(enforce="baseline")))
    report = await take_back(api, tmp_path / "j")
    assert [outcome.status for outcome in report.changes] == [Status.UNDONE]


async def test_a_created_object_that_somebody_added_to_is_not_deleted(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    await apply(every_action(), api, tmp_path / "j")
    target = role("reader", "shop")
    api.put(target, merged(api.objects["roles", "shop", "reader"], {"metadata": {"labels": {"mine": "now"}}}))
    report = await take_back(api, tmp_path / "j")
    assert ("roles", "shop", "reader") in api.objects
    assert [str(outcome) for outcome in report.failed] == [
        "Role shop/reader: stale: what stands is not what ostiary wrote: somebody else wrote it since"
    ]


async def test_a_deleted_object_that_somebody_made_anew_is_kept(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    await apply(every_action(), api, tmp_path / "j")
    api.put(role("writer", "shop"), role_object("writer", "shop", "list"))
    report = await take_back(api, tmp_path / "j")
    assert "an object of this name exists" in str(report.failed[0])


async def test_the_server_is_gone_and_comes_back(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    before = contents(api)
    await apply(every_action(), api, tmp_path / "j")
    api.dead = True
    report = await take_back(api, tmp_path / "j")
    assert report.exit_code == 3
    assert {outcome.status for outcome in report.changes} == {Status.UNTRIED}
    api.dead = False
    assert (await take_back(api, tmp_path / "j")).exit_code == 0
    assert contents(api) == before


async def test_a_refusal_is_reported_and_can_be_tried_again(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    before = contents(api)
    await apply(every_action(), api, tmp_path / "j")
    api.refuse = lambda verb, target, dry: Rejected(403, "Forbidden", "no") if verb == "delete" else None
    report = await take_back(api, tmp_path / "j")
    assert [str(outcome) for outcome in report.failed] == ["Role shop/reader: failed: Forbidden (403): no"]
    api.refuse = lambda *_: None
    assert (await take_back(api, tmp_path / "j")).exit_code == 0
    assert contents(api) == before


async def test_a_server_that_stores_something_else_is_not_believed(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    await apply(staged("shop"), api, tmp_path / "j")
    api.alter = lambda body: merged(body, labels(enforce="restricted"))
    report = await take_back(api, tmp_path / "j")
    assert 'stored something else: label pod-security.kubernetes.io/enforce is "restricted"' in str(report.failed[0])
    assert report.exit_code == 1


async def test_rehearsing_an_undo_changes_nothing(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    await apply(every_action(), api, tmp_path / "j")
    api.calls.clear()
    with Journal.open(tmp_path / "j") as journal:
        rehearsal = await rehearse_undo(api, journal.history)
    assert [str(found.status) for found in rehearsal.outcomes] == ["would-apply"] * 4
    assert api.writes == []


keys = st.sampled_from(["a", "b", "c"])
texts = st.sampled_from(["", "1", "2"])


@st.composite
def clusters_and_plans(draw: st.DrawFn) -> tuple[dict[str, dict[str, str]], Plan]:
    """Labels on up to three namespaces, and patches of some of them, each true to what stands when its turn comes."""
    stands = draw(st.dictionaries(st.sampled_from(["x", "y", "z"]), st.dictionaries(keys, texts), min_size=1))
    now = {name: dict(found) for name, found in stands.items()}
    changes = []
    for stage in ("observe", "enforce"):
        for name in draw(st.lists(st.sampled_from(sorted(stands)), max_size=3)):
            after = draw(st.dictionaries(keys, st.none() | texts, min_size=1))
            before = {key: now[name].get(key) for key in after}
            now[name] = merged(now[name], after)
            changes.append(
                Change(
                    stage=stage,
                    action=Action.PATCH,
                    target=namespace(name),
                    before={"metadata": {"labels": before}},
                    after={"metadata": {"labels": after}},
                    sentence="s",
                )
            )
    return stands, msgspec.structs.replace(staged(), changes=tuple(changes))


@settings(deadline=None)  # every example writes files and forces them to disk
@given(clusters_and_plans(), st.data())
def test_plan_then_undo_is_the_identity_on_labels(case: tuple[dict[str, dict[str, str]], Plan], data: st.DataObject) -> None:
    """Also when only some stages were applied."""
    stands, plan = case
    stages = data.draw(st.sampled_from([("observe",), ("observe", "enforce")]))
    api = InMemoryApi(*((namespace(name), {"metadata": {"labels": found}}) for name, found in stands.items()))

    async def there_and_back(path: Path) -> None:
        with Journal.create(path, plan, cluster="") as journal:
            assert (await perform(api, journal, stages, patience=0)).exit_code == 0
        assert (await take_back(api, path)).exit_code == 0

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(there_and_back(Path(folder) / "j"))
    assert {name: api.labels(namespace(name)) for name in stands} == stands


@pytest.mark.parametrize("state", ["undoing", "applying"])
async def test_begun_and_not_acknowledged_is_recognised_by_the_live_value(tmp_path: Path, state: str) -> None:
    """Killed after the server stored, before the journal knew."""
    api = InMemoryApi(*shop("shop"))
    before = contents(api)
    plan = every_action()
    with Journal.create(tmp_path / "j", plan, cluster="") as journal:
        journal.append("start", stages=["one"])
        journal.append("applying", change=0)
        await api.create(role("reader", "shop"), plan.changes[0].after, dry_run=False)
        if state == "undoing":
            journal.append("undoing", change=0)
    report = await take_back(api, tmp_path / "j")
    assert [outcome.status for outcome in report.changes] == [Status.UNDONE]
    assert contents(api) == before


async def test_begun_by_ostiary_but_the_label_set_by_somebody_else(tmp_path: Path) -> None:
    """The run was killed before its patch left; then somebody set the very same label: it is theirs."""
    api = InMemoryApi(*shop("shop"))
    with Journal.create(tmp_path / "j", staged("shop"), cluster="") as journal:
        journal.append("start", stages=["observe"])
        journal.append("applying", change=0)
    api.put(namespace("shop"), merged(api.objects["namespaces", "", "shop"], labels(warn="baseline")), "argocd")
    assert (await take_back(api, tmp_path / "j")).exit_code == 1
    assert api.labels(namespace("shop"))["pod-security.kubernetes.io/warn"] == "baseline"
    with Journal.open(tmp_path / "j") as journal:
        report = await perform(api, journal, ["observe"])
    assert [outcome.status for outcome in report.changes] == [Status.ALREADY]


async def test_the_answer_was_an_error_but_it_was_stored(tmp_path: Path) -> None:
    """A server that stores and then says 500: ostiary looks, and knows its own write by its owner."""
    api = InMemoryApi(*shop("shop"))
    before = contents(api)

    def store_first(verb: str, target: Target, dry_run: bool) -> Rejected | None:
        if verb != "patch" or dry_run:
            return None
        change = labels(warn="baseline")
        api.put(target, merged(api.objects["namespaces", "", "shop"], change), "ostiary")
        api.refuse = lambda *_: None
        return Rejected(500, "InternalError", "etcdserver: request timed out")

    api.refuse = store_first
    plan = staged("shop")
    with Journal.create(tmp_path / "j", plan, cluster="") as journal:
        report = await perform(api, journal, ["observe"])
    assert [outcome.status for outcome in report.changes] == [Status.APPLIED]
    assert (await take_back(api, tmp_path / "j")).exit_code == 0
    assert contents(api) == before


async def test_an_error_that_leaves_it_open_is_looked_at_again_by_undo(tmp_path: Path) -> None:
    """Every answer was 500; the write arrives late, after the run has ended."""
    api = InMemoryApi(*shop("shop"))
    before = contents(api)
    api.refuse = lambda verb, *_: Rejected(500, "InternalError", "timed out") if verb == "patch" else None
    with Journal.create(tmp_path / "j", staged("shop"), cluster="") as journal:
        assert (await perform(api, journal, ["observe"])).exit_code == 1
    api.refuse = lambda *_: None
    api.put(namespace("shop"), merged(api.objects["namespaces", "", "shop"], labels(warn="baseline")), "ostiary")
    report = await take_back(api, tmp_path / "j")
    assert [outcome.status for outcome in report.changes] == [Status.UNDONE]
    assert contents(api) == before


async def test_what_the_server_made_of_it_is_taken_back_too(tmp_path: Path) -> None:
    """A webhook altered what was sent: the run failed, and undo restores what was there before."""
    api = InMemoryApi(*shop("shop"))
    before = contents(api)
    api.alter = lambda body: merged(body, labels(warn="restricted"))
    assert (await apply(staged("shop"), api, tmp_path / "j")).exit_code == 1
    api.alter = lambda body: body
    assert (await take_back(api, tmp_path / "j")).exit_code == 0
    assert contents(api) == before


async def test_a_deleted_object_comes_back_whole(tmp_path: Path) -> None:
    """The plan holds what a pillar reads of it; the journal holds all of it."""
    api = InMemoryApi(*shop("shop"))
    whole = {**role_object("writer", "shop", "create")}
    whole["metadata"] = {**whole["metadata"], "annotations": {"owner": "team a"}}
    api.put(role("writer", "shop"), whole)
    before = contents(api)
    assert (await apply(every_action(), api, tmp_path / "j")).exit_code == 0
    assert (await take_back(api, tmp_path / "j")).exit_code == 0
    assert contents(api) == before


async def test_begun_by_ostiary_but_made_by_somebody_else(tmp_path: Path) -> None:
    """The run was killed before its create left; then somebody made the very same object: it is theirs."""
    api = InMemoryApi(*shop("shop"))
    plan = every_action()
    with Journal.create(tmp_path / "j", plan, cluster="") as journal:
        journal.append("start", stages=["one"])
        journal.append("applying", change=0)
    api.put(role("reader", "shop"), plan.changes[0].after, "kubectl")
    report = await take_back(api, tmp_path / "j")
    assert report.exit_code == 1
    assert ("roles", "shop", "reader") in api.objects
