"""The real API server on each way round a level: it allows the requests of every way that is found, refuses those of others, and a way is really gone.

The roles of a server that just came up are in the World too: what Kubernetes binds to identities of its own is told apart.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.adapters.kubernetes.live import read_live
from ostiary.model.levels import Level
from ostiary.model.verdict import Refutation
from ostiary.model.world import World
from ostiary.paths.around import around_pod_security, closed
from ostiary.paths.direct import identity_of
from ostiary.paths.way import How, Way
from ostiary.pillars.pods import LevelVersion, PodPolicy
from ostiary.pillars.rbac.escalations import PRIMITIVES
from ostiary.pillars.rbac.request import Request
from ostiary.sandbox import SandboxOptions, up
from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.lifecycle import RunningCluster
from ostiary.sandbox.namespaces import fresh_namespace
from ostiary.sandbox.pytest_plugin import cannot_run

API, RBAC = "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
NEEDS = {one.key: one.needs for one in PRIMITIVES}
PRIVILEGED = {"spec": {"hostPID": True, "containers": [{"name": "c", "image": "ostiary.dev/none:1"}]}}


def kubectl(cluster: RunningCluster, *arguments: str, given: Any = None) -> subprocess.CompletedProcess[str]:
    command = [str(cluster.kubectl), f"--kubeconfig={cluster.kubeconfig}", *arguments]
    return subprocess.run(command, input=json.dumps(given) if given else None, capture_output=True, text=True, check=False)


def grant(user: str, namespace: str, *rules: dict[str, Any]) -> list[dict[str, Any]]:
    """A role and its binding; both cluster-wide where there is no namespace."""
    kind, meta = ("Role" if namespace else "ClusterRole"), {"name": f"around-{user}", "namespace": namespace or None}
    subject = {"kind": "User", "name": user, "apiGroup": RBAC}
    ref = {"kind": kind, "name": f"around-{user}", "apiGroup": RBAC}
    return [
        {"apiVersion": API, "kind": kind, "metadata": meta, "rules": rules},
        {"apiVersion": API, "kind": f"{kind}Binding", "metadata": meta, "subjects": [subject], "roleRef": ref},
    ]


def rule(verbs: str, group: str, resources: str, *names: str) -> dict[str, Any]:
    return {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split(), "resourceNames": list(names)}


def scenario(shop: str) -> list[dict[str, Any]]:
    """Users with a way, called by it, and users without one, called no-..."""
    return [
        *grant("labels", shop, rule("patch get", "", "namespaces", shop)),
        *grant("nodes", "", rule("get", "", "nodes/proxy")),
        *grant("maker", "", rule("create", "", "namespaces pods")),
        *grant("loose", "kube-system", rule("create", "batch", "jobs")),
        *grant("hooks", "", rule("patch", "admissionregistration.k8s.io", "mutatingwebhookconfigurations")),
        *grant("binder", shop, rule("bind", RBAC, "clusterroles", "cluster-admin"), rule("create", RBAC, "rolebindings")),
        *grant("friend", "", rule("impersonate", "", "users", "labels")),
        *grant("no-pods", shop, rule("create", "", "pods")),
        *grant("no-other", "default", rule("patch", "", "namespaces")),
        *grant("no-names", "", rule("create get list", "", "namespaces")),
        *grant("no-bind", shop, rule("bind", RBAC, "clusterroles", "view"), rule("create", RBAC, "rolebindings")),
    ]


Question = tuple[str, tuple[str, ...], Request]


def allowed(cluster: RunningCluster, questions: list[Question]) -> dict[Question, bool]:
    """What the server's authorizer says to each."""
    reviews = []
    for user, groups, request in questions:
        attributes = {
            "verb": request.verb, "group": request.api_group, "resource": request.resource, "subresource": request.subresource,
            "name": request.name, "namespace": request.namespace,
        }  # fmt: skip
        spec = {"user": user, "groups": list(groups), "resourceAttributes": attributes}
        reviews.append({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec})
    form = 'jsonpath={.status.allowed}{"\\n"}'
    answer = kubectl(cluster, "create", "-f", "-", "-o", form, given={"apiVersion": "v1", "kind": "List", "items": reviews})
    found = [line == "true" for line in answer.stdout.splitlines()]
    return dict(zip(questions, found, strict=True))


