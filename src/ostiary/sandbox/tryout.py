"""Runs a pod template once, patched, on the real node of a sandbox, and says whether it held: the real judge of what no manifest tells.

The pod has another name and no label of its own, so no Service sends it anything and no controller adopts it; claims of a StatefulSet become empty
directories, images are never pulled, and it is removed afterwards. Only a sandbox of this machine is ever used: a pod that starts does things.

    async with Client(access) as client:
        tried = await try_out(client, Candidate(target, ("spec", "template"), (Step("restricted", patch),)), seconds=40)
"""

import asyncio
import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ostiary.adapters.kubernetes.access import Access
from ostiary.adapters.kubernetes.answers import Rejected
from ostiary.adapters.kubernetes.client import Client, object_path, resource_path
from ostiary.core.errors import BadInput, Refused
from ostiary.model.plan import Target
from ostiary.pillars.pods.harden.edit import merged
from ostiary.sandbox.fate import HELD, NOT_TRIED, UNCLEAR, Fate, broken_container, fate, node_trouble, settled, why_in_log
from ostiary.sandbox.layout import Layout
from ostiary.sandbox.pki import Authority
from ostiary.sandbox.state import ClusterRecord, Phase, clusters, read

LABEL = "ostiary.dev/trial"
SETTLE_SECONDS = 3.0  # Ready, and still so after this: a process that dies at its first write has died by then
_POLL_SECONDS = 0.4
_SLOW_SECONDS = 8.0  # after which a pod that still does not start is asked why


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to try: a patch of the template, beside those of the steps before that held."""

    name: str
    patch: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An owner, where its template stands in it, and what to try, in order."""

    target: Target
    template: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one step: held, failed, unclear (something else kept it), not tried; and why."""

    step: str
    outcome: str
    why: str = ""


def require_sandbox(access: Access) -> str:
    """The name of the sandbox with a real node that this is. Refused when it is anything else."""
    for layout in clusters():
        record = _record(layout)
        if record is None or not record.alive or record.phase is not Phase.RUNNING or record.server != access.server:
            continue
        if Authority(layout.pki).pair.certificate.read_bytes().strip() != access.certificate_authority.strip():
            continue
        if record.options.nodes.kind != "real":
            raise Refused(
                f"the sandbox {layout.name} has no real node", todo="ostiary sandbox up --nodes real --load MANIFESTS"
            )
        return layout.name
    raise Refused(
        f"{access} is no sandbox of this machine, and nothing is started anywhere else",
        todo="ostiary sandbox up --nodes real --load MANIFESTS, then again with its kubeconfig",
    )


def _record(layout: Layout) -> ClusterRecord | None:
    """What is known of it; None of one whose record cannot be read: that is somebody else's trouble, not this cluster's."""
    try:
        return read(layout)
    except BadInput:
        return None


async def try_out(client: Client, candidate: Candidate, *, seconds: float = 40.0) -> tuple[Tried, ...]:
    """Try each step; one that does not hold is left out of the next."""
    answer = await client.get(candidate.target)
    if isinstance(answer, Rejected):
        return tuple(Tried(step.name, NOT_TRIED, str(answer)) for step in candidate.steps)
    owner: Any = answer.object
    template = owner
    for key in candidate.template:
        template = template[key]
    found: list[Tried] = []
    for step in candidate.steps:
        patched = merged(template, dict(step.patch))
        tried = await _try(client, candidate.target, owner, patched, step.name, seconds)
        found.append(tried)
        template = patched if tried.outcome == HELD else template
    return tuple(found)


async def _try(client: Client, target: Target, owner: Any, template: Any, step: str, seconds: float) -> Tried:
    pod = trial_pod(target, owner, template, secrets.token_hex(4), int(seconds) + 30)
    where = Target(api_version="v1", kind="Pod", resource="pods", namespace=target.namespace, name=pod["metadata"]["name"])
    answer = await client.create(where, pod)
    if isinstance(answer, Rejected):
        return Tried(step, "failed", f"not admitted: {answer.message}")
    try:
        said = await _watch(client, where, seconds)
    finally:
        await asyncio.shield(_remove(client, where))
    if said.outcome == "failed" and not await _stands(client, target, owner):
        return Tried(step, UNCLEAR, f"no pod of it is ready without the patch either; {said.why}")
    return Tried(step, said.outcome, said.why)


def trial_pod(target: Target, owner: Any, template: Any, mark: str, deadline: int) -> dict[str, Any]:
    """The pod of a template, under another name; ``deadline``: seconds after which the kubelet itself ends it."""
    spec = json.loads(json.dumps(template["spec"]))
    spec.pop("nodeName", None)
    spec.update(restartPolicy="Never", activeDeadlineSeconds=deadline)
    for container in _containers(spec):
        container["imagePullPolicy"] = "Never"
    claims = [claim["metadata"]["name"] for claim in owner.get("spec", {}).get("volumeClaimTemplates") or ()]
    if claims:
        spec["volumes"] = [*(spec.get("volumes") or ()), *({"name": name, "emptyDir": {}} for name in claims)]
    metadata = {"name": f"try-{target.name[:40].rstrip('-.')}-{mark}", "namespace": target.namespace, "labels": {LABEL: mark}}
    annotations = template.get("metadata", {}).get("annotations")
    if annotations and target.kind != "Pod":
        metadata["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _containers(spec: Any) -> Iterator[dict[str, Any]]:
    for key in ("initContainers", "containers"):
        yield from spec.get(key) or ()


async def _watch(client: Client, where: Target, seconds: float) -> Fate:
    """Until it is settled; a pod that is Ready is looked at a little longer."""
    began, ready_since = time.monotonic(), 0.0
    last: Any = {}
    while time.monotonic() - began < seconds:
        answer = await client.get(where)
        if isinstance(answer, Rejected):
            return Fate(UNCLEAR, f"the trial pod is gone: {answer}")
        last = answer.object
        said = fate(last)
        if said is not None and said.outcome != HELD:
            return await _with_log(client, where, last, said)
        if said is None and time.monotonic() - began > _SLOW_SECONDS and (trouble := await _trouble(client, where)):
            return Fate(UNCLEAR, trouble)
        ready_since = (ready_since or time.monotonic()) if said else 0.0
        if said and time.monotonic() - ready_since >= SETTLE_SECONDS:
            return said
        await asyncio.sleep(_POLL_SECONDS)
    return settled(last, seconds)


async def _trouble(client: Client, where: Target) -> str:
    """What keeps the node from starting it, from its events: no fault of the process, for it does not run yet."""
    query = {"fieldSelector": f"involvedObject.name={where.name},type=Warning"}
    response = await client.request("GET", resource_path("v1", "events", where.namespace), query=query)
    return node_trouble(json.loads(response.body).get("items", ())) if response.ok else ""


async def _with_log(client: Client, where: Target, pod: Any, said: Fate) -> Fate:
    """What the process itself said, as far as it is a known kind of refusal; the log is quoted nowhere, for it may hold anything."""
    container = broken_container(pod)
    if not container:
        return said
    query = {"container": container, "tailLines": "50", "limitBytes": "20000"}
    response = await client.request("GET", object_path(where) + "/log", query=query, accept="*/*")
    why = why_in_log(response.body.decode("utf-8", "replace")) if response.ok else ""
    return Fate(said.outcome, f"{said.why}; {why}" if why else said.why)


async def _remove(client: Client, where: Target) -> None:
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
    await client.request("DELETE", object_path(where), body=json.dumps(options).encode())


async def _stands(client: Client, target: Target, owner: Any) -> bool:
    """Whether some pod of the owner is ready as it is; True where that cannot be told."""
    selector = (owner.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels") if isinstance(selector, dict) else None
    if not labels or target.kind in ("Pod", "Job", "CronJob"):
        return True
    said = ",".join(f"{key}={value}" for key, value in labels.items())
    path = resource_path("v1", "pods", target.namespace)
    response = await client.request("GET", path, query={"labelSelector": said})
    pods: Sequence[Any] = json.loads(response.body).get("items", ()) if response.ok else ()
    return not response.ok or any((found := fate(pod)) is not None and found.outcome == HELD for pod in pods)
