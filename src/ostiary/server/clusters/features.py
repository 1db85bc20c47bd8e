"""What a server is and can: its version, its own identity, and whether it limits impersonation by request.

The feature gate is read where the server tells of it (``kubernetes_feature_enabled`` in ``/metrics``), since a version says only the default. Older than
1.30 is refused; a server without constrained impersonation works and is told apart, as the gateway's power is wider there.

>>> gate(b'kubernetes_feature_enabled{name="ConstrainedImpersonation",stage="BETA"} 1\\n', "ConstrainedImpersonation")
True
"""

import re
from dataclasses import dataclass

from ostiary.adapters.kubernetes.answers import Stored
from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.version import minor, server_version
from ostiary.core.errors import Refused
from ostiary.model.plan import Target

OLDEST = 30
CONSTRAINED = "ConstrainedImpersonation"
_ON_BY_DEFAULT = 36
_KUBE_SYSTEM = Target(api_version="v1", kind="Namespace", resource="namespaces", name="kube-system")


@dataclass(frozen=True, slots=True)
class Features:
    """A server, as far as access depends on it. ``uid`` is that of kube-system, which tells clusters apart; empty when it may not be read."""

    version: str
    constrained: bool
    uid: str = ""

    def lacking(self) -> tuple[str, ...]:
        """What this server cannot do, in sentences for people."""
        if self.constrained:
            return ()
        why = f"it is {self.version}" if minor(self.version) < _ON_BY_DEFAULT else "its feature gate is off"
        return (
            f"the server does not limit impersonation by request ({why}; {CONSTRAINED} is on by default from 1.{_ON_BY_DEFAULT}): "
            "a stolen gateway could do what any person with a live grant may do, wherever else that person has rights",
        )


async def features(client: Client) -> Features:
    """Ask the server. Refused when it is older than 1.30 or says no version."""
    version = await server_version(client)
    if minor(version) < OLDEST:
        raise Refused(
            f"{client.access} is {version or 'of no known version'}; the oldest that can be behind the gateway is 1.{OLDEST}",
            todo="upgrade the cluster first",
        )
    kube_system = await client.get(_KUBE_SYSTEM)
    uid = str(kube_system.object.get("metadata", {}).get("uid", "")) if isinstance(kube_system, Stored) else ""
    return Features(version, await constrained(client, version), uid)


async def constrained(client: Client, version: str) -> bool:
    """Whether constrained impersonation is on: as the server says, else by default of its version."""
    response = await client.request("GET", "/metrics", accept="text/plain")
    said = gate(response.body, CONSTRAINED) if response.ok else None
    return minor(version) >= _ON_BY_DEFAULT if said is None else said


def gate(metrics: bytes, name: str) -> bool | None:
    """Whether a feature gate is on, as the metrics say; None when they do not."""
    found = re.search(
        rb'^kubernetes_feature_enabled\{name="%s",stage="[A-Z]*"\} ([01])\s*$' % name.encode(), metrics, re.MULTILINE
    )
    return found[1] == b"1" if found else None