def needed(way: Way) -> list[list[Question]]:
    """For every need of the way's primitive, the requests of which one has to be allowed, where and by the name that the way says."""
    identity, name = identity_of(way.subject), way.names[0] if way.names else ""
    return [
        [
            (identity.user, identity.groups, replace(one, name=name if need.named else "", namespace=way.scope))
            for one in need.requests
        ]
        for need in NEEDS[way.primitive]
    ]


async def seen(cluster: RunningCluster) -> World:
    async with Client(load([cluster.kubeconfig])) as client:
        return World.of(await read_live(client, bytes(32)), today=date(2026, 11, 24))


@pytest.fixture(scope="module")
def untouched_cluster() -> Iterator[RunningCluster]:
    """A cluster of its own: bindings that other judges leave in the shared one are ways too."""
    try:
        cluster = up(SandboxOptions(name=f"around-{os.getpid()}", owner_pid=os.getpid()))
    except CannotRun as error:
        cannot_run(error.happened)
    yield cluster
    cluster.down()


@pytest.mark.judge("ways round a level")
async def test_every_way_is_one_on_the_real_server(untouched_cluster: RunningCluster) -> None:
    with fresh_namespace(untouched_cluster) as shop:
        await every_way_is_one(untouched_cluster, shop)


async def every_way_is_one(ostiary_cluster: RunningCluster, shop: str) -> None:
    assert kubectl(ostiary_cluster, "label", "namespace", shop, "pod-security.kubernetes.io/enforce=baseline").returncode == 0
    given = {"apiVersion": "v1", "kind": "List", "items": scenario(shop)}
    assert kubectl(ostiary_cluster, "apply", "-f", "-", given=given).returncode == 0
    try:
        world = await seen(ostiary_cluster)
        policy = PodPolicy(levels={shop: LevelVersion(Level.BASELINE, "v1.37")})
        found = around_pod_security(world, policy)
        ours = [way for way in found if way.bindings[0].name.startswith("around-")]
        assert {(way.subject.name, way.how) for way in ours} == {
            ("labels", How.LABELS),
            ("nodes", How.NODE),
            ("maker", How.NEW_NAMESPACE),
            ("maker", How.LOOSE_NAMESPACE),
            ("loose", How.LOOSE_NAMESPACE),
            ("hooks", How.MUTATION),
            ("binder", How.GRANT),
            ("friend", How.NAME),
        }
        needs = {way: needed(way) for way in found if way.primitive in NEEDS}
        said = allowed(ostiary_cluster, list(dict.fromkeys(one for way in needs.values() for need in way for one in need)))
        assert [str(way) for way, every in needs.items() if not all(any(said[one] for one in need) for need in every)] == []
        assert all(way.own for way in found if way not in ours and not way.through)
        really(ostiary_cluster, shop)
        verdict = closed(world, policy)
        assert isinstance(verdict, Refutation)
        assert {witness.subject.name for witness in verdict.witnesses} == {way.bindings[0].name for way in ours}
    finally:
        kubectl(ostiary_cluster, "delete", "-f", "-", "--ignore-not-found", given=given)


def really(cluster: RunningCluster, shop: str) -> None:
    """A pod above the level is refused; who has no way cannot change that; who has one does, and the pod is admitted."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "attack", "namespace": shop}, **PRIVILEGED}
    relax = ("label", "namespace", shop, "pod-security.kubernetes.io/enforce=privileged", "--overwrite")
    trial = ("create", "--dry-run=server", "-f", "-", "--as", "no-pods")
    assert "violates PodSecurity" in kubectl(cluster, *trial, given=pod).stderr
    for user in ("no-pods", "no-other", "no-names", "no-bind", "nodes"):
        assert "forbidden" in kubectl(cluster, *relax, "--as", user).stderr, user
    patched = kubectl(cluster, *relax, "--as", "labels")
    assert patched.returncode == 0, patched.stderr
    assert kubectl(cluster, *trial, given=pod).returncode == 0
