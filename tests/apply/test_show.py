"""What people see of a plan: the same plan, the same text. Golden."""

from pathlib import Path

import msgspec
import pytest
from tests.apply.double import InMemoryApi
from tests.apply.plans import every_action, label, namespace, refusal, role, shop, staged

from ostiary.apply.fields import Object
from ostiary.apply.perform import due
from ostiary.apply.rehearse import rehearse
from ostiary.apply.show import diff, markdown, text, undo_text
from ostiary.apply.step import inverse
from ostiary.model.plan import Action, Change, Plan, Target

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str, shown: str) -> None:
    """Compare with the file; to accept a change, delete the file and run once."""
    path = GOLDEN / name
    if not path.exists():
        path.write_text(shown + "\n")
        pytest.fail(f"{path} was written anew: look at it, and run again")
    assert shown + "\n" == path.read_text()


def plan() -> Plan:
    return staged("shop", "pay", trials=(refusal("x", "shop"),))


def test_text() -> None:
    golden("staged.txt", text(plan(), plan().stages))


def test_markdown() -> None:
    golden("staged.md", markdown(plan(), plan().stages))


def test_every_action() -> None:
    golden("every_action.txt", text(every_action(), every_action().stages))


def test_undo() -> None:
    changes = [(number, inverse(change)) for number, change in reversed(list(enumerate(every_action().changes)))]
    golden("undo.txt", undo_text(changes))


async def test_rehearsed_against_a_cluster() -> None:
    """Other managers, warnings and refusals stand where they belong."""
    api = InMemoryApi(*shop("shop"))
    fields: Object = {"f:metadata": {"f:labels": {"f:pod-security.kubernetes.io/enforce": {}}}}
    live = api.objects["namespaces", "", "shop"]["metadata"]
    live["managedFields"] = [{"manager": "argocd", "fieldsV1": fields}, {"manager": "ostiary", "fieldsV1": fields}]
    api.warn = lambda verb, *_: ("something to know",) if verb == "patch" else ()
    rehearsal = await rehearse(due(plan(), plan().stages), api)
    golden("rehearsed.txt", text(plan(), plan().stages, rehearsal))


def test_a_stage_alone() -> None:
    assert "enforce baseline" not in text(plan(), ["observe"])


def test_a_secret_is_not_shown() -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}, "data": {"p": "aHVudGVyMg=="}}
    target = Target(api_version="v1", kind="Secret", resource="secrets", namespace="shop", name="s")
    change = Change(stage="one", action=Action.CREATE, target=target, after=body, sentence="Secret shop/s: made")
    assert list(diff(0, change)) == ["+ v1 Secret shop/s", "+ data.p: ***"]


def test_nothing_in_a_value_moves_the_cursor() -> None:
    change = label("observe", "shop", "warn", "\x1b[2J", "a\nb")
    assert all(line.isprintable() for line in diff(0, change))


def test_the_order_of_fields_does_not_matter() -> None:
    one = Change(
        stage="s", action=Action.PATCH, target=namespace("a"), before={"b": 1, "a": 1}, after={"a": 2, "b": 2}, sentence="s"
    )
    other = msgspec.structs.replace(one, before={"a": 1, "b": 1}, after={"b": 2, "a": 2})
    assert list(diff(0, one)) == list(diff(0, other)) == ["- a: 1", "+ a: 2", "- b: 1", "+ b: 2"]


def test_a_field_that_becomes_an_object() -> None:
    change = Change(
        stage="s",
        action=Action.PATCH,
        target=role("r", "shop"),
        before={"spec": {"x": {"a": 1}, "y": None}},
        after={"spec": {"x": None, "y": {"b": 2}}},
        sentence="s",
    )
    assert list(diff(0, change)) == ["- spec.x.a: 1", "+ spec.y.b: 2"]
