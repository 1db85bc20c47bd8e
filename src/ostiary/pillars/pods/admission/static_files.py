"""The same policies as files that an API server reads at its start: what is not in the API cannot be deleted through it, not even by a cluster-admin.

Such objects have names that end in ``.static.k8s.io``, and the API takes no object of such a name. They need the feature gate
ManifestBasedAdmissionControlConfig (beta and on in 1.37) and ``--admission-control-config-file``. An API server reads its own disk: in a cluster with
several, every one needs the files. Exceptions and scope work as they do in the API; paramKind does not exist there and is not used.

Source: KEP-5793; ``apiserver.config.k8s.io/v1`` in k8s.io/apiserver/pkg/admission/plugin/policy/config.
"""

import json
from typing import Any

from ostiary.model.verdict import Proof
from ostiary.model.world import World
from ostiary.pillars.pods.admission.mutating import defaulting
from ostiary.pillars.pods.admission.policy import AdmissionPolicy
from ostiary.pillars.pods.admission.proposal import Proposal
from ostiary.pillars.pods.admission.scope import control_plane_namespaces
from ostiary.pillars.pods.admission.validating import REFUSE, policies

SUFFIX = ".static.k8s.io"
CONFIGURATION = "admission-configuration.json"
VALIDATING, MUTATING = "validating", "mutating"
Object = dict[str, Any]


def static_files(policy: AdmissionPolicy, directory: str, *, also_left_out: tuple[str, ...] = ()) -> dict[str, str]:
    """Path below ``directory`` to text. ``directory`` is where the API server will find them, absolute; JSON, which it reads as YAML."""
    validating = [_static(one) for one in policies(policy, actions=REFUSE, also_left_out=also_left_out)]
    mutating = [_static(one) for one in defaulting(policy, also_left_out)]
    files = {CONFIGURATION: _text(_configuration(directory, with_mutating=bool(mutating)))}
    for folder, objects in ((VALIDATING, validating), (MUTATING, mutating)):
        for one in objects:
            kind = "binding" if one["kind"].endswith("Binding") else "policy"
            files[f"{folder}/{one['metadata']['name'].removesuffix(SUFFIX)}-{kind}.json"] = _text(one)
    return files


def proved_files(proof: Proof[Proposal], world: World, directory: str) -> dict[str, str]:
    """The files of a policy that was proved in this World."""
    return static_files(proof.policy.policy, directory, also_left_out=control_plane_namespaces(world))


def _static(one: Object) -> Object:
    metadata = {**one["metadata"], "name": one["metadata"]["name"] + SUFFIX}
    spec = dict(one["spec"])
    if "policyName" in spec:
        spec["policyName"] += SUFFIX
    return {**one, "metadata": metadata, "spec": spec}


def _configuration(directory: str, *, with_mutating: bool) -> Object:
    plugins = [_plugin("ValidatingAdmissionPolicy", f"{directory}/{VALIDATING}")]
    if with_mutating:
        plugins.append(_plugin("MutatingAdmissionPolicy", f"{directory}/{MUTATING}"))
    return {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration", "plugins": plugins}


def _plugin(name: str, directory: str) -> Object:
    configuration = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": f"{name}Configuration",
        "staticManifestsDir": directory,
    }
    return {"name": name, "configuration": configuration}


def _text(one: Object) -> str:
    return json.dumps(one, indent=2, sort_keys=True) + "\n"
