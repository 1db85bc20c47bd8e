"""``/v1/clusters``: the clusters behind the gateway. Everybody who is signed in may see them; administrators add, renew and remove.

The administrator's own kubeconfig never comes here: the installation was made with it where it is, and what is handed over is an address, a certificate
authority and a token of the controller's account. The token is tried at once, replaced by a fresh one, and not kept.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ostiary.core.errors import BadInput
from ostiary.server.clusters.record import BehindGateway
from ostiary.server.clusters.side import Clusters
from ostiary.server.errors import Forbidden
from ostiary.server.ports import ClusterStatus, Control, Principal, caller, control

router = APIRouter(tags=["clusters"])
Caller = Annotated[Principal, Depends(caller)]
Plane = Annotated[Control, Depends(control)]
Name = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
Role = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9][-A-Za-z0-9_.:]*$")]
_SERVER = re.compile(r"https://(?:[A-Za-z0-9][-A-Za-z0-9.]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_MOST_ROLES = 64


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Credential(_Body):
    """A token of the controller's account, and the roles that the cluster was prepared for."""

    token: SecretStr = Field(min_length=1, max_length=16384)
    roles: list[Role] = Field(max_length=_MOST_ROLES)
    powerful: list[Role] = Field(default=[], max_length=_MOST_ROLES)
    break_glass_role: Role | None = None


class NewCluster(Credential):
    """A cluster on which the installation stands."""

    name: Name
    server: str = Field(max_length=512)
    certificate_authority: str = Field(max_length=262144)
    server_name: str = Field(default="", max_length=253, pattern=r"^[-A-Za-z0-9.]*$")
    uid: str = Field(default="", max_length=64, pattern=r"^[-0-9a-fA-F]*$")


class Cluster(BaseModel):
    """A cluster as it is shown."""

    name: str
    server: str
    version: str
    constrained: bool
    roles: list[str]
    break_glass_role: str
    reached_at: datetime | None
    problems: list[str]


class Removed(BaseModel):
    """What the installation on the cluster was prepared for: whoever removes it there has to know."""

    roles: list[str]


def _shown(status: ClusterStatus) -> Cluster:
    return Cluster(
        name=status.name, server=status.server, version=status.version, constrained=status.constrained,
        roles=list(status.roles), break_glass_role=status.break_glass_role, reached_at=status.reached_at,
        problems=list(status.problems),
    )  # fmt: skip


@router.get("/clusters")
async def list_clusters(plane: Plane, who: Caller) -> list[Cluster]:
    """The clusters behind the gateway, by name."""
    return [_shown(status) for status in await plane.clusters.statuses()]


@router.post("/clusters", status_code=201)
async def add_cluster(new: NewCluster, plane: Plane, who: Caller) -> Cluster:
    """Take a cluster in: its credential is tried from here first."""
    await _administrators_only(plane, who)
    side = _side(plane)
    record = BehindGateway(
        name=new.name, server=_server(new.server), certificate_authority=_authority(new.certificate_authority),
        server_name=new.server_name, uid=new.uid, roles=_roles(new.roles), powerful=_roles(new.powerful),
        break_glass_role=new.break_glass_role or "", added_by=who.person,
    )  # fmt: skip
    await side.add(record, new.token.get_secret_value())
    plane.wake(None)
    return next(_shown(one) for one in await side.statuses() if one.name == new.name)


@router.put("/clusters/{name}/credential", status_code=204)
async def renew_cluster(name: Name, new: Credential, plane: Plane, who: Caller) -> Response:
    """Take a new credential for a cluster, and the roles that it is prepared for now."""
    await _administrators_only(plane, who)
    roles = BehindGateway(
        name=name, server="", certificate_authority="", roles=_roles(new.roles), powerful=_roles(new.powerful),
        break_glass_role=new.break_glass_role or "",
    )  # fmt: skip
    await _side(plane).renew(name, new.token.get_secret_value(), roles)
    plane.wake(None)
    return Response(status_code=204)


@router.delete("/clusters/{name}")
async def remove_cluster(name: Name, plane: Plane, who: Caller, forget: bool = False) -> Removed:
    """End everything that grants made there, and forget the cluster; ``forget``: also when it does not answer."""
    await _administrators_only(plane, who)
    roles = await _side(plane).remove(name, forget=forget)
    plane.wake(None)
    return Removed(roles=list(roles))


async def _administrators_only(plane: Control, who: Principal) -> None:
    if not await plane.administers(who):
        raise Forbidden("only administrators add and remove clusters", todo="ask one of them; see: ostiary cluster list")


def _side(plane: Control) -> Clusters:
    if not isinstance(plane.clusters, Clusters):
        raise TypeError("the clusters of this control plane cannot be changed")
    return plane.clusters


def _server(text: str) -> str:
    if not _SERVER.fullmatch(text.rstrip("/")):
        raise BadInput(f"{text[:200]!r} is not the address of an API server", todo="it looks like https://HOST:PORT")
    return text.rstrip("/")


def _authority(text: str) -> str:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        found = []
    if not found:
        raise BadInput(
            "the certificate authority is not a PEM certificate", todo="it is certificate-authority-data of the kubeconfig"
        )
    return text


def _roles(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
