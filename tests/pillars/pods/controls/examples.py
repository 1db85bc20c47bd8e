"""For every control a pod that violates it and one that does not, each a small change of one good pod;

And the cluster around them.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from ostiary.model.basics import ConfigMap, PersistentVolume, PersistentVolumeClaim, Secret, ServiceAccount
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta
from ostiary.model.pods import Pod
from ostiary.model.rbac import Binding
from ostiary.model.sealed import Annotations, Sealed, seal
from ostiary.model.world import World

KEY = bytes(32)
DIGEST = "@sha256:" + "a" * 64
IMAGE = "registry.example.com/shop/web:1.2" + DIGEST
TODAY = date(2026, 11, 24)
Manifest = dict[str, Any]


def good_pod() -> Manifest:
    """A pod that no control has anything against."""
    return {
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "controller": True}],
        },
        "spec": {
            "serviceAccountName": "web",
            "automountServiceAccountToken": False,
            "hostUsers": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 20000,
                "runAsGroup": 20000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [good_container("app")],
        },
    }


def good_container(name: str) -> Manifest:
    """Its only container."""
    return {
        "name": name,
        "image": IMAGE,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {
            "requests": {"cpu": "10m", "memory": "16Mi"},
            "limits": {"cpu": "1", "memory": "64Mi", "ephemeral-storage": "1Gi"},
        },
    }


def merged(base: Any, patch: Any) -> Any:
    """RFC 7386: null removes."""
    if not isinstance(patch, dict) or not isinstance(base, dict):
        return copy.deepcopy(patch)
    result = dict(base)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key, {}), value)
    return result


def pod(**patch: Any) -> Manifest:
    """The good pod with some of its spec changed."""
    return merged(good_pod(), {"spec": patch})  # type: ignore[no-any-return]


def container(**patch: Any) -> Manifest:
    """The good pod with some of its container changed."""
    made = good_pod()
    made["spec"]["containers"] = [merged(good_container("app"), patch)]
    return made


def context(**patch: Any) -> Manifest:
    """The good pod with some of its container's security context changed."""
    return container(securityContext=patch)


def init(**patch: Any) -> Manifest:
    """The good pod with an init container."""
    return pod(initContainers=[merged(good_container("init"), {"securityContext": patch})])


def debugged() -> Manifest:
    """The good pod with an ephemeral container."""
    left = good_container("debugger")
    del left["resources"]
    return pod(ephemeralContainers=[left])


def volume(source: Manifest, **mount: Any) -> Manifest:
    """The good pod with a volume, mounted."""
    made = container(volumeMounts=[{"name": "v", "mountPath": "/v", **mount}])
    made["spec"]["volumes"] = [{"name": "v", **source}]
    return made


def host_path(path: str, **more: Any) -> Manifest:
    return volume({"hostPath": {"path": path, **more}}, readOnly=True, recursiveReadOnly="Enabled")


def token(**more: Any) -> Manifest:
    return {"projected": {"sources": [{"serviceAccountToken": {"path": "token", **more}}]}}


def env(*variables: Manifest) -> Manifest:
    return container(env=list(variables))


def meta(change: Callable[[Manifest], Any]) -> Manifest:
    """The good pod with something of its metadata or status changed."""
    made = good_pod()
    change(made)
    return made


def without_owner(made: Manifest) -> None:
    del made["metadata"]["ownerReferences"]


def on_a_node(made: Manifest) -> None:
    without_owner(made)
    made["spec"]["nodeName"] = "n1"


def finished(made: Manifest) -> None:
    without_owner(made)
    made["status"] = {"phase": "Succeeded"}


