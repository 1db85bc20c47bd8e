"""A pod's patch as a patch of its owner's manifest, the way kubectl and kustomize take it.

>>> owner_patch(Ref("CronJob", "shop", "report"), {"spec": {"hostPID": None}})["spec"]
{'jobTemplate': {'spec': {'template': {'spec': {'hostPID': None}}}}}
"""

from ostiary.model.kinds import KINDS
from ostiary.model.meta import Ref
from ostiary.model.plan import Target
from ostiary.pillars.pods.harden.edit import Tree
from ostiary.pillars.pods.makers import ROOTS

# What the API server lets nobody change in an object that stands.
_FIXED = {
    "Pod": "a pod's spec cannot be changed: change its manifest, delete it and create it anew",
    "Job": "a Job's template cannot be changed: change its manifest, delete it and create it anew",
}
_APIS = {kind.kind: kind for kind in KINDS if kind.makes_pods}


def target(ref: Ref) -> Target:
    """Where the API server has the owner."""
    kind = _APIS[ref.kind]
    version = f"{kind.group}/{kind.versions[0]}" if kind.group else kind.versions[0]
    return Target(api_version=version, kind=ref.kind, resource=kind.resource, namespace=ref.namespace, name=ref.name)


def owner_patch(ref: Ref, of_pod: Tree) -> Tree:
    """The strategic merge patch of the owner, with the names that kustomize finds it by."""
    inner = of_pod
    for key in reversed(ROOTS[ref.kind].rstrip(".").split(".")):
        inner = {key: inner} if key else inner
    where = target(ref)
    metadata = {"name": ref.name, **({"namespace": ref.namespace} if ref.namespace else {})}
    named = {"apiVersion": where.api_version, "kind": ref.kind, "metadata": {**metadata, **inner.get("metadata", {})}}
    return {**named, **{key: value for key, value in inner.items() if key != "metadata"}}


def fixed(ref: Ref) -> str:
    """Why a live object of this kind does not take the patch; empty where it does."""
    return _FIXED.get(ref.kind, "")
