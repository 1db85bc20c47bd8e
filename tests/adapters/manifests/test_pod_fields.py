"""Fields and words that ostiary's Kubernetes does not know are found wherever a pod stands, and nothing that it knows is taken for one."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from tests.adapters.objects import any_object

from ostiary.adapters.assembly import Assembly
from ostiary.adapters.decode import Decoder, Unfamiliar
from ostiary.adapters.manifests import pod_fields
from ostiary.adapters.manifests.objects import place
from ostiary.model.blind import Reason
from ostiary.model.cluster import Cluster
from ostiary.model.kinds import KINDS, Kind, find
from ostiary.model.levels import NEWEST

ROOT = Path(__file__).parents[3]
DATA = ROOT / "src/ostiary/adapters/manifests/pod_fields.json"
WRAPPED = {
    ("v1", "Pod"): "{}",
    ("apps/v1", "Deployment"): '{"spec": {"template": {}}}',
    ("apps/v1", "ReplicaSet"): '{"spec": {"template": {}}}',
    ("apps/v1", "StatefulSet"): '{"spec": {"template": {}}}',
    ("apps/v1", "DaemonSet"): '{"spec": {"template": {}}}',
    ("batch/v1", "Job"): '{"spec": {"template": {}}}',
    ("batch/v1", "CronJob"): '{"spec": {"jobTemplate": {"spec": {"template": {}}}}}',
    ("v1", "ReplicationController"): '{"spec": {"template": {}}}',
    ("v1", "PodTemplate"): '{"template": {}}',
    ("apps/v1", "ControllerRevision"): '{"data": {"spec": {"template": {}}}}',
}


def made(api_version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object of a kind that makes a pod with this spec."""
    text = WRAPPED[api_version, kind]
    inner = json.dumps({"spec": {"containers": [{"name": "c", "image": "i"}], **spec}})
    body: dict[str, Any] = json.loads(text.replace("{}", inner) if text != "{}" else inner)
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, **body}


def read(*items: dict[str, Any]) -> Cluster:
    into = Assembly()
    for item in ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, *items):
        place(item, "file:1", into, Decoder(bytes(32)))
    return into.cluster()


@pytest.mark.parametrize(("api_version", "kind"), WRAPPED)
@pytest.mark.parametrize(
    ("spec", "where", "meant"),
    [
        ({"hostUserz": False}, "spec.hostUserz", "did you mean hostUsers?"),
        ({"securityContext": {"runAsNonRooot": True}}, "spec.securityContext.runAsNonRooot", "did you mean runAsNonRoot?"),
        ({"containers": [{"name": "c", "securityContext": {"confined": True}}]}, "spec.containers[0].securityContext.confined", ""),
        ({"initContainers": [{"name": "a"}, {"name": "b", "sandbox": 1}]}, "spec.initContainers[1].sandbox", ""),
        ({"volumes": [{"name": "v", "moonlight": {}}]}, "spec.volumes[0].moonlight", ""),
        ({"volumes": [{"name": "v", "projected": {"sources": [{"oracle": {}}]}}]}, "spec.volumes[0].projected.sources[0].oracle", ""),
        ({"hostUserz": None}, "spec.hostUserz", "did you mean hostUsers?"),
        ({"os": {"name": "plan9"}}, "spec.os.name", "it knows linux, windows"),
        ({"securityContext": {"seccompProfile": {"type": "Strict"}}}, "spec.securityContext.seccompProfile.type", "it knows"),
        ({"securityContext": {"appArmorProfile": {"type": ""}}}, "spec.securityContext.appArmorProfile.type", "it knows"),
        ({"containers": [{"name": "c", "securityContext": {"procMount": "Hidden"}}]}, "spec.containers[0].securityContext.procMount", ""),
    ],
)  # fmt: skip
def test_what_is_not_known_makes_the_object_a_blind_spot(
    api_version: str, kind: str, spec: dict[str, Any], where: str, meant: str
) -> None:
    cluster = read(made(api_version, kind, spec))
    (blind,) = cluster.blind
    assert (blind.reason, blind.kind, blind.namespace, blind.name) == (Reason.UNKNOWN_FIELD, kind, "shop", "web")
    assert where in blind.detail
    assert meant in blind.detail
    assert not any(getattr(cluster, one.section) for one in KINDS if one.makes_pods)


def test_a_template_that_is_misspelt_is_not_an_empty_one() -> None:
    item = made("apps/v1", "Deployment", {})
    item["spec"]["tempalte"] = item["spec"].pop("template")
    assert "spec.tempalte: no field of Kubernetes 1.37; did you mean template?" in read(item).blind[0].detail


def test_a_status_may_say_what_it_likes_and_values_are_never_quoted() -> None:
    assert read({**made("v1", "Pod", {}), "status": {"mood": "fine"}}).blind == ()
    item = made("v1", "Pod", {"os": {"name": "hunter2"}, "hunter2\n": 1})
    assert "hunter2" not in read(item).blind[0].detail


@given(any_object())
@settings(max_examples=150, deadline=None)
def test_what_kubernetes_has_is_known(drawn: tuple[Kind, dict[str, Any]]) -> None:
    kind, item = drawn
    if kind.kind in ("Pod", "PodTemplate", "ReplicationController"):  # others share a type that has fields of all of them
        assert "no field" not in pod_fields.strange(kind.kind, item)


def test_every_kind_that_makes_pods_has_its_fields_and_the_levels_are_of_the_same_version() -> None:
    roots = json.loads(DATA.read_text())["roots"]
    assert {kind.kind for kind in KINDS if kind.makes_pods} <= roots.keys()
    assert f"v{pod_fields.version()}" == str(NEWEST)


@pytest.mark.judge("pod-fields", "go")
def test_the_fields_are_those_of_kubernetes_own_types() -> None:
    run = ("go", "run", "-C", str(ROOT / "engines/kubernetes"), "../podfields/main.go")
    printed = subprocess.run(run, capture_output=True, text=True, check=False, timeout=600)
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout) == json.loads(DATA.read_text())


def test_a_wary_decoder_finds_them_in_what_a_later_server_holds() -> None:
    pod = find("", "Pod")
    assert pod is not None
    good, strange = made("v1", "Pod", {}), made("v1", "Pod", {"hostMoon": True})
    body = json.dumps({"items": [good, strange]}).encode()
    assert [len(found) for found in Decoder(bytes(32)).page(pod, body)[:2]] == [2, 0]
    values, misfits, _ = Decoder(bytes(32), wary=True).page(pod, body)
    assert (len(values), [misfit.reason for misfit in misfits]) == (1, [Reason.UNKNOWN_FIELD])
    with pytest.raises(Unfamiliar, match=r"spec\.hostMoon"):
        Decoder(bytes(32), wary=True).json(pod, json.dumps(strange).encode())