def mirrored(made: Manifest) -> None:
    made["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "abc"}


def in_default(made: Manifest) -> None:
    made["metadata"]["namespace"] = "default"


def at_system(made: Manifest) -> None:
    made["metadata"]["namespace"] = "kube-system"
    made["spec"]["priorityClassName"] = "system-node-critical"


@dataclass(frozen=True)
class Around:
    """What stands beside the pod, as manifests by section."""

    sections: Mapping[str, tuple[Manifest, ...]] = field(default_factory=dict)
    registries: tuple[str, ...] = ()


NOTHING = Around()
ACCOUNT_SAYS_NO = Around(
    {"service_accounts": ({"metadata": {"name": "web", "namespace": "shop"}, "automountServiceAccountToken": False},)}
)


def bindings(*names: str) -> Around:
    return Around(
        {
            "role_bindings": tuple(
                {"metadata": {"name": name, "namespace": "shop"}, "subjects": [{"kind": "ServiceAccount", "name": name}]}
                for name in names
            )
        }
    )


SECRETS = Around(
    {
        "secrets": (
            {"metadata": {"name": "db", "namespace": "shop"}, "data": {"password": "hunter2", "username": "shop"}},
            {"metadata": {"name": "old", "namespace": "shop"}, "type": "kubernetes.io/service-account-token"},
        ),
        "config_maps": (
            {"metadata": {"name": "leaky", "namespace": "shop"}, "data": {"db": "hunter2", "user": "shop"}},
            {"metadata": {"name": "fine", "namespace": "shop"}, "data": {"user": "shop"}},
        ),
    }
)
CLAIMS = Around(
    {
        "persistent_volumes": (
            {"metadata": {"name": "pv1"}, "spec": {"hostPath": {"path": "/data"}}},
            {"metadata": {"name": "pv2"}, "spec": {"storageClassName": "fast"}},
        ),
        "persistent_volume_claims": (
            {"metadata": {"name": "local", "namespace": "shop"}, "spec": {"volumeName": "pv1"}},
            {"metadata": {"name": "remote", "namespace": "shop"}, "spec": {"volumeName": "pv2"}},
        ),
    }
)
TRUSTED = Around(registries=("registry.example.com/",))


@dataclass(frozen=True)
class Example:
    """Pods on both sides of one control."""

    bad: Manifest
    good: Manifest
    around: Around = NOTHING


def added(name: str, good: str = "NET_BIND_SERVICE") -> Example:
    return Example(
        context(capabilities={"drop": ["ALL"], "add": [name]}), context(capabilities={"drop": ["ALL"], "add": [good]})
    )


def shown(bad: str, good: str = "/data") -> Example:
    return Example(host_path(bad), host_path(good))


def lacking(kind: str, resource: str) -> Example:
    both = {"limits": {resource: None}, "requests": {resource: None}}
    return Example(
        container(resources=both), good_pod() if kind == "limits" else container(resources={"limits": {resource: None}})
    )


EXAMPLES: dict[str, Example] = {
    "POD-101": Example(container(image="registry.example.com/web"), container(image="registry.example.com/web:1")),
    "POD-102": Example(container(image="registry.example.com/web:1"), good_pod()),
    "POD-103": Example(
        container(image="registry.example.com/web:1"), container(image="registry.example.com/web:1", imagePullPolicy="Always")
    ),
    "POD-104": Example(container(image="shop/web:1" + DIGEST), container(image="localhost/web:1" + DIGEST)),
    "POD-105": Example(container(image="evil.example.com/web" + DIGEST), good_pod(), TRUSTED),
    "POD-106": Example(volume({"image": {"reference": "r.example.com/x:1"}}), volume({"image": {"reference": IMAGE}})),
    "POD-107": Example(pod(serviceAccountName=None), pod(serviceAccountName="shop")),
    "POD-108": Example(pod(automountServiceAccountToken=None), pod(automountServiceAccountToken=True)),
    "POD-109": Example(pod(automountServiceAccountToken=True), good_pod(), bindings("other")),
    "POD-110": Example(pod(automountServiceAccountToken=True), pod(automountServiceAccountToken=None), ACCOUNT_SAYS_NO),
    "POD-111": Example(volume(token()), volume(token(audience="vault"))),
    "POD-112": Example(volume({"secret": {"secretName": "old"}}), volume({"secret": {"secretName": "db"}}), SECRETS),
    "POD-113": Example(volume(token(audience="vault")), volume(token())),
    "POD-114": Example(volume(token(expirationSeconds=86400)), volume(token(expirationSeconds=3600))),
    "POD-115": Example(
        env({"name": "A", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}),
        env({"name": "A", "valueFrom": {"configMapKeyRef": {"name": "fine", "key": "user"}}}),
    ),
    "POD-116": Example(
        container(envFrom=[{"secretRef": {"name": "db"}}]), container(envFrom=[{"configMapRef": {"name": "fine"}}])
    ),
    "POD-117": Example(env({"name": "A", "value": "hunter2"}), env({"name": "A", "value": "shop"}), SECRETS),
    "POD-118": Example(container(args=["-p", "hunter2"]), container(args=["-u", "shop"]), SECRETS),
    "POD-119": Example(volume({"configMap": {"name": "leaky"}}), volume({"configMap": {"name": "fine"}}), SECRETS),
    "POD-120": Example(env({"name": "db_password", "value": "x"}), env({"name": "TOKEN_BUDGET", "value": "10"})),
    "POD-121": Example(context(runAsUser=0), merged(context(runAsUser=20000), {"spec": {"securityContext": {"runAsUser": 0}}})),
    "POD-122": Example(
        pod(securityContext={"runAsUser": None, "runAsNonRoot": None}), pod(securityContext={"runAsUser": None})
    ),
    "POD-123": Example(pod(hostUsers=None, securityContext={"runAsUser": 1000}), pod(securityContext={"runAsUser": 1000})),
    "POD-124": Example(pod(securityContext={"runAsGroup": 0}), context(runAsGroup=20000)),
    "POD-125": Example(pod(securityContext={"fsGroup": 0}), pod(securityContext={"fsGroup": 20000})),
    "POD-126": Example(context(allowPrivilegeEscalation=None), context(allowPrivilegeEscalation=False)),
    "POD-127": Example(
        context(privileged=True, allowPrivilegeEscalation=None), init(privileged=True, allowPrivilegeEscalation=None)
    ),
    "POD-128": Example(
        init(privileged=True, allowPrivilegeEscalation=None), context(privileged=True, allowPrivilegeEscalation=None)
    ),
    "POD-129": Example(pod(hostUsers=True), pod(hostUsers=None, hostNetwork=True)),
    "POD-130": added("all"),
    "POD-131": added("SYS_ADMIN"),
    "POD-132": added("CAP_SYS_MODULE"),
    "POD-133": added("sys_ptrace"),
    "POD-134": added("DAC_READ_SEARCH", "CHOWN"),
    "POD-135": added("NET_ADMIN"),
    "POD-136": Example(context(capabilities={"drop": ["CHOWN"]}), context(capabilities={"drop": ["net_raw"]})),
    "POD-137": added("PERFMON"),
    "POD-138": added("MKNOD"),
    "POD-139": added("SYS_TIME"),
    "POD-140": Example(context(capabilities={"drop": ["NET_RAW"]}), context(capabilities={"drop": ["all"]})),
    "POD-141": Example(
        pod(securityContext={"seccompProfile": None}),
        merged(
            pod(securityContext={"seccompProfile": None}),
            {"spec": {"containers": context(seccompProfile={"type": "RuntimeDefault"})["spec"]["containers"]}},
        ),
    ),
    "POD-142": Example(context(seccompProfile={"type": "Unconfined"}), context(seccompProfile={"type": "RuntimeDefault"})),
    "POD-143": Example(context(appArmorProfile={"type": "Unconfined"}), context(appArmorProfile={"type": "RuntimeDefault"})),
    "POD-144": Example(
        context(seLinuxOptions={"type": "spc_t"}), context(seLinuxOptions={"type": "container_t", "level": "s0:c1,c2"})
    ),
    "POD-145": Example(context(procMount="Unmasked"), context(procMount="Default")),
    "POD-146": Example(
        pod(securityContext={"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}),
        pod(securityContext={"sysctls": []}),
    ),
    "POD-147": Example(pod(shareProcessNamespace=True), pod(shareProcessNamespace=False)),
    "POD-148": Example(pod(hostUsers=None, hostPID=True), pod(hostPID=False)),
    "POD-149": Example(pod(hostUsers=None, hostIPC=True), pod(hostIPC=False)),
    "POD-150": Example(pod(hostUsers=None, hostNetwork=True), pod(hostNetwork=False)),
    "POD-151": Example(
        pod(securityContext={"windowsOptions": {"hostProcess": True}}),
        pod(securityContext={"windowsOptions": {"hostProcess": False}}),
    ),
    "POD-152": shown("//."),
    "POD-153": shown("/etc/", "/etcetera"),
    "POD-154": shown("/dev/sda", "/devices"),
    "POD-155": shown("/var", "/var/runner"),
    "POD-156": shown("/var//lib/./kubelet/pods", "/var/lib/kubelets"),
    "POD-157": shown("/run/containerd/containerd.sock", "/run/containerd"),
    "POD-158": shown("/var/lib/docker"),
    "POD-159": shown("/etc/kubernetes/pki", "/etc/ssl"),
    "POD-160": shown("/var/log/pods", "/var/logs"),
    "POD-161": shown("/usr/local/bin", "/users"),
    "POD-162": Example(volume({"hostPath": {"path": "/data"}}), host_path("/data")),
    "POD-163": Example(host_path("/data"), volume({"emptyDir": {"sizeLimit": "1Gi"}})),
    "POD-164": Example(host_path("/data", type="DirectoryOrCreate"), host_path("/data", type="Directory")),
    "POD-165": Example(
        volume({"persistentVolumeClaim": {"claimName": "local"}}),
        volume({"persistentVolumeClaim": {"claimName": "remote"}}),
        CLAIMS,
    ),
    "POD-166": Example(context(readOnlyRootFilesystem=False), good_pod()),
    "POD-167": Example(
        volume({"emptyDir": {}}, mountPropagation="Bidirectional"), volume({"emptyDir": {}}, mountPropagation="None")
    ),
    "POD-168": Example(
        volume({"hostPath": {"path": "/data"}}, mountPropagation="HostToContainer"),
        volume({"emptyDir": {}}, mountPropagation="HostToContainer"),
    ),
    "POD-169": Example(
        volume({"hostPath": {"path": "/data"}}, subPathExpr="$(A)"),
        volume({"hostPath": {"path": "/data"}}, subPath="a", readOnly=True),
    ),
    "POD-170": Example(volume({"hostPath": {"path": "/data"}}, readOnly=True), host_path("/data")),
    "POD-171": Example(
        volume({"emptyDir": {"sizeLimit": "1Gi"}}, bindMountOptions=["nosuid"]),
        volume({"emptyDir": {"sizeLimit": "1Gi"}}, bindMountOptions=["noexec"]),
    ),
    "POD-172": Example(
        volume({"persistentVolumeClaim": {"claimName": "remote"}}, bindMountOptions=["nodev"]),
        volume({"persistentVolumeClaim": {"claimName": "remote"}}, bindMountOptions=["nodev", "nosuid"]),
    ),
    "POD-173": Example(container(volumeDevices=[{"name": "v", "devicePath": "/dev/x"}]), container(volumeDevices=[])),
    "POD-174": Example(
        container(resources={"limits": {"memory": "0Mi"}}),
        merged(container(resources={"limits": {"memory": None}}), {"spec": {"resources": {"limits": {"memory": "1Gi"}}}}),
    ),
    "POD-175": lacking("requests", "memory"),
    "POD-176": lacking("requests", "cpu"),
    "POD-177": lacking("limits", "cpu"),
    "POD-178": lacking("limits", "ephemeral-storage"),
    "POD-179": Example(volume({"emptyDir": {}}), volume({"emptyDir": {"sizeLimit": "1Gi"}})),
    "POD-180": Example(
        volume({"emptyDir": {"medium": "Memory", "sizeLimit": 0}}),
        volume({"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}),
    ),
    "POD-181": Example(container(ports=[{"containerPort": 80, "hostPort": 80}]), container(ports=[{"containerPort": 80}])),
    "POD-182": Example(
        container(livenessProbe={"exec": {"command": ["true"]}}), container(livenessProbe={"httpGet": {"port": 80}})
    ),
    "POD-183": Example(
        container(lifecycle={"postStart": {"exec": {"command": ["true"]}}}),
        container(lifecycle={"preStop": {"sleep": {"seconds": 1}}}),
    ),
    "POD-184": Example(
        container(startupProbe={"tcpSocket": {"host": "169.254.169.254", "port": 80}}),
        container(startupProbe={"tcpSocket": {"port": 80}}),
    ),
    "POD-185": Example(meta(on_a_node), pod(nodeName="n1")),
    "POD-186": Example(
        pod(tolerations=[{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]),
        pod(tolerations=[{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}]),
    ),
    "POD-187": Example(pod(tolerations=[{"operator": "Exists"}]), pod(tolerations=[{"key": "gpu", "operator": "Exists"}])),
    "POD-188": Example(pod(priorityClassName="system-node-critical"), meta(at_system)),
    "POD-189": Example(meta(without_owner), good_pod()),
    "POD-190": Example(meta(finished), meta(without_owner)),
    "POD-191": Example(debugged(), good_pod()),
    "POD-192": Example(meta(mirrored), good_pod()),
    "POD-193": Example(meta(in_default), good_pod()),
}


def _read(kind: type, value: Any) -> Any:
    if kind is Annotations:
        return Annotations.of(value)
    if kind is Sealed:
        return seal(value, key=KEY)
    raise NotImplementedError(kind)


SECTIONS: dict[str, Any] = {
    "service_accounts": ServiceAccount,
    "secrets": Secret,
    "config_maps": ConfigMap,
    "persistent_volumes": PersistentVolume,
    "persistent_volume_claims": PersistentVolumeClaim,
    "role_bindings": Binding,
    "pods": Pod,
}


def typed(kind: Any, value: Manifest) -> Any:
    """A manifest as the model holds it."""
    return msgspec.convert(value, kind, dec_hook=_read)


def world(*pods: Manifest, around: Around = NOTHING) -> World:
    """A World of these pods and what stands beside them."""
    sections = {**around.sections, "pods": pods}
    read: dict[str, Any] = {name: tuple(typed(SECTIONS[name], one) for one in ones) for name, ones in sections.items()}
    return World.of(Cluster(**read), today=TODAY)


def named(manifest: Manifest, name: str) -> Manifest:
    """The same pod under another name."""
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


__all__ = ["EXAMPLES", "Around", "Example", "Meta", "good_pod", "named", "world"]
