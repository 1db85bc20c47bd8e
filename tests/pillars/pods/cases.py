"""One pod for each way to violate each control: the tame pod with one field set. Used by tests of the pillar and by the judge."""

from itertools import pairwise
from typing import Any

import msgspec
from tests.pillars.strategies import APP_ARMOR

from ostiary.model.levels import Level

B, R = Level.BASELINE, Level.RESTRICTED

TAME: dict[str, Any] = {
    "metadata": {"name": "pod"},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "a",
                "image": "i",
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The tame pod with one field set; ``None`` takes it away. Numbers in the path are positions."""
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(TAME))
    keys = [int(key) if key.isdigit() else key for key in path.split("/")]
    at: Any = made
    for key, following in pairwise(keys):
        at = at[key] if isinstance(key, int) else at.setdefault(key, [{}] if isinstance(following, int) else {})
    if value is None:
        at.pop(keys[-1])
    else:
        at[keys[-1]] = value
    return made


A = "spec/containers/0/"
SC = A + "securityContext/"
# Control, level, field, value, and the API server's words.
CASES: tuple[tuple[str, Level, str, Any, str], ...] = (
    ("hostNamespaces", B, "spec/hostNetwork", True, "host namespaces (hostNetwork=true)"),
    ("hostNamespaces", B, "spec/hostPID", True, "host namespaces (hostPID=true)"),
    ("hostNamespaces", B, "spec/hostIPC", True, "host namespaces (hostIPC=true)"),
    (
        "hostPorts",
        B,
        A + "ports",
        [{"containerPort": 80, "hostPort": 80}, {"containerPort": 9, "hostPort": 9}],
        'hostPort (container "a" uses hostPorts 80, 9)',
    ),
    (
        "hostProbesAndHostLifecycle",
        B,
        A + "livenessProbe",
        {"httpGet": {"host": "h"}},
        'probe or lifecycle host (container "a" uses probe or lifecycle host "h")',
    ),
    (
        "hostProbesAndHostLifecycle",
        B,
        A + "lifecycle",
        {"preStop": {"tcpSocket": {"host": "h"}}},
        'probe or lifecycle host (container "a" uses probe or lifecycle host "h")',
    ),
    ("privileged", B, SC + "privileged", True, 'privileged (container "a" must not set securityContext.privileged=true)'),
    (
        "seLinuxOptions",
        B,
        SC + "seLinuxOptions",
        {"type": "spc_t", "user": "u"},
        'seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    ),
    (
        "seLinuxOptions",
        B,
        "spec/securityContext/seLinuxOptions",
        {"role": "r"},
        "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: role may not be set)",
    ),
    ("sysctls", B, "spec/securityContext/sysctls", [{"name": "kernel.msgmax"}], "forbidden sysctls (kernel.msgmax)"),
    (
        "windowsHostProcess",
        B,
        "spec/securityContext/windowsOptions",
        {"hostProcess": True},
        "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
    ),
    (
        "appArmorProfile",
        B,
        "spec/securityContext/appArmorProfile",
        {"type": "Unconfined"},
        'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ),
    (
        "appArmorProfile",
        B,
        "metadata/annotations",
        {APP_ARMOR + "a": "unconfined"},
        f'forbidden AppArmor profiles (container "a" and annotation must not set AppArmor profile type to "Unconfined", "{APP_ARMOR}a="unconfined"")',
    ),
    (
        "allowPrivilegeEscalation",
        R,
        SC + "allowPrivilegeEscalation",
        None,
        'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
    ),
    (
        "allowPrivilegeEscalation",
        R,
        SC + "allowPrivilegeEscalation",
        True,
        'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
    ),
    (
        "capabilities_restricted",
        R,
        SC + "capabilities",
        {"drop": ["all"]},
        'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"])',
    ),
    (
        "capabilities_restricted",
        R,
        SC + "capabilities",
        {"drop": ["ALL"], "add": ["CHOWN"]},
        'unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)',
    ),
    (
        "restrictedVolumes",
        R,
        "spec/volumes",
        [{"name": "v", "nfs": {}}, {"name": "w", "hostPath": {"path": "/"}}],
        'restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs")',
    ),
    (
        "restrictedVolumes",
        R,
        "spec/volumes",
        [{"name": "v", "scaleIO": {}}],
        'restricted volume types (volume "v" uses restricted volume type "scaleIO")',
    ),
    (
        "runAsNonRoot",
        R,
        "spec/securityContext/runAsNonRoot",
        None,
        'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
    ),
    (
        "runAsNonRoot",
        R,
        SC + "runAsNonRoot",
        False,
        'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
    ),
    ("runAsUser", R, SC + "runAsUser", 0, 'runAsUser=0 (container "a" must not set runAsUser=0)'),
    ("runAsUser", R, "spec/securityContext/runAsUser", 0, "runAsUser=0 (pod must not set runAsUser=0)"),
    (
        "seccompProfile_restricted",
        R,
        "spec/securityContext/seccompProfile",
        None,
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ),
    (
        "seccompProfile_restricted",
        R,
        SC + "seccompProfile",
        {"type": "Unconfined"},
        'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
    ),
    (
        "procMount_restricted",
        R,
        SC + "procMount",
        "Unmasked",
        'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ),
)
