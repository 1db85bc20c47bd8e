"""Laws of the World's digest: it changes with every field that the model keeps, and with nothing else."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.adapters.objects import any_object, objects

from ostiary.adapters.assembly import Assembly
from ostiary.adapters.decode import Decoder
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.evidence import Evidence, Stream
from ostiary.model.intent import Intent, PodIntent
from ostiary.model.kinds import KINDS, Kind
from ostiary.model.levels import Level
from ostiary.model.sealed import Annotations, Sealed
from ostiary.model.world import World, leaf

DECODER = Decoder(bytes(32))
TODAY = date(2026, 11, 24)


def world(*items: tuple[Kind, dict[str, Any]]) -> World:
    assembly = Assembly()
    for kind, item in items:
        assembly.add(kind, DECODER.plain(kind, item))
    return World.of(assembly.cluster(), today=TODAY)


@given(st.lists(any_object(), max_size=5, unique_by=lambda drawn: (drawn[0].kind, drawn[1]["metadata"]["name"])), st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_reading_is_no_difference(items: list[tuple[Kind, dict[str, Any]]], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert world(*items).digest == world(*shuffled).digest


@given(any_object())
@settings(max_examples=120, deadline=None)
def test_what_only_the_server_adds_is_no_difference(drawn: tuple[Kind, dict[str, Any]]) -> None:
    kind, item = drawn
    meta = item["metadata"]
    annotations = {**meta["annotations"], "kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "x"}
    added = {
        "uid": "1",
        "resourceVersion": "2",
        "generation": 3,
        "creationTimestamp": None,
        "managedFields": [{"manager": "x"}],
        "annotations": annotations,
    }
    grown = {**item, "metadata": {**meta, **added}, "apiVersion": "v1", "unread": {"a": 1}}
    if kind.kind not in ("Pod", "Node"):
        grown["status"] = {"conditions": []}
    assert world((kind, grown)).digest == world((kind, item)).digest


def variants(value: Any) -> list[Any]:
    """Values of the same type that differ in one leaf."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, str):
        return [value + "x"]
    if isinstance(value, Sealed):
        return [Sealed("0" * 32)] if value.digest != "0" * 32 else [Sealed("1" * 32)]
    if isinstance(value, Annotations):
        return [Annotations({**value.kept, "kubernetes.io/config.mirror": "changed"})]
    if isinstance(value, tuple):
        return [(*value[:place], other, *value[place + 1 :]) for place, item in enumerate(value) for other in variants(item)]
    if isinstance(value, dict):
        return [{**value, key: other} for key, item in value.items() for other in variants(item)]
    if isinstance(value, msgspec.Struct):
        return [
            msgspec.structs.replace(value, **{field: other})
            for field in value.__struct_fields__
            for other in variants(getattr(value, field))
        ]
    return []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_every_field_that_is_kept_counts(kind: Kind, data: st.DataObject) -> None:
    """In the leaf itself, so that no section, cluster or world digest can hide it."""
    value = DECODER.plain(kind, data.draw(objects(kind)))
    changed = variants(value)
    assume(changed)
    first = leaf(kind.kind, value)
    for other in changed:
        assert leaf(kind.kind, other) != first, other


def test_everything_else_counts_too() -> None:
    base = World.of(Cluster(), today=TODAY)
    blind = Blind(kind="Pod", reason=Reason.FORBIDDEN)
    stream = Stream(source="audit", since="a", until="b")
    others = [
        World.of(Cluster(blind=(blind,)), today=TODAY),
        World.of(Cluster(blind=(msgspec.structs.replace(blind, reason=Reason.TRUNCATED),)), today=TODAY),
        World.of(Cluster(server_version="v1.37.2"), today=TODAY),
        World.of(Cluster(), today=date(2026, 11, 25)),
        World.of(Cluster(), today=TODAY, evidence=Evidence(streams=(stream,))),
        World.of(Cluster(), today=TODAY, intent=Intent(pods=PodIntent(default=Level.BASELINE))),
    ]
    assert len({base.digest, *(other.digest for other in others)}) == len(others) + 1


def test_words_for_people_do_not_count() -> None:
    one, two = (Cluster(blind=(Blind(reason=Reason.UNREADABLE, where=text, detail=text),)) for text in "ab")
    assert World.of(one, today=TODAY).digest == World.of(two, today=TODAY).digest


def test_replicas_share_a_posture_and_not_a_leaf() -> None:
    kind = next(kind for kind in KINDS if kind.kind == "Pod")
    one, two = (
        leaf(
            "Pod", DECODER.plain(kind, {"metadata": {"name": "web"}, "spec": {"nodeName": node, "containers": [{"name": "c"}]}})
        )
        for node in ("node-1", "node-2")
    )
    assert one[4] == two[4] != ""
    assert one[3] != two[3]
