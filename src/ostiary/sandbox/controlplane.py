"""The processes of a control plane: etcd, API server, controller manager, scheduler, with the flags that each is started with.

Pure: from certificates, addresses and ports to ``ProcessSpec`` values; ``boot`` starts them. etcd speaks TLS with client
certificates of an authority of its own, because it holds every Secret of the cluster; controller manager and scheduler open
no port at all. Source: ``kube-apiserver --help`` and its relatives, 1.37.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ostiary.sandbox.layout import Layout
from ostiary.sandbox.pki import Authority, KeyPair, service_account_keys
from ostiary.sandbox.process import ProcessSpec

LOOPBACK = "127.0.0.1"
ADMIN_GROUP = "system:masters"
SERVICE_RANGE, FIRST_SERVICE = "10.96.0.0/16", "10.96.0.1"
# A /24 for every node: 32,768 simulated ones fit, or 256 real ones.
POD_RANGES = {"none": "10.244.0.0/16", "simulated": "10.128.0.0/9", "real": "10.244.0.0/16"}

# The usual 20 requests a second keep the controllers from starting for five seconds.
UNTHROTTLED = {"kube-api-qps": 500, "kube-api-burst": 1000}


@dataclass(frozen=True, slots=True)
class Certificates:
    """Everything that the control plane proves itself with."""

    authority: Authority
    etcd_authority: Authority
    etcd: KeyPair
    serving: KeyPair
    kubelet_client: KeyPair
    admin: KeyPair
    controller_manager: KeyPair
    scheduler: KeyPair
    service_account: KeyPair

    @classmethod
    def issue(cls, directory: Path, address: str) -> "Certificates":
        """Make authorities and certificates in ``directory``, for an API server that is reached at ``address``."""
        authority, etcd_authority = Authority.create(directory), Authority.create(directory, "etcd-ca")
        service = "kubernetes.default.svc"
        names = ("localhost", "kubernetes", "kubernetes.default", service, f"{service}.cluster.local")
        addresses = tuple(dict.fromkeys((LOOPBACK, FIRST_SERVICE, address)))
        return cls(
            authority=authority,
            etcd_authority=etcd_authority,
            etcd=etcd_authority.issue("etcd", user="etcd", names=("localhost", LOOPBACK)),
            serving=authority.issue("apiserver", user="kube-apiserver", names=(*names, *addresses)),
            kubelet_client=authority.issue(
                "apiserver-kubelet-client", user="kube-apiserver-kubelet-client", groups=(ADMIN_GROUP,)
            ),
            admin=authority.issue("admin", user="admin", groups=(ADMIN_GROUP,)),
            controller_manager=authority.issue("controller-manager", user="system:kube-controller-manager"),
            scheduler=authority.issue("scheduler", user="system:kube-scheduler"),
            service_account=service_account_keys(directory),
        )


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the parts listen."""

    etcd: int
    etcd_peer: int
    api_server: int


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """One control plane to start. ``address``: the API server's; ``flags``: further or other flags of the API server."""

    layout: Layout
    engines: Path
    certificates: Certificates
    ports: Ports
    kind: str
    address: str
    gates: Mapping[str, bool]
    flags: Mapping[str, str]

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://{self.address}:{self.ports.api_server}"

    def etcd(self) -> ProcessSpec:
        """The store. Data need not survive a power cut: a sandbox is thrown away."""
        own, authority = self.certificates.etcd, self.certificates.etcd_authority.certificate
        client, peer = f"https://{LOOPBACK}:{self.ports.etcd}", f"https://{LOOPBACK}:{self.ports.etcd_peer}"
        tls = {"cert-file": own.certificate, "key-file": own.key, "trusted-ca-file": authority, "client-cert-auth": "true"}
        flags = {
            "data-dir": self.layout.etcd,
            "name": "sandbox",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"sandbox={peer}",
            "unsafe-no-fsync": "true",
            "log-level": "warn",
            **tls,
            **{f"peer-{name}": value for name, value in tls.items()},
        }
        return self._spec("etcd", flags)

    def api_server(self, ready: Callable[[], bool]) -> ProcessSpec:
        """The API server, bound to loopback or, inside the namespace of a real node, to every address there."""
        own, etcd = self.certificates, self.certificates.etcd
        reachable = self.address != LOOPBACK
        flags: dict[str, object] = {
            "etcd-servers": f"https://{LOOPBACK}:{self.ports.etcd}",
            "etcd-cafile": own.etcd_authority.certificate,
            "etcd-certfile": etcd.certificate,
            "etcd-keyfile": etcd.key,
            "secure-port": self.ports.api_server,
            "bind-address": "0.0.0.0" if reachable else LOOPBACK,  # noqa: S104 - of a network namespace of its own
            "advertise-address": self.address,
            "tls-cert-file": own.serving.certificate,
            "tls-private-key-file": own.serving.key,
            "client-ca-file": own.authority.certificate,
            "service-account-key-file": own.service_account.certificate,
            "service-account-signing-key-file": own.service_account.key,
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-cluster-ip-range": SERVICE_RANGE,
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction,PodSecurity",
            "allow-privileged": "true",
            "kubelet-client-certificate": own.kubelet_client.certificate,
            "kubelet-client-key": own.kubelet_client.key,
            "kubelet-certificate-authority": own.authority.certificate,
            "kubelet-preferred-address-types": "InternalIP",
            "profiling": "false",
        }
        if not reachable:
            flags["endpoint-reconciler-type"] = "none"  # a loopback address is refused as an endpoint
        return self._spec("kube-apiserver", {**flags, **self._gates(), **self.flags}, ready=ready)

    def controller_manager(self, kubeconfig: Path) -> ProcessSpec:
        """The controllers; they sign certificates and service-account tokens too."""
        own = self.certificates
        flags = {
            "kubeconfig": kubeconfig,
            "service-account-private-key-file": own.service_account.key,
            "root-ca-file": own.authority.certificate,
            "cluster-signing-cert-file": own.authority.certificate,
            "cluster-signing-key-file": own.authority.pair.key,
            "use-service-account-credentials": "true",
            "leader-elect": "false",
            "allocate-node-cidrs": "true",
            "cluster-cidr": POD_RANGES[self.kind],
            "service-cluster-ip-range": SERVICE_RANGE,
            "secure-port": 0,
            "profiling": "false",
            **UNTHROTTLED,
        }
        return self._spec("kube-controller-manager", {**flags, **self._gates()})

    def scheduler(self, kubeconfig: Path) -> ProcessSpec:
        """The scheduler."""
        flags = {"kubeconfig": kubeconfig, "leader-elect": "false", "secure-port": 0, "profiling": "false", **UNTHROTTLED}
        return self._spec("kube-scheduler", {**flags, **self._gates()})

    def _gates(self) -> dict[str, str]:
        if not self.gates:
            return {}
        return {"feature-gates": ",".join(f"{name}={str(on).lower()}" for name, on in sorted(self.gates.items()))}

    def _spec(self, name: str, flags: Mapping[str, object], ready: Callable[[], bool] | None = None) -> ProcessSpec:
        argv = (str(self.engines / name), *(f"--{flag}={value}" for flag, value in flags.items()))
        return ProcessSpec(name, argv, log=self.layout.log(name), ready=ready)
