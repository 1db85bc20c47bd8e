"""No text that may be secret is in a snapshot, in any repr, in any message: neither as it is nor in base64."""

import base64
import gzip
import json
import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.objects import objects

from ostiary.adapters import snapshot_file
from ostiary.adapters.decode import Decoder, Unreadable
from ostiary.adapters.manifests.directory import read_text
from ostiary.model.kinds import KINDS
from ostiary.model.world import World

PLANTED = "pl4nted-" + secrets.token_hex(12)
FORMS = {PLANTED, base64.b64encode(PLANTED.encode()).decode().rstrip("="), PLANTED.encode().hex(), json.dumps(PLANTED)[1:-1]}


def manifests() -> list[dict[str, Any]]:
    """The planted text in every place where people keep secrets."""
    plain = base64.b64encode(PLANTED.encode()).decode()
    applied = {
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"data": {"k": plain}, "x": PLANTED})}
    }
    command = {"exec": {"command": ["sh", "-c", PLANTED]}}
    container = {
        "name": "c", "image": "i", "command": [PLANTED], "args": [f"--password={PLANTED}", PLANTED],
        "env": [{"name": "P", "value": PLANTED}], "livenessProbe": command, "readinessProbe": command, "startupProbe": command,
        "lifecycle": {"postStart": command, "preStop": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": PLANTED}]}}},
    }  # fmt: skip
    spec = {"containers": [container], "initContainers": [container], "ephemeralContainers": [container]}
    template = {"metadata": {"annotations": {"secret": PLANTED}}, "spec": spec}
    meta = {"name": "x", "namespace": "shop", **applied}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", **applied}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"k": plain}, "stringData": {"s": PLANTED}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": PLANTED}, "binaryData": {"b": plain}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"template": template}},
        {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta, "data": {"spec": {"template": template}}},
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": meta,
            "spec": {"jobTemplate": {"spec": {"template": template}}},
        },
    ]


def assert_clean(text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    for form in FORMS:
        assert form.encode() not in data


def unpacked(path: Path) -> bytes:
    first, _, body = path.read_bytes().partition(b"\n")
    return first + gzip.decompress(body)


def test_the_planted_text_would_be_found() -> None:
    with pytest.raises(AssertionError):
        assert_clean(json.dumps(manifests()))


def test_nothing_of_it_is_in_snapshot_repr_or_world(tmp_path: Path) -> None:
    cluster = read_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests()}), "x", bytes(32))
    assert cluster.blind == ()
    assert len(cluster.pods) == len(cluster.deployments) == len(cluster.secrets) == 1
    snapshot_file.write(tmp_path / "a", cluster, seal_key="00", created=datetime.now(UTC))
    assert_clean(unpacked(tmp_path / "a"))
    assert_clean(repr(cluster))
    assert_clean(repr(World.of(cluster, today=date.min)))
    assert_clean(repr(snapshot_file.read(tmp_path / "a")))


@given(st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), objects(kind, st.just(PLANTED)))))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_field_that_the_model_seals_shows(drawn: tuple[Any, dict[str, Any]]) -> None:
    kind, item = drawn
    assert_clean(repr(Decoder(bytes(32)).plain(kind, item)))


def broken(path: tuple[str | int, ...], value: Any) -> str:
    """The manifests with one field of the wrong type."""
    items = json.loads(json.dumps(manifests()))  # no shared parts
    place: Any = items
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((1, "data", "k"), PLANTED + "!"),
        ((1, "data"), PLANTED),
        ((1, "stringData", "s"), [PLANTED]),
        ((2, "data", "k"), {PLANTED: PLANTED}),
        ((3, "spec", "containers", 0, "env", 0, "value"), [PLANTED]),
        ((3, "spec", "containers", 0, "args"), PLANTED),
        ((3, "spec", "containers", 0, "command", 0), {PLANTED: 1}),
        ((3, "spec", "hostNetwork"), PLANTED),
        ((3, "metadata", "annotations"), {PLANTED: {"a": PLANTED}}),
        ((4, "spec", "template", "spec", "containers", 0, "livenessProbe", "exec", "command"), PLANTED),
    ],
)
def test_an_object_that_cannot_be_read_shows_nothing(path: tuple[str | int, ...], value: Any) -> None:
    cluster = read_text(broken(path, value), "x", bytes(32))
    assert len(cluster.blind) == 1
    assert_clean(repr(cluster))
    assert_clean("\n".join(str(blind) for blind in cluster.blind))


@pytest.mark.parametrize(
    "text", [f"a: [{PLANTED}", f"kind: Secret\nstringData: {{k: {PLANTED}\n", f"x: *{PLANTED}\n", f'"{PLANTED}": [1\n']
)
def test_broken_yaml_shows_nothing(text: str) -> None:
    cluster = read_text(text, "x", bytes(32))
    assert cluster.blind
    assert_clean(repr(cluster))


def test_the_decoder_keeps_nothing() -> None:
    decoder = Decoder(bytes(32))
    kind = next(kind for kind in KINDS if kind.kind == "Pod")
    page = json.dumps({"items": [manifests()[3]] * 3}).encode()
    values, _, _ = decoder.page(kind, page)
    assert len(values) == 3
    assert_clean(repr(vars(decoder._pool)))
    with pytest.raises(Unreadable) as caught:
        decoder.json(kind, json.dumps({"metadata": {"name": PLANTED.upper()}}).encode())
    assert_clean(repr(caught.value))
