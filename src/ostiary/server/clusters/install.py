"""Making and unmaking the installation on a cluster, with an administrator's own credential, which stays where it is.

Nothing is made before everything was looked at: the version, the roles that shall be granted, and names that are taken. What was made is taken back when a
later step fails. A name that is taken is never overwritten; our own installation is only taken over when somebody says so, since two control planes
before one cluster would end each other's grants.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ostiary.adapters.kubernetes.access import Access
from ostiary.adapters.kubernetes.answers import Rejected, Stored
from ostiary.adapters.kubernetes.client import Client
from ostiary.core.errors import BadInput, OstiaryError, Refused, Unreachable
from ostiary.model.access import NAMESPACE
from ostiary.model.plan import Target
from ostiary.model.rbac import PolicyRule
from ostiary.pillars.access.bindings import few, never
from ostiary.pillars.access.installation import installation
from ostiary.pillars.access.objects import OWNER, OWNER_LABEL, Object, target
from ostiary.server.clusters.features import Features, features
from ostiary.server.clusters.reconcile import rules_of
from ostiary.server.clusters.standing import standing

_GONE, _CONFLICT = 404, 409
_GONE_TRIES, _GONE_PAUSE = 60, 0.25


@dataclass(frozen=True, slots=True)
class Intended:
    """What would be done on a cluster. ``powerful``: roles that lead further than they say and are granted nevertheless, with the reasons."""

    features: Features
    objects: tuple[Object, ...]
    powerful: Mapping[str, tuple[str, ...]]
    standing: tuple[Object, ...] = ()  # those that are there already, and ours


def refuse_access(access: Access) -> None:
    """BadInput for an address that the gateway could not use, or not safely."""
    if not access.server.startswith("https://"):
        raise BadInput(f"{access} is not reached by TLS", todo="the gateway speaks to API servers by https alone")
    if access.insecure:
        raise BadInput(
            f"the kubeconfig says that the certificate of {access} is not checked",
            todo="give its certificate authority (certificate-authority-data) in place of insecure-skip-tls-verify",
        )
    if not access.certificate_authority:
        raise BadInput(
            f"the kubeconfig names no certificate authority for {access}",
            todo="put it there: kubectl config set-cluster NAME --certificate-authority FILE --embed-certs",
        )
    if access.proxy:
        raise BadInput(f"{access} is reached through a proxy", todo="the gateway needs an address that it reaches by itself")


async def intend(client: Client, grantable: Sequence[str], powerful: Sequence[str], *, take_over: bool = False) -> Intended:
    """Look at everything that the installation depends on. Refused, with the reason, where it must not be made."""
    found = await features(client)
    reasons = await _roles(client, grantable, powerful)
    objects = installation(reasons)
    there = [
        one for one, answer in zip(objects, await _read(client, objects), strict=True) if _is_there(one, answer, take_over)
    ]
    return Intended(found, objects, {name: why for name, why in reasons.items() if why}, tuple(there))


async def _roles(client: Client, grantable: Sequence[str], powerful: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The roles with the reasons why they should not be granted; Refused when such a role was not named as one."""
    names = sorted({*grantable, *powerful})
    answers = await asyncio.gather(*(client.get(target("ClusterRole", name)) for name in names))
    found: dict[str, tuple[str, ...]] = {}
    for name, answer in zip(names, answers, strict=True):
        found[name] = never(_rules(name, answer), everywhere=False)
        if found[name] and name not in powerful:
            raise Refused(
                f"the ClusterRole {name} must not be granted: {few(found[name])}",
                todo=f"leave it out; or, knowing that its rights outlive every grant: --powerful-role {name}",
            )
    return found


def _rules(name: str, answer: Stored | Rejected) -> tuple[PolicyRule, ...]:
    if isinstance(answer, Stored):
        return rules_of(answer.object)
    if answer.code == _GONE:
        raise BadInput(f"the cluster has no ClusterRole {name!r}", todo="name the roles that may be granted with --role")
    raise Unreachable(f"the ClusterRole {name} cannot be read: {answer}", todo="use the kubeconfig of a cluster administrator")


async def _read(client: Client, objects: Iterable[Object]) -> list[Stored | Rejected]:
    return await asyncio.gather(*(client.get(one.target) for one in objects))


