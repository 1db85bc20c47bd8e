"""How ``ostiary cluster add``, ``renew`` and ``remove`` go about it: with an administrator's kubeconfig here, and the control plane there.

Loaded when one of these commands runs: this module imports what is heavy. The order is: who is signed in, what stands on the cluster, what would be done;
then, with consent, the installation, its credential, and the control plane's own trial of it. What fails half way is taken back.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from ostiary.adapters.kubernetes.access import Access
from ostiary.adapters.kubernetes.client import Client
from ostiary.cli.control_plane import ControlPlane, control_plane
from ostiary.cli.output import answer, say
from ostiary.cli.source import access_of
from ostiary.core.errors import BadInput, OstiaryError, Refused
from ostiary.model.access import CONTROLLER_ACCOUNT, NAMESPACE
from ostiary.pillars.access.bindings import few
from ostiary.pillars.access.objects import OWNER, OWNER_LABEL, Object
from ostiary.server.clusters.install import Intended, install, intend, refuse_access, take_back, uninstall
from ostiary.server.clusters.tokens import CONTROLLER_SECONDS, request_token

Where = tuple[Path | None, str | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for."""

    name: str
    roles: tuple[str, ...]
    powerful: tuple[str, ...] = ()
    break_glass_role: str = ""
    server: str = ""

    @property
    def leading(self) -> tuple[str, ...]:
        """Roles that may lead further than they say: somebody said so, one way or the other."""
        return tuple(sorted({*self.powerful, *filter(None, (self.break_glass_role,))}))

    def document(self) -> dict[str, Any]:
        """The roles, as the HTTP API takes them."""
        document: dict[str, Any] = {"roles": list(self.roles), "powerful": list(self.powerful)}
        return {**document, "break_glass_role": self.break_glass_role} if self.break_glass_role else document


def add_cluster(wanted: Wanted, where: Where, session: str | None, *, take_over: bool, yes: bool) -> None:
    """Show the installation; with ``yes`` make it and take the cluster in."""
    access = access_of(kubeconfig=where[0], context=where[1])
    refuse_access(access)
    plane = control_plane(session) if yes else None
    if plane and any(one["name"] == wanted.name for one in plane.get("/v1/clusters")):
        raise Refused(
            f"there is a cluster {wanted.name!r} behind the gateway already",
            todo=f"choose another name, or: ostiary cluster renew {wanted.name}",
        )
    asyncio.run(_add(wanted, access, plane, take_over=take_over))


async def _add(wanted: Wanted, access: Access, plane: ControlPlane | None, *, take_over: bool) -> None:
    async with Client(access) as client:
        intended = await intend(client, wanted.roles, wanted.leading, take_over=take_over)
        _show(wanted, access, intended)
        if plane is None:
            say(f"nothing was changed; to install this and take {wanted.name} in, say --yes")
            return
        made = await install(client, intended)
        try:
            await _hand_over(wanted, access, client, intended, plane)
        except (OstiaryError, asyncio.CancelledError):
            say(f"taking back what was installed on {access.server}")
            await asyncio.shield(take_back(client, [(one, "") for one in made]))
            raise
    say(f"{wanted.name} is behind the gateway; people ask for access with: ostiary grant request --cluster {wanted.name}")


async def _hand_over(wanted: Wanted, access: Access, client: Client, intended: Intended, plane: ControlPlane) -> None:
    token = await request_token(client, CONTROLLER_ACCOUNT, CONTROLLER_SECONDS, datetime.now(UTC))
    document = {
        **wanted.document(), "name": wanted.name, "server": wanted.server or access.server, "server_name": access.server_name,
        "certificate_authority": access.certificate_authority.decode("ascii"), "uid": intended.features.uid,
        "token": token.text,
    }  # fmt: skip
    await asyncio.to_thread(plane.post, "/v1/clusters", document)


def _show(wanted: Wanted, access: Access, intended: Intended) -> None:
    """Every object on stdout, as YAML; what there is to say about them on stderr."""
    answer(_yaml(intended.objects))
    say(f"{access.server} is Kubernetes {intended.features.version}; above is everything that is installed there")
    for lack in intended.features.lacking():
        say(f"warning: {lack}")
    for role, reasons in intended.powerful.items():
        how = "for break-glass" if role == wanted.break_glass_role and role not in wanted.powerful else "by grants"
        say(f"warning: {role} can be given {how}, and its rights may outlive the end: {few(reasons)}")


def _yaml(objects: tuple[Object, ...]) -> str:
    bodies: list[Mapping[str, Any]] = [one.body for one in objects]
    return yaml.safe_dump_all(bodies, sort_keys=False, default_flow_style=False, width=120).rstrip()


def renew_cluster(wanted: Wanted, where: Where, session: str | None, *, yes: bool) -> None:
    """Bring the installation to what it should be for these roles, and hand over a new credential."""
    access = access_of(kubeconfig=where[0], context=where[1])
    plane = control_plane(session)
    known = {one["name"]: one for one in plane.get("/v1/clusters")}
    if wanted.name not in known:
        raise BadInput(f"there is no cluster {wanted.name!r} behind the gateway", todo="see: ostiary cluster list")
    asyncio.run(_renew(wanted, access, plane if yes else None))


async def _renew(wanted: Wanted, access: Access, plane: ControlPlane | None) -> None:
    async with Client(access) as client:
        intended = await intend(client, wanted.roles, wanted.leading, take_over=True)
        _show(wanted, access, intended)
        if plane is None:
            say("nothing was changed; to do it, say --yes")
            return
        await install(client, intended)
        token = await request_token(client, CONTROLLER_ACCOUNT, CONTROLLER_SECONDS, datetime.now(UTC))
        document = {**wanted.document(), "token": token.text}
        await asyncio.to_thread(plane.put, f"/v1/clusters/{wanted.name}/credential", document)
    say(f"{wanted.name} has a new credential")


def remove_cluster(name: str, where: Where, session: str | None, *, forget: bool, yes: bool) -> None:
    """End everything there, forget the cluster, and remove the installation when there is a kubeconfig to do it with."""
    given = where != (None, None)
    access = access_of(kubeconfig=where[0], context=where[1]) if given else None
    plane = control_plane(session)
    if not yes:
        also = "and remove everything of ostiary's there" if given else "and leave the installation there (no --kubeconfig)"
        say(f"this would end every grant on {name}, forget the cluster, {also}; to do it, say --yes")
        return
    removed = plane.delete(f"/v1/clusters/{name}{'?forget=true' if forget else ''}")
    if access is not None:
        for what in asyncio.run(_uninstall(access, tuple(removed["roles"]))):
            answer(f"removed {what}")
    else:
        say(f"to remove the installation there: kubectl delete namespace {NAMESPACE}; and")
        say(f"  kubectl delete clusterroles,clusterrolebindings -l {OWNER_LABEL}={OWNER}")
    say(f"{name} is no longer behind the gateway")


async def _uninstall(access: Access, roles: tuple[str, ...]) -> tuple[str, ...]:
    async with Client(access) as client:
        return await uninstall(client, roles)
