"""Pods that reach every control on both sides, from one source of chance: ``random.Random`` in bulk, or Hypothesis, which can shrink it.

Manifests as people write them (plain JSON). Most pass the API server's validation; where a rule of validation would refuse nearly everything, the
generator keeps to it. ``kind_of_day`` decides how tame a pod is, so that all three levels have plenty of pods on both sides.
"""

from random import Random
from typing import Any

import msgspec
from hypothesis import strategies as st

from ostiary.model.pods import Pod
from ostiary.model.sealed import Annotations

CAPABILITIES = (
    "NET_BIND_SERVICE",
    "CHOWN",
    "SETUID",
    "NET_RAW",
    "SYS_ADMIN",
    "NET_ADMIN",
    "ALL",
    "net_bind_service",
    "CAP_CHOWN",
)
SYSCTLS = (
    *("kernel.shm_rmid_forced", "net.ipv4.tcp_syncookies", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time"),
    *("net.ipv4.tcp_rmem", "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat", "kernel.msgmax"),
    *("net.core.somaxconn", "net/ipv4/tcp_syncookies"),
)
GOOD_VOLUMES: tuple[dict[str, Any], ...] = (
    {},
    {"emptyDir": {}},
    {"emptyDir": {"medium": "Memory"}},
    {"configMap": {"name": "settings"}},
    {"secret": {"secretName": "password"}},
    {"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
    {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    {"persistentVolumeClaim": {"claimName": "data"}},
    {"csi": {"driver": "csi.example.com"}},
    {
        "ephemeral": {
            "volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
        }
    },
    {"image": {"reference": "example.com/data:1"}},
    {"hostPath": None, "emptyDir": {}},
    {"hostPath": None},
)
HOST_PATHS: tuple[dict[str, Any], ...] = (
    {"hostPath": {"path": "/"}},
    {"hostPath": {"path": "/var/run/docker.sock", "type": "Socket"}},
)
NETWORK_VOLUMES: tuple[dict[str, Any], ...] = (
    {"nfs": {"server": "nfs.example.com", "path": "/"}},
    {"iscsi": {"targetPortal": "10.0.0.1:3260", "iqn": "iqn.2001-04.com.example:storage.disk1", "lun": 0}},
    {"gcePersistentDisk": {"pdName": "disk"}},
    {"awsElasticBlockStore": {"volumeID": "vol-1"}},
    {"gitRepo": {"repository": "https://example.com/repo.git"}},
    {"glusterfs": {"endpoints": "gluster", "path": "data"}},
    {"rbd": {"monitors": ["10.0.0.1:6789"], "image": "disk"}},
    {"flexVolume": {"driver": "example.com/flex"}},
    {"cinder": {"volumeID": "vol-1"}},
    {"cephfs": {"monitors": ["10.0.0.1:6789"]}},
    {"flocker": {"datasetName": "data"}},
    {"fc": {"targetWWNs": ["50060e801049cfd1"], "lun": 0}},
    {"azureFile": {"secretName": "azure", "shareName": "data"}},
    {"vsphereVolume": {"volumePath": "[store] disk"}},
    {"quobyte": {"registry": "quobyte:7861", "volume": "data"}},
    {"azureDisk": {"diskName": "disk", "diskURI": "https://example.com/disk"}},
    {"photonPersistentDisk": {"pdID": "disk"}},
    {"portworxVolume": {"volumeID": "vol-1"}},
    {"scaleIO": {"gateway": "https://example.com", "system": "s", "secretRef": {"name": "scale"}, "volumeName": "v"}},
    {"storageos": {"volumeName": "v"}},
)
LOCALHOST = {"type": "Localhost", "localhostProfile": "profiles/web.json"}
PROFILES: tuple[dict[str, Any], ...] = ({"type": "RuntimeDefault"}, LOCALHOST, {"type": "Unconfined"})
SELINUX: tuple[dict[str, Any], ...] = (
    *(
        {"type": name}
        for name in ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t", "a_t")
    ),
    *({"user": "system_u"}, {"role": "system_r"}, {"level": "s0:c1,c2"}, {"type": "spc_t", "user": "u", "role": "r"}, {}),
)
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP = "container.seccomp.security.alpha.kubernetes.io/"
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_VALUES = ("runtime/default", "docker/default", "localhost/web", "unconfined")


class Chance:
    """Weighted choices over one ``Random``; ``wild`` is how often a pod does what it had better not do."""

    def __init__(self, random: Random, wild: float) -> None:
        self.random, self.wild = random, wild

    def often(self, probability: float) -> bool:
        return self.random.random() < probability

    def badly(self) -> bool:
        return self.often(self.wild)

    def one(self, *choices: Any) -> Any:
        return choices[self.random.randrange(len(choices))]


def security_context(chance: Chance, *, user_namespace: bool) -> dict[str, Any]:
    """The security context of one container."""
    said: dict[str, Any] = {}
    tame = not chance.badly()
    if tame or chance.often(0.3):
        said["allowPrivilegeEscalation"] = False if tame else chance.one(True, False)
    if tame or chance.often(0.4):
        said["capabilities"] = capabilities(chance)
    if chance.often(0.3):
        said["runAsNonRoot"] = not chance.badly()
    if chance.often(0.2):
        said["runAsUser"] = 0 if chance.badly() else chance.one(1, 1000)
    if chance.often(0.2):
        said["seccompProfile"] = chance.one(*PROFILES) if chance.badly() else chance.one(*PROFILES[:2])
    if chance.badly() and chance.often(0.3):
        said["appArmorProfile"] = chance.one(*PROFILES)
    if chance.badly() and chance.often(0.3):
        said["seLinuxOptions"] = chance.one(*SELINUX)
    if chance.often(0.1):
        said["privileged"] = chance.badly() and chance.often(0.5)
    powerful = said.get("privileged") or "SYS_ADMIN" in said.get("capabilities", {}).get("add", ())
    if powerful and said.get("allowPrivilegeEscalation") is False:
        del said["allowPrivilegeEscalation"]
    if chance.badly() and chance.often(0.2):
        said["procMount"] = "Unmasked" if user_namespace and chance.often(0.6) else "Default"
    return said


def capabilities(chance: Chance) -> dict[str, Any]:
    """What is added and dropped."""
    said: dict[str, Any] = {}
    if not chance.badly():
        said["drop"] = chance.one(["ALL"], ["NET_RAW", "ALL"])
    elif chance.often(0.5):
        said["drop"] = chance.one(["all"], ["NET_RAW"], [], ["CAP_ALL"])
    if chance.badly():
        said["add"] = [chance.one(*CAPABILITIES) for _ in range(chance.one(1, 1, 2, 3))]
    elif chance.often(0.2):
        said["add"] = chance.one(["NET_BIND_SERVICE"], [])
    return said


def probe(chance: Chance) -> dict[str, Any]:
    """A probe or hook; sometimes it asks another host."""
    host = {"host": chance.one("169.254.169.254", "db.example.com", "127.0.0.1")} if chance.badly() else {}
    return {chance.one("httpGet", "tcpSocket"): {"port": 8080, **host}}


def hook(chance: Chance) -> dict[str, Any]:
    """A lifecycle hook: tcpSocket is not allowed there any more."""
    host = {"host": chance.one("169.254.169.254", "")} if chance.badly() else {}
    return {"httpGet": {"port": 8080, **host}}


def container(chance: Chance, name: str, *, init: bool, user_namespace: bool, host_network: bool) -> dict[str, Any]:
    """A container or init container."""
    made: dict[str, Any] = {"name": name, "image": "example.com/app:1"}
    if not (chance.badly() and chance.often(0.3)):
        made["securityContext"] = security_context(chance, user_namespace=user_namespace)
    if chance.often(0.2):
        port: dict[str, Any] = {"containerPort": chance.random.randrange(1, 60000)}
        if chance.badly():
            port["hostPort"] = port["containerPort"] if host_network else chance.random.randrange(0, 60000)
        made["ports"] = [port]
    if not init:
        for which in ("livenessProbe", "readinessProbe", "startupProbe"):
            if chance.often(0.15):
                made[which] = probe(chance)
        if chance.often(0.1):
            made["lifecycle"] = {chance.one("postStart", "preStop"): hook(chance)}
    return made


def volumes(chance: Chance) -> list[dict[str, Any]]:
    """Some volumes, rarely of a source that a level refuses."""
    made = []
    for i in range(chance.one(0, 0, 1, 2, 3)):
        pool = GOOD_VOLUMES
        if chance.badly() and chance.often(0.3):
            pool = chance.one(HOST_PATHS, NETWORK_VOLUMES, NETWORK_VOLUMES)
        made.append({"name": f"v{i}", **chance.one(*pool)})
    return made


def pod_context(chance: Chance) -> dict[str, Any]:
    """The pod's own security context."""
    said: dict[str, Any] = {}
    if chance.often(0.8):
        said["runAsNonRoot"] = not (chance.badly() and chance.often(0.5))
    if chance.often(0.8):
        said["seccompProfile"] = chance.one(*PROFILES[:2]) if not chance.badly() else chance.one(*PROFILES)
    if chance.often(0.15):
        said["runAsUser"] = 0 if chance.badly() else 1000
    if chance.badly() and chance.often(0.3):
        said["appArmorProfile"] = chance.one(*PROFILES)
    if chance.badly() and chance.often(0.3):
        said["seLinuxOptions"] = chance.one(*SELINUX)
    if chance.often(0.1):
        names = chance.random.sample(SYSCTLS if chance.badly() else SYSCTLS[:7], chance.one(1, 2, 3))
        said["sysctls"] = [{"name": name, "value": "1"} for name in names]
    return said


def annotations(chance: Chance, names: list[str], *, app_armor: bool) -> dict[str, str]:
    """Annotations of old, by which profiles were asked for."""
    said: dict[str, str] = {}
    if app_armor and chance.often(0.4):
        said[APP_ARMOR + chance.one(*names)] = chance.one("runtime/default", "localhost/web", "", "unconfined")
    if chance.often(0.4):
        said[SECCOMP + chance.one(*names, "nobody")] = chance.one(*SECCOMP_VALUES)
    if chance.often(0.3):
        said[SECCOMP_POD] = chance.one(*SECCOMP_VALUES)
    return said


def _windows(chance: Chance) -> dict[str, Any]:
    """A Windows pod: validation refuses it every field that only Linux knows."""
    options = {"windowsOptions": {"hostProcess": True}} if chance.badly() else {}
    context: dict[str, Any] = {"runAsNonRoot": True} if chance.often(0.5) else {}
    spec: dict[str, Any] = {
        "os": {"name": "windows"},
        "containers": [
            {"name": "c0", "image": "example.com/app:1", **({"securityContext": options} if chance.often(0.3) else {})}
        ],
        "securityContext": {**context, **options},
    }
    if options:
        spec["hostNetwork"] = True
    return spec


def _has_app_armor_field(spec: dict[str, Any]) -> bool:
    every = [spec, *spec["containers"], *spec.get("initContainers", ())]
    return any("appArmorProfile" in one.get("securityContext", {}) for one in every)


def manifest(random: Random, name: str = "pod") -> dict[str, Any]:
    """One pod. About a third could be admitted by ``restricted``, about half by ``baseline``."""
    chance = Chance(random, random.choice((0.0, 0.0, 0.05, 0.05, 0.3, 0.8)))
    if chance.often(0.05):
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": _windows(chance)}
    user_namespace = chance.often(0.2)
    spec: dict[str, Any] = {"hostUsers": False} if user_namespace else {}
    if not user_namespace:
        for which in ("hostNetwork", "hostPID", "hostIPC"):
            if chance.often(0.1):
                spec[which] = chance.badly()
        if chance.often(0.05):
            spec["hostUsers"] = True
    how = {"user_namespace": user_namespace, "host_network": bool(spec.get("hostNetwork"))}
    spec["containers"] = [container(chance, f"c{i}", init=False, **how) for i in range(chance.one(1, 1, 1, 2, 3))]
    if chance.often(0.2):
        spec["initContainers"] = [container(chance, f"i{i}", init=True, **how) for i in range(chance.one(1, 2))]
    if not (chance.badly() and chance.often(0.5)):
        spec["securityContext"] = pod_context(chance)
    spec["volumes"] = volumes(chance)
    names = [one["name"] for one in (*spec["containers"], *spec.get("initContainers", ()))]
    said = annotations(chance, names, app_armor=not _has_app_armor_field(spec)) if chance.badly() else {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": said}, "spec": spec}


def with_debugger(random: Random, pod: dict[str, Any]) -> dict[str, Any]:
    """The same pod, with an ephemeral container that somebody left in it."""
    chance = Chance(random, 0.5)
    earlier = pod["spec"].get("ephemeralContainers", [])
    name = f"debugger-{len(earlier)}"
    left = {"name": name, "image": "example.com/tools:1", "securityContext": security_context(chance, user_namespace=False)}
    return {**pod, "spec": {**pod["spec"], "ephemeralContainers": [*earlier, left]}}


def bulk(count: int, seed: int) -> list[dict[str, Any]]:
    """Many pods, the same for the same seed."""
    random = Random(seed)
    return [manifest(random, f"pod-{i}") for i in range(count)]


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(found) for key, found in value.items() if found is not None}
    return [_without_null(found) for found in value] if isinstance(value, list) else value


def _read(kind: type, value: Any) -> Any:
    if kind is Annotations:
        return Annotations.of(value)
    raise NotImplementedError(kind)


def typed(value: dict[str, Any]) -> Pod:
    """The manifest as the model holds it."""
    return msgspec.convert(_without_null(value), Pod, dec_hook=_read)


def manifests() -> st.SearchStrategy[dict[str, Any]]:
    """Manifests that Hypothesis can shrink."""
    return st.builds(_sometimes_debugged, st.randoms(use_true_random=False))


def _sometimes_debugged(random: Random) -> dict[str, Any]:
    made = manifest(random)
    debugged = "os" not in made["spec"] and random.random() < 0.2
    return with_debugger(random, made) if debugged else made


def pods() -> st.SearchStrategy[Pod]:
    """Pods that Hypothesis can shrink."""
    return manifests().map(typed)
