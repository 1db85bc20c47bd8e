"""A cluster behind a gateway, for tests: as whom its API server is reached, and grants on it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ostiary.adapters.kubernetes.access import Access, Identity
from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.model.access import Grant, GrantState
from ostiary.sandbox import RunningCluster
from ostiary.server.clusters.install import Intended
from ostiary.server.clusters.record import BehindGateway

ROLES = ("admin", "edit", "view")


@dataclass(frozen=True)
class Behind:
    """A cluster behind a gateway: as whom its API server is reached."""

    cluster: RunningCluster
    admin: Client
    controller: Client
    gateway: Client
    intended: Intended

    @property
    def record(self) -> BehindGateway:
        access = self.admin.access
        return BehindGateway(
            name="here",
            server=access.server,
            certificate_authority=access.certificate_authority.decode(),
            constrained=self.constrained,
            roles=ROLES,
        )

    @property
    def constrained(self) -> bool:
        return self.intended.features.constrained


def access_of(cluster: RunningCluster) -> Access:
    return load([cluster.kubeconfig])


def as_token(access: Access, token: str) -> Client:
    return Client(
        Access(
            server=access.server,
            certificate_authority=access.certificate_authority,
            identity=Identity(token=token),
            origin="a token of a test",
        )
    )


def a_grant(person: str, role: str, *namespaces: str, name: str, seconds: float = 600) -> Grant:
    """A live grant, from now on; everywhere when it names no namespace."""
    now = datetime.now(UTC)
    return Grant(
        id=name, person=person, cluster="here", role=role, namespaces=namespaces, everywhere=not namespaces, reason="a test",
        seconds=int(seconds), requested_at=now, state=GrantState.ACTIVE, ends_at=now + timedelta(seconds=seconds),
    )  # fmt: skip
