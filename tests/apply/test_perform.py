"""Performing a plan, against the double: what is done, what is not, and what is said of each object."""

from pathlib import Path

import msgspec
import pytest
from tests.apply.double import InMemoryApi
from tests.apply.plans import PREFIX, every_action, label, labels, namespace, pod, refusal, role, role_object, shop, staged

from ostiary.apply.api import Rejected
from ostiary.apply.fields import merged
from ostiary.apply.journal import Journal, read_journal
from ostiary.apply.outcome import Report, Shown, Status
from ostiary.apply.perform import due, perform
from ostiary.apply.rehearse import rehearse
from ostiary.model.plan import Action, Change, Plan, Target


async def run(plan: Plan, api: InMemoryApi, path: Path, *stages: str) -> Report:
    with Journal.create(path, plan, cluster="uid") as journal:
        return await perform(api, journal, stages or plan.stages, patience=0)


def statuses(report: Report) -> list[Status]:
    return [outcome.status for outcome in report.changes]


async def test_every_stage_is_applied_in_order_and_read_back(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop", "pay"))
    report = await run(staged("shop", "pay"), api, tmp_path / "j")
    assert statuses(report) == [Status.APPLIED] * 4
    assert report.exit_code == 0
    assert api.writes == ["patch Namespace shop", "patch Namespace pay"] * 2
    assert api.labels(namespace("shop")) == {PREFIX + "warn": "baseline", PREFIX + "enforce": "baseline", "team": "a"}
    assert read_journal(tmp_path / "j").ended


async def test_every_action(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    report = await run(every_action(), api, tmp_path / "j")
    assert report.exit_code == 0, report
    assert ("roles", "shop", "reader") in api.objects
    assert ("roles", "shop", "writer") not in api.objects


async def test_a_stage_alone(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    report = await run(staged("shop"), api, tmp_path / "j", "observe")
    assert len(report.changes) == 1
    assert api.labels(namespace("shop"))[PREFIX + "enforce"] == "privileged"


async def test_what_stands_already_is_left_alone(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    await run(staged("shop"), api, tmp_path / "j")
    api.calls.clear()
    report = await run(staged("shop"), api, tmp_path / "k")
    assert statuses(report) == [Status.ALREADY] * 2
    assert api.writes == []
    assert report.exit_code == 0


async def test_a_failure_lets_the_stage_end_and_no_other_begin(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop", "pay", "web"))
    api.refuse = lambda verb, target, dry: (
        Rejected(403, "Forbidden", "cannot patch") if (verb, target.name) == ("patch", "pay") and not dry else None
    )
    report = await run(staged("shop", "pay", "web"), api, tmp_path / "j")
    assert statuses(report) == [Status.APPLIED, Status.FAILED, Status.APPLIED, *[Status.UNTRIED] * 3]
    assert report.exit_code == 1
    assert "stage observe is not complete" in report.stopped
    assert str(report.changes[1]) == "Namespace pay: failed: Forbidden (403): cannot patch"


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (Rejected(403, "Forbidden", 'User "dev" cannot patch resource "namespaces"'), 'Forbidden (403): User "dev" cannot'),
        (
            Rejected(403, "Forbidden", "unable to create new content in namespace shop because it is being terminated"),
            "being terminated",
        ),
        (
            Rejected(400, "BadRequest", 'admission webhook "guard.example" denied the request: no'),
            'webhook "guard.example" denied',
        ),
        (Rejected(409, "Conflict", "the object has been modified"), "kept changing under the write, 5 times"),
        (Rejected(500, "InternalError", "etcdserver: mvcc: database space exceeded"), "database space exceeded"),
    ],
)
async def test_each_refusal_is_one_clear_line(tmp_path: Path, refused: Rejected, said: str) -> None:
    api = InMemoryApi(*shop("shop"))
    api.refuse = lambda verb, *_: refused if verb == "patch" else None
    report = await run(staged("shop"), api, tmp_path / "j", "observe")
    line = str(report.changes[0])
    assert said in line
    assert "\n" not in line
    assert report.exit_code == 1


async def test_somebody_changed_the_field(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    api.put(namespace("shop"), {"metadata": {"labels": {PREFIX + "warn": "restricted"}}})
    report = await run(staged("shop"), api, tmp_path / "j")
    assert str(report.changes[0]) == (
        'Namespace shop: stale: somebody changed it: label pod-security.kubernetes.io/warn is "restricted", not absent'
    )
    assert api.writes == []


async def test_somebody_changes_another_field_between_read_and_write(tmp_path: Path) -> None:
    """The first write meets a conflict, is compared anew, and keeps the other's change."""
    api = InMemoryApi(*shop("shop"))
    once = ["now"]

    def slip(verb: str, target: Target, dry_run: bool) -> None:
        if verb == "patch" and once:
            once.pop()
            api.put(target, merged(api.objects["namespaces", "", "shop"], {"metadata": {"labels": {"slipped": "in"}}}))

    api.before = slip
    report = await run(staged("shop"), api, tmp_path / "j", "observe")
    assert statuses(report) == [Status.APPLIED]
    assert api.labels(namespace("shop")) == {
        PREFIX + "enforce": "privileged",
        PREFIX + "warn": "baseline",
        "team": "a",
        "slipped": "in",
    }
    assert api.writes == ["patch Namespace shop"] * 2


async def test_somebody_changes_the_field_itself_between_read_and_write(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    once = ["now"]

    def slip(verb: str, target: Target, dry_run: bool) -> None:
        if verb == "patch" and once:
            once.pop()
            api.put(target, merged(api.objects["namespaces", "", "shop"], labels(warn="restricted")))

    api.before = slip
    report = await run(staged("shop"), api, tmp_path / "j", "observe")
    assert statuses(report) == [Status.STALE]
    assert api.labels(namespace("shop"))[PREFIX + "warn"] == "restricted"
    assert read_journal(tmp_path / "j").state(0) == "failed"


@pytest.mark.parametrize("when", ["before", "terminating"])
async def test_the_object_is_deleted_meanwhile(tmp_path: Path, when: str) -> None:
    api = InMemoryApi(*shop("shop"))
    if when == "before":
        api.drop(namespace("shop"))
    else:
        api.objects["namespaces", "", "shop"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    report = await run(staged("shop"), api, tmp_path / "j", "observe")
    assert statuses(report) == [Status.STALE]
    assert ("it is gone" if when == "before" else "it is being deleted") in str(report.changes[0])


async def test_the_server_is_gone_in_the_middle(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop", "pay", "web"))

    def die(verb: str, target: Target, dry_run: bool) -> None:
        api.dead = api.dead or (verb, target.name) == ("patch", "pay")

    api.before = die
    report = await run(staged("shop", "pay", "web"), api, tmp_path / "j")
    assert statuses(report)[:3] == [Status.APPLIED, Status.UNKNOWN, Status.UNTRIED]
    assert report.exit_code == 3
    assert "connection refused" in report.stopped
    assert not read_journal(tmp_path / "j").ended


async def test_the_server_stores_something_else(tmp_path: Path) -> None:
    """A mutating webhook that writes another label is found, not believed."""
    api = InMemoryApi(*shop("shop"))
    api.alter = lambda body: merged(body, labels(warn="privileged"))
    rehearsal = await rehearse(due(staged("shop"), ["observe"]), api)
    assert 'would store something else: label pod-security.kubernetes.io/warn is "privileged"' in str(rehearsal.failed[0])
    report = await run(staged("shop"), api, tmp_path / "j")
    assert statuses(report) == [Status.FAILED, Status.UNTRIED]
    assert read_journal(tmp_path / "j").state(0) == "applied"  # so that undo knows of it


async def test_somebody_takes_it_back_at_once(tmp_path: Path) -> None:
    """A GitOps tool that reverts the label: seen when the object is read back."""
    api = InMemoryApi(*shop("shop"))
    state = {"written": False}

    def revert(verb: str, target: Target, dry_run: bool) -> None:
        if verb == "get" and state["written"]:
            api.put(target, merged(api.objects["namespaces", "", "shop"], labels(warn=None)), "argocd")
        state["written"] |= verb == "patch" and not dry_run

    api.before = revert
    report = await run(staged("shop"), api, tmp_path / "j", "observe")
    assert "reads back otherwise: label pod-security.kubernetes.io/warn is absent" in str(report.changes[0])
    assert report.exit_code == 1


@pytest.mark.parametrize(
    ("admitted", "answer", "shown", "code"),
    [
        (False, Rejected(403, "Forbidden", 'pods "x" is forbidden: violates PodSecurity "baseline"'), Shown.HOLDS, 0),
        (False, Rejected(403, "Forbidden", "exceeded quota"), Shown.INCONCLUSIVE, 4),
        (False, None, Shown.CONTRADICTS, 1),
        (True, None, Shown.HOLDS, 0),
        (True, Rejected(403, "Forbidden", "violates PodSecurity"), Shown.CONTRADICTS, 1),
        (True, Rejected(403, "Forbidden", "exceeded quota"), Shown.INCONCLUSIVE, 4),
    ],
)
async def test_trials(tmp_path: Path, admitted: bool, answer: Rejected | None, shown: Shown, code: int) -> None:
    api = InMemoryApi(*shop("shop"))
    api.refuse = lambda verb, *_: answer if verb == "create" else None
    report = await run(staged("shop", trials=(refusal("x", "shop", admitted=admitted),)), api, tmp_path / "j")
    assert [trial.shown for trial in report.trials] == [shown]
    assert report.exit_code == code
    assert ("take it back" in report.stopped) == (shown is Shown.CONTRADICTS)
    assert not any(verb == "create" and not dry for verb, _, dry in api.calls)


async def test_a_trial_waits_for_admission_to_catch_up(tmp_path: Path) -> None:
    """Admission reads labels from a cache: the first answers may still be the old ones."""
    api = InMemoryApi(*shop("shop"))
    answers = iter([None, None])
    api.refuse = lambda verb, *_: (
        next(answers, Rejected(403, "Forbidden", "violates PodSecurity")) if verb == "create" else None
    )
    plan = staged("shop", trials=(refusal("x", "shop"),))
    with Journal.create(tmp_path / "j", plan, cluster="") as journal:
        report = await perform(api, journal, plan.stages, patience=5)
    assert [trial.shown for trial in report.trials] == [Shown.HOLDS]


async def test_a_contradicting_warning_stops_the_rehearsal_and_the_run(tmp_path: Path) -> None:
    warning = 'existing pods in namespace "shop" violate the new PodSecurity enforce level "baseline:v1.37"'
    api = InMemoryApi(*shop("shop"))
    api.warn = lambda verb, target, dry: (warning, "web-1: privileged") if verb == "patch" else ()
    rehearsal = await rehearse(due(staged("shop"), ["observe", "enforce"]), api)
    assert [str(found.status) for found in rehearsal.outcomes] == ["failed", "failed"]
    report = await run(staged("shop"), api, tmp_path / "j")
    assert "contradicts the proof" in report.stopped
    assert statuses(report) == [Status.APPLIED, Status.UNTRIED]


async def test_rehearsal_stores_nothing_and_sees_what_would_be_refused() -> None:
    api = InMemoryApi(*shop("shop", "pay"))
    api.refuse = lambda verb, target, dry: (
        Rejected(403, "Forbidden", "no") if (verb, target.name, dry) == ("patch", "pay", True) else None
    )
    rehearsal = await rehearse(due(staged("shop", "pay"), ["observe", "enforce"]), api)
    assert [str(found.status) for found in rehearsal.outcomes] == ["would-apply", "failed"] * 2
    assert api.writes == []


async def test_changes_of_one_object_are_rehearsed_on_top_of_one_another() -> None:
    """The second ``before`` is the first ``after``: it never stands in the cluster while rehearsing."""
    api = InMemoryApi(*shop("shop"))
    rehearsal = await rehearse(due(every_action(), ["one", "two"]), api)
    assert [str(found.status) for found in rehearsal.outcomes] == ["would-apply"] * 4


async def test_what_the_plan_makes_first_cannot_be_rehearsed() -> None:
    made = namespace("new")
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}}
    inside = role("reader", "new")
    plan = msgspec.structs.replace(
        staged(),
        changes=(
            Change(stage="observe", action=Action.CREATE, target=made, after=body, sentence="a"),
            Change(
                stage="observe", action=Action.CREATE, target=inside, after=role_object("reader", "new", "get"), sentence="b"
            ),
        ),
    )
    rehearsal = await rehearse(due(plan, ["observe"]), InMemoryApi())
    assert rehearsal.outcomes[1].detail == "not rehearsed: it needs Namespace new, which the plan creates first"
    assert not rehearsal.failed


async def test_create_where_something_else_stands(tmp_path: Path) -> None:
    api = InMemoryApi(*shop("shop"))
    api.put(role("reader", "shop"), role_object("reader", "shop", "delete"))
    report = await run(every_action(), api, tmp_path / "j", "one")
    assert report.changes[0].status is Status.STALE
    assert "an object of this name exists: rules is" in report.changes[0].detail


async def test_exact_lists_are_compared_whole(tmp_path: Path) -> None:
    """A precondition on a list is not met by a list with more in its items: undo could not restore it."""
    target = pod("web", "shop")
    change = Change(
        stage="observe",
        action=Action.PATCH,
        target=target,
        before={"spec": {"tolerations": [{"key": "a"}]}},
        after={"spec": {"tolerations": []}},
        sentence="s",
    )
    plan = msgspec.structs.replace(staged(), changes=(change,))
    api = InMemoryApi(*shop("shop"), (target, {"spec": {"tolerations": [{"key": "a", "effect": "NoExecute"}]}}))
    report = await run(plan, api, tmp_path / "j")
    assert statuses(report) == [Status.STALE]


async def test_no_changes_is_done(tmp_path: Path) -> None:
    assert (await run(staged(), InMemoryApi(), tmp_path / "j")).exit_code == 0


async def test_a_no_op_is_already_there(tmp_path: Path) -> None:
    plan = msgspec.structs.replace(staged(), changes=(label("observe", "shop", "enforce", "privileged", "privileged"),))
    assert statuses(await run(plan, InMemoryApi(*shop("shop")), tmp_path / "j")) == [Status.ALREADY]