def _is_there(one: Object, answer: Stored | Rejected, take_over: bool) -> bool:
    """Whether it is there and ours. Refused when it is there and may not be touched."""
    if isinstance(answer, Rejected):
        if answer.code == _GONE:
            return False
        raise Unreachable(f"{one.ref} cannot be read: {answer}", todo="use the kubeconfig of a cluster administrator")
    meta = answer.object.get("metadata") or {}
    if "deletionTimestamp" in meta:
        raise Refused(f"{one.ref} is still being removed", todo="wait until it is gone, and try again")
    if (meta.get("labels") or {}).get(OWNER_LABEL) != OWNER:
        raise Refused(
            f"{one.ref} is there already, and it is not ostiary's ({OWNER_LABEL} is not {OWNER})",
            todo="rename or remove it; ostiary overwrites nothing that it did not make",
        )
    if not take_over:
        raise Refused(
            f"the cluster is behind a gateway already: {one.ref} is there",
            todo="remove it there first (ostiary cluster remove); or, if that control plane is gone: --take-over",
        )
    return True


async def install(client: Client, intended: Intended) -> tuple[Object, ...]:
    """Make every object; what is there and ours is brought to what it should be. Takes back what it made when it cannot go on."""
    made: list[tuple[Object, str]] = []
    there = {one.ref for one in intended.standing}
    try:
        for one in intended.objects:
            if one.ref in there:
                await _mend(client, one)
            else:
                made.append((one, await _make(client, one)))
    except (OstiaryError, asyncio.CancelledError):
        await asyncio.shield(take_back(client, made))
        raise
    return tuple(one for one, _ in made)


async def _make(client: Client, one: Object) -> str:
    answer = await client.create(one.target, one.body)
    if isinstance(answer, Rejected):
        raise Refused(f"cannot make {one.ref}: {answer}", todo="nothing was left behind; this needs a cluster administrator")
    return str((answer.object.get("metadata") or {}).get("uid", ""))


async def _mend(client: Client, one: Object) -> None:
    """Bring our own object to its form. A binding's role cannot change, so that is the one thing that is compared and not written."""
    body = {key: value for key, value in one.body.items() if key != "roleRef"}
    answer = await client.patch(one.target, body)
    if isinstance(answer, Rejected):
        raise Refused(f"cannot change {one.ref}: {answer}", todo="remove the installation and add the cluster anew")


async def take_back(client: Client, made: Sequence[tuple[Object, str]]) -> None:
    """Delete what was made, last first, each as the object that it was. What cannot be deleted is named by the error that led here."""
    with suppress(Unreachable):
        for one, uid in reversed(made):
            await client.delete(one.target, uid=uid)
        for one, _ in made:
            if one.target.kind == "Namespace":
                await _until_gone(client, one.target)


async def uninstall(client: Client, grantable: Sequence[str]) -> tuple[str, ...]:
    """Remove everything of ours; returns what was removed. Refused when something could not be, with its name."""
    bindings = [target(ref.kind, ref.name, ref.namespace) for ref in await standing(client, thorough=True)]
    objects = [one.target for one in reversed(installation(grantable)) if one.target.namespace != NAMESPACE]
    removed = [str(address.ref) for address in (*bindings, *objects) if await _remove(client, address)]
    await _until_gone(client, target("Namespace", NAMESPACE))
    return tuple(removed)


async def _remove(client: Client, address: Target) -> bool:
    found = await client.get(address)
    if isinstance(found, Rejected):
        if found.code == _GONE:
            return False
        raise Refused(f"cannot read {address.ref}: {found}", todo="use the kubeconfig of a cluster administrator")
    labels = (found.object.get("metadata") or {}).get("labels") or {}
    if address.kind not in ("RoleBinding", "ClusterRoleBinding") and labels.get(OWNER_LABEL) != OWNER:
        return False  # somebody else's by now
    answer = await client.delete(address, uid=str(found.object["metadata"]["uid"]))
    if isinstance(answer, Rejected) and answer.code not in (_GONE, _CONFLICT):
        raise Refused(f"cannot remove {address.ref}: {answer}", todo="use the kubeconfig of a cluster administrator")
    return True


async def _until_gone(client: Client, address: Target) -> None:
    """A namespace goes last, when the namespace controller has emptied it."""
    for _ in range(_GONE_TRIES):
        if isinstance(await client.get(address), Rejected):
            return
        await asyncio.sleep(_GONE_PAUSE)
    raise Unreachable(f"{address.ref} is still being removed", todo="it goes when the cluster's controllers run; look again")
