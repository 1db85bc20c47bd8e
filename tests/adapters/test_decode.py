"""From bytes to values: every path gives the same value, nulls are absent, and what does not fit is said without its value."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.objects import any_object, objects

from ostiary.adapters.decode import Decoder, Unreadable
from ostiary.model.kinds import KINDS, Kind, find
from ostiary.model.sealed import seal
from ostiary.model.world import encode

KEY = b"k" * 32
DECODER = Decoder(KEY)


def kind(group: str, name: str) -> Kind:
    found = find(group, name)
    assert found is not None
    return found


POD, SECRET, CONFIG_MAP = kind("", "Pod"), kind("", "Secret"), kind("", "ConfigMap")


def body(*items: Any, **meta: str) -> bytes:
    return json.dumps({"kind": "List", "metadata": meta, "items": list(items)}, separators=(",", ":")).encode()


@given(any_object())
@settings(max_examples=120, deadline=None)
def test_json_plain_and_page_agree_to_the_byte(drawn: tuple[Kind, dict[str, Any]]) -> None:
    of, item = drawn
    one = DECODER.json(of, json.dumps(item).encode())
    two = DECODER.plain(of, item)
    (three,), misfits, _ = DECODER.page(of, body(item))
    assert one == two == three
    assert encode(one) == encode(two) == encode(three)
    assert misfits == []


@given(st.lists(objects(POD), max_size=4))
@settings(max_examples=60, deadline=None)
def test_pods_that_share_parts_are_what_they_are_alone(items: list[dict[str, Any]]) -> None:
    together, _, _ = Decoder(KEY).page(POD, body(*items, *items))
    alone = [DECODER.plain(POD, item) for item in items * 2]
    assert together == alone


@given(any_object(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_null_more_is_no_difference(drawn: tuple[Kind, dict[str, Any]], data: st.DataObject) -> None:
    of, item = drawn
    nulled = json.loads(json.dumps(item))
    place = nulled
    for _ in range(data.draw(st.integers(0, 3))):
        below = [value for key, value in place.items() if isinstance(value, dict) and value and key != "selector"]
        if not below:
            break
        place = data.draw(st.sampled_from(below))
    fields = {"hostPath", "securityContext", "ports", "volumes", "containers", "finalizers", "selfLink"} - place.keys()
    if place is nulled or "kind" in place or "name" in place:
        place[data.draw(st.sampled_from(sorted(fields)))] = None
    assert DECODER.plain(of, nulled) == DECODER.plain(of, item)
    assert DECODER.page(of, body(nulled))[0] == [DECODER.plain(of, item)]


def test_one_text_has_one_digest_wherever_it_stands() -> None:
    secret = DECODER.plain(SECRET, {"metadata": {"name": "s"}, "data": {"a": "aHVudGVyMg=="}, "stringData": {"b": "hunter2"}})
    config = DECODER.plain(
        CONFIG_MAP, {"metadata": {"name": "c"}, "data": {"x": "hunter2"}, "binaryData": {"y": "aHVudGVyMg=="}}
    )
    container = {"name": "c", "env": [{"name": "P", "value": "hunter2"}], "args": ["hunter2"]}
    pod = DECODER.plain(POD, {"metadata": {"name": "p"}, "spec": {"containers": [container]}})
    wanted = seal("hunter2", key=KEY)
    made = pod.spec.containers[0]
    assert {*secret.data.values(), *config.data.values(), *config.binary_data.values(), made.env[0].value, *made.args} == {
        wanted
    }


def test_string_data_wins_and_null_is_the_empty_text() -> None:
    secret = DECODER.plain(SECRET, {"metadata": {"name": "s"}, "data": {"a": "eA==", "n": None}, "stringData": {"a": "y"}})
    assert secret.data == {"a": seal("y", key=KEY), "n": seal("", key=KEY)}


HIDDEN = "s3cr3t-do-not-print"


@pytest.mark.parametrize(
    "wrong",
    [
        {"metadata": {"name": "x"}, "data": {HIDDEN: f"{HIDDEN}!"}},
        {"metadata": {"name": "x"}, "data": f"{HIDDEN}"},
        {"metadata": {"name": "x"}, "stringData": {"a": [HIDDEN]}},
        {"metadata": {"name": HIDDEN.upper()}},
        {"metadata": {"name": f"{HIDDEN}\n"}},
        {"metadata": {"name": "x", "annotations": {HIDDEN: {"a": HIDDEN}}}},
        {"metadata": {"name": "x", "labels": {"a": {HIDDEN: HIDDEN}}}},
        {"metadata": {"name": "x"}, "type": [HIDDEN]},
        {"metadata": HIDDEN},
    ],
)
def test_a_misfit_names_the_field_and_never_its_value(wrong: Any) -> None:
    _, (misfit,), _ = DECODER.page(SECRET, body(wrong))
    assert "`$" in misfit.detail
    assert HIDDEN not in f"{misfit} {misfit.detail}".lower()
    with pytest.raises(Unreadable) as caught:
        DECODER.plain(SECRET, wrong)
    assert HIDDEN not in str(caught.value).lower()


@pytest.mark.parametrize("of", KINDS, ids=lambda of: of.kind)
def test_a_misfit_leaves_its_neighbours(of: Kind) -> None:
    good = {"metadata": {"name": "good"}}
    values, misfits, meta = DECODER.page(
        of, body(good, {"metadata": {"name": 5}}, 7, {"metadata": {"name": "b", "labels": 1}}, resourceVersion="9")
    )
    assert [value.metadata.name for value in values] == ["good"]
    assert [misfit.name for misfit in misfits] == ["", "", "b"]
    assert meta.resource_version == "9"


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"items": 5}', b'{"items": [{]}', b"\xff"])
def test_a_broken_page_is_unreadable(broken: bytes) -> None:
    with pytest.raises(Unreadable):
        DECODER.page(POD, broken)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_pod_or_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        DECODER.json(POD, data)


def test_the_token_volume_has_one_name() -> None:
    def replica(suffix: str) -> dict[str, Any]:
        name = f"kube-api-access-{suffix}"
        mounts = [{"name": name, "mountPath": "/var/run"}]
        return {
            "metadata": {"name": "p"},
            "spec": {"volumes": [{"name": name, "projected": {}}], "containers": [{"name": "c", "volumeMounts": mounts}]},
        }

    (one, two), _, _ = DECODER.page(POD, body(replica("aaaaa"), replica("zzzz9")))
    assert one == two == DECODER.plain(POD, replica("12345"))
    assert one.spec.volumes[0].name == one.spec.containers[0].volume_mounts[0].name == "kube-api-access"


def test_two_token_volumes_keep_their_names() -> None:
    spec = {"volumes": [{"name": "kube-api-access-aaaaa", "projected": {}}, {"name": "kube-api-access-bbbbb", "projected": {}}]}
    item = {"metadata": {"name": "p"}, "spec": spec}
    (found,), _, _ = DECODER.page(POD, body(item))
    assert [volume.name for volume in found.spec.volumes] == ["kube-api-access-aaaaa", "kube-api-access-bbbbb"]
    assert found == DECODER.plain(POD, item)


def test_a_random_name_that_stands_elsewhere_too_is_left_there() -> None:
    """A Secret may be called like a token volume; replicas with such a Secret must not be taken for one another."""

    def pod(suffix: str, secret: str) -> dict[str, Any]:
        name = f"kube-api-access-{suffix}"
        env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}}]
        container = {"name": "c", "env": env, "volumeMounts": [{"name": name, "mountPath": "/t"}]}
        volumes = [{"name": name, "projected": {"sources": [{"secret": {"name": "s"}}]}}]
        return {"metadata": {"name": "p"}, "spec": {"volumes": volumes, "containers": [container]}}

    items = [pod("aaaaa", "kube-api-access-aaaaa"), pod("bbbbb", "kube-api-access-bbbbb"), pod("ccccc", "kube-api-access")]
    found, _, _ = DECODER.page(POD, body(*items))
    assert found == [DECODER.plain(POD, item) for item in items]
    secrets = [pod.spec.containers[0].env[0].value_from.secret_key_ref.name for pod in found]
    assert secrets == ["kube-api-access-aaaaa", "kube-api-access-bbbbb", "kube-api-access"]
