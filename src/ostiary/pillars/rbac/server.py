"""What of an API server's configuration decides: its version, its feature gates, its authorizers in their order.

None of it is in a cluster's objects but the version. Without one the newest that is known here is assumed; without anything else said, the defaults of
that version and the authorizers ``Node,RBAC``, as kubeadm and the managed services have them.

Source: ``pkg/features/kube_features.go``, ``pkg/kubeapiserver/authorizer/reload.go`` (the group ``system:masters`` comes before all authorizers).

>>> Server.of("v1.36.3").enabled("ConstrainedImpersonation"), Server.of("v1.35.1").enabled("ConstrainedImpersonation")
(True, False)
"""

import re
from dataclasses import dataclass
from enum import Enum

NEWEST_MINOR = 37


class Mode(Enum):
    """The authorizers that there are (``--authorization-mode``)."""

    NODE = "Node"
    RBAC = "RBAC"
    WEBHOOK = "Webhook"
    ABAC = "ABAC"
    ALWAYS_ALLOW = "AlwaysAllow"
    ALWAYS_DENY = "AlwaysDeny"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Gate:
    """A feature gate: the minor version that brought it, and the one from which it is on by default (None: not yet)."""

    since: int
    on_since: int | None


GATES: dict[str, Gate] = {
    "ConstrainedImpersonation": Gate(35, 36),
    "AuthorizePodWebsocketUpgradeCreatePermission": Gate(35, 35),
    "DynamicResourceAllocation": Gate(26, 34),
    "ClusterTrustBundle": Gate(27, 37),
    "PodCertificateRequest": Gate(34, 37),
    "KubeletServiceAccountTokenForCredentialProviders": Gate(33, 34),
    "CSIVolumeHealth": Gate(21, None),
    "DRAResourceClaimGranularStatusAuthorization": Gate(36, 36),
}


@dataclass(frozen=True, slots=True)
class Server:
    """One API server's configuration. ``assumed``: nobody said which version."""

    minor: int = NEWEST_MINOR
    gates: tuple[tuple[str, bool], ...] = ()
    modes: tuple[Mode, ...] = (Mode.NODE, Mode.RBAC)
    assumed: bool = False

    @classmethod
    def of(cls, git_version: str, *, gates: tuple[tuple[str, bool], ...] = ()) -> "Server":
        """The server of a version such as ``v1.37.2``, ``1.29.3-gke.1`` or ``1.30+``."""
        match = re.match(r"v?1\.([0-9]{1,4})(?![0-9])", git_version)
        return cls(int(match[1]), gates) if match else cls(gates=gates, assumed=True)

    def enabled(self, gate: str) -> bool:
        """Whether a gate is on: as said, else by default of the version."""
        for name, on in self.gates:
            if name == gate:
                return on
        default = GATES[gate].on_since
        return default is not None and self.minor >= default
