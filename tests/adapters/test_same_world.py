"""The same objects are the same World, whichever way they come: from an API server (a double here, the real one below), from files, from a snapshot."""

import copy
import json
import random
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.kubernetes.double import Double, serving
from tests.adapters.objects import any_object

from ostiary.adapters import snapshot_file
from ostiary.adapters.comparison import compare
from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.adapters.kubernetes.live import read_live
from ostiary.adapters.manifests.defaults import as_stored
from ostiary.adapters.manifests.directory import read_directory, read_file, read_text
from ostiary.model.cluster import Cluster
from ostiary.model.kinds import KINDS, Kind
from ostiary.model.world import World

if TYPE_CHECKING:
    from ostiary.sandbox.lifecycle import RunningCluster

KEY = b"k" * 32
SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "01-shop" / "manifests"

Drawn = list[tuple[Kind, dict[str, Any]]]


def digest(cluster: Cluster) -> str:
    return World.of(cluster, today=date.min).cluster_digest


async def live(items: Drawn) -> Cluster:
    """As an API server holds them: stored, with what it adds."""
    double = Double()
    for number, (kind, item) in enumerate(items):
        stored = copy.deepcopy(as_stored(kind, copy.deepcopy(item)))
        stored["metadata"] |= {"uid": str(number), "resourceVersion": str(number), "managedFields": [{"manager": "test"}]}
        double.objects.setdefault(kind.kind, []).append(stored)
    async with serving(double) as access, Client(access) as client:
        return await read_live(client, KEY)


def every_other_way(items: list[dict[str, Any]], folder: Path) -> list[Cluster]:
    """YAML in one text, JSON as a List, a file each, shuffled, and a snapshot."""
    shuffled = random.Random(1).sample(items, len(items))
    in_files = folder / "files"
    in_files.mkdir(exist_ok=True)
    for old in in_files.iterdir():
        old.unlink()
    for number, item in enumerate(shuffled):
        (in_files / f"{number}.{'json' if number % 2 else 'yaml'}").write_text(
            json.dumps(item) if number % 2 else yaml.safe_dump(item, allow_unicode=True)
        )
    as_yaml = read_text(yaml.safe_dump_all(shuffled), "x", KEY)
    snapshot_file.write(folder / "snapshot", as_yaml, seal_key="00", created=datetime.now(UTC))
    as_list = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    return [as_yaml, read_text(as_list, "x", KEY), read_directory(in_files, KEY), snapshot_file.read(folder / "snapshot")[1]]


@given(st.lists(any_object(), max_size=6, unique_by=lambda drawn: (drawn[0].kind, drawn[1]["metadata"]["name"])))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_the_same_objects_are_the_same_world(tmp_path: Path, items: Drawn) -> None:
    whole = [(KINDS[0], SHOP), *items]
    wanted = digest(await live(whole))
    found = every_other_way([item for _, item in whole], tmp_path)
    assert [digest(cluster) for cluster in found] == [wanted] * 4


@given(any_object())
@settings(max_examples=100, deadline=None)
def test_what_is_stored_is_stored_as_it_is(drawn: tuple[Kind, dict[str, Any]]) -> None:
    kind, item = drawn
    once = as_stored(kind, copy.deepcopy(item))
    assert as_stored(kind, copy.deepcopy(once)) == once


def kubectl(cluster: "RunningCluster", *arguments: str) -> str:
    command = [str(cluster.kubectl), f"--kubeconfig={cluster.kubeconfig}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


async def from_server(cluster: "RunningCluster") -> Cluster:
    async with Client(load([cluster.kubeconfig])) as client:
        return await read_live(client, KEY)


@pytest.mark.judge("kubectl's dump and the live API are one World")
async def test_the_real_server_and_its_dump_agree(ostiary_cluster: "RunningCluster", tmp_path: Path) -> None:
    kubectl(ostiary_cluster, "apply", "--server-side", "-f", str(EXAMPLE))
    before = await from_server(ostiary_cluster)
    for _ in range(20):  # controllers are at work: until nothing changes while we look
        for kind in KINDS:
            if kind.group != "gateway.networking.k8s.io":
                resource = f"{kind.resource}.{kind.group}" if kind.group else kind.resource
                form = "json" if len(kind.kind) % 2 else "yaml"
                (tmp_path / f"{kind.resource}.{form}").write_text(kubectl(ostiary_cluster, "get", resource, "-A", "-o", form))
        after = await from_server(ostiary_cluster)
        if digest(before) == digest(after):
            break
        before = after
    dumped = read_directory(tmp_path, KEY)
    assert before.blind == dumped.blind == ()
    assert not compare(before, dumped).differ
    assert digest(dumped) == digest(before)
    assert len(before.pods) > 0


@pytest.mark.judge("manifests are read as the API server stores them")
async def test_manifests_are_what_the_real_server_stores(ostiary_cluster: "RunningCluster") -> None:
    kubectl(ostiary_cluster, "apply", "--server-side", "-f", str(EXAMPLE))
    written, stored = read_directory(EXAMPLE, KEY), await from_server(ostiary_cluster)
    found = compare(written, stored)
    assert found.removed == ()
    assert {ref.kind for ref in found.changed} <= {"Service"}  # the server gives a Service its address


@pytest.mark.judge("defaults of every kind are those of the real server")
async def test_every_default_is_that_of_the_real_server(ostiary_cluster: "RunningCluster") -> None:
    """``terse.yaml`` says as little as the server accepts; what is left to differ is what the server allocates or admission adds."""
    terse = Path(__file__).with_name("terse.yaml")
    kubectl(ostiary_cluster, "apply", "--server-side", "-f", str(terse))
    written, stored = read_file(terse, KEY), await from_server(ostiary_cluster)
    found = compare(written, stored)
    assert found.removed == ()
    assert {str(ref) for ref in found.changed} == {
        "Job terse/job",  # its selector and labels are made from its uid
        "Pod terse/pod",  # admission gives it a token volume, tolerations and a service account
        "Service terse/service",  # its address
    }
    assert {blind.kind for blind in written.blind} == set()


@pytest.mark.judge("pages and streams of the real server are one list")
async def test_pages_and_streams_of_the_real_server_agree(ostiary_cluster: "RunningCluster") -> None:
    from ostiary.adapters.decode import Decoder
    from ostiary.adapters.kubernetes import listing
    from ostiary.model.kinds import find

    kind, decoder, path = (
        find("rbac.authorization.k8s.io", "ClusterRole"),
        Decoder(KEY),
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    )
    assert kind is not None
    async with Client(load([ostiary_cluster.kubeconfig])) as client:
        streamed = await listing.as_stream(client, path, kind, decoder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(listing, "PAGE", 7)
            paged = await listing.in_pages(client, path, kind, decoder)
    assert streamed is not None
    assert len(paged.values) > 50
    assert (paged.torn, paged.refused, streamed.torn) == ("", None, "")
    assert sorted(value.metadata.name for value in streamed.values) == sorted(value.metadata.name for value in paged.values)
