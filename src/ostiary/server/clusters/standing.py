"""What stands on a cluster of all that ostiary made for grants: found by label, or, in a thorough look, by name too.

A look by label is cheap and is made at every change. Whoever may change bindings can take a label away, so a thorough look goes through all bindings
now and then, and knows ours by their names.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ostiary.adapters.kubernetes.answers import rejected
from ostiary.adapters.kubernetes.client import Client, resource_path
from ostiary.core.errors import Unreachable
from ostiary.model.access import GRANT_LABEL
from ostiary.model.meta import Ref
from ostiary.pillars.access.bindings import GRANT_BINDING
from ostiary.pillars.access.impersonation import ON_ROLE
from ostiary.pillars.access.objects import PART_LABEL, RBAC_V1, Part

_KINDS = {"RoleBinding": "rolebindings", "ClusterRoleBinding": "clusterrolebindings"}
_PAGE = "500"
_SELECTORS = (GRANT_LABEL, f"{PART_LABEL}={Part.GATEWAY}")


@dataclass(frozen=True, slots=True)
class Standing:
    """One binding as the server holds it."""

    ref: Ref
    uid: str
    body: Mapping[str, Any]


async def standing(client: Client, *, thorough: bool = False) -> dict[Ref, Standing]:
    """Every binding of a grant or of the gateway's power, by address."""
    selectors = ("",) if thorough else _SELECTORS
    lists = await asyncio.gather(*(_list(client, kind, selector) for kind in _KINDS for selector in selectors))
    found = (one for some in lists for one in some)
    return {one.ref: one for one in found if not thorough or _ours(one)}


def _ours(one: Standing) -> bool:
    """By name or by label. A binding of the installation is neither."""
    labels = one.body.get("metadata", {}).get("labels") or {}
    named = one.ref.name.startswith((GRANT_BINDING, ON_ROLE))
    return named or GRANT_LABEL in labels or labels.get(PART_LABEL) == Part.GATEWAY.value


async def _list(client: Client, kind: str, selector: str) -> list[Standing]:
    found: list[Standing] = []
    query = {"limit": _PAGE, **({"labelSelector": selector} if selector else {})}
    while True:
        response = await client.request("GET", resource_path(RBAC_V1, _KINDS[kind]), query=query)
        if not response.ok:
            refusal = rejected(response.status, response.body)
            raise Unreachable(f"{client.access} does not list {_KINDS[kind]}: {refusal}", todo="see: ostiary cluster list")
        page = msgspec.json.decode(response.body, type=dict[str, Any])
        found += [_standing(kind, item) for item in page.get("items") or ()]
        query["continue"] = str((page.get("metadata") or {}).get("continue", ""))
        if not query["continue"]:
            return found


def _standing(kind: str, item: dict[str, Any]) -> Standing:
    meta = item.get("metadata") or {}
    return Standing(Ref(kind, str(meta.get("namespace", "")), str(meta.get("name", ""))), str(meta.get("uid", "")), item)
