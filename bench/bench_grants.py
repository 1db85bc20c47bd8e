"""How long a grant takes to hold on a real cluster, and to be gone from it.

    python bench/bench_grants.py --kubeconfig $(ostiary sandbox kubeconfig) --rounds 30 --standing 0

For each round: from the call that brings the cluster to its live grants until a request with the gateway's own token is let through as the person; and from
the call without the grant until that request is refused and nothing of the grant stands. ``--standing`` grants of others are there all the while. One
line of JSON. It installs ostiary's objects on the cluster and removes them again.
"""

import argparse
import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ostiary.adapters.kubernetes.access import Access, Identity
from ostiary.adapters.kubernetes.client import Client
from ostiary.adapters.kubernetes.kubeconfig import load
from ostiary.model.access import CONTROLLER_ACCOUNT, GATEWAY_ACCOUNT, Grant, GrantState
from ostiary.server.clusters.install import install, intend, uninstall
from ostiary.server.clusters.reconcile import reconcile
from ostiary.server.clusters.record import BehindGateway
from ostiary.server.clusters.standing import standing
from ostiary.server.clusters.tokens import request_token

ROLES = ("edit", "view")
PATH = "/api/v1/namespaces/default/configmaps"


def grant(person: str, name: str) -> Grant:
    now = datetime.now(UTC)
    return Grant(
        id=name, person=person, cluster="c", role="view", namespaces=("default",), reason="bench", seconds=3600, requested_at=now,
        state=GrantState.ACTIVE, ends_at=now + timedelta(hours=1),
    )  # fmt: skip


def client(access: Access, token: str, headers: tuple[tuple[str, str], ...] = ()) -> Client:
    identity = Identity(token=token, impersonate=headers)
    return Client(Access(server=access.server, certificate_authority=access.certificate_authority, identity=identity))


async def until(as_person: Client, wanted: int) -> None:
    status = 0
    while status != wanted:
        status = (await as_person.request("GET", PATH)).status


async def measure(kubeconfig: Path, rounds: int, others: int) -> dict[str, object]:
    access, now = load([kubeconfig]), datetime.now(UTC)
    async with Client(access) as admin:
        intended = await intend(admin, ROLES, (), take_over=True)
        await install(admin, intended)
        await asyncio.sleep(1)
        here = BehindGateway(
            name="c", server=access.server, certificate_authority="", constrained=intended.features.constrained, roles=ROLES
        )
        controller = client(access, (await request_token(admin, CONTROLLER_ACCOUNT, 3600, now)).text)
        person = (
            ("Impersonate-User", "ostiary:ann"), ("Impersonate-Group", "ostiary:access"), ("Impersonate-Extra-ostiary.dev%2fsession", "s"),
        )  # fmt: skip
        gateway = client(access, (await request_token(admin, GATEWAY_ACCOUNT, 3600, now)).text, person)
        async with controller, gateway:
            standing_grants = tuple(grant(f"p{number}", f"o{number}") for number in range(others))
            await reconcile(controller, here, standing_grants, datetime.now(UTC))
            began, ended = await _rounds(admin, controller, gateway, here, standing_grants, rounds)
            await reconcile(controller, here, (), datetime.now(UTC))
        await uninstall(admin, ROLES)
    return {
        "server": intended.features.version, "constrained": here.constrained, "standing": others, "rounds": rounds,
        "holds_ms": spread(began), "gone_ms": spread(ended),
    }  # fmt: skip


async def _rounds(
    admin: Client, controller: Client, gateway: Client, here: BehindGateway, others: tuple[Grant, ...], rounds: int
) -> tuple[list[float], list[float]]:
    began, ended = [], []
    for number in range(rounds):
        start = time.perf_counter()
        done = await reconcile(controller, here, (*others, grant("ann", f"g{number}")), datetime.now(UTC))
        assert not done.problems, done.problems
        await until(gateway, 200)
        began.append(time.perf_counter() - start)
        start = time.perf_counter()
        await reconcile(controller, here, others, datetime.now(UTC))
        await until(gateway, 403)
        ended.append(time.perf_counter() - start)
        left = [ref for ref in await standing(admin, thorough=True) if ref.name == f"ostiary:grant:g{number}"]
        assert not left, left
    return began, ended


def spread(seconds: list[float]) -> dict[str, float]:
    every = sorted(seconds)
    return {"p50": round(every[len(every) // 2] * 1000, 1), "max": round(every[-1] * 1000, 1)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--standing", type=int, default=0)
    asked = parser.parse_args()
    print(json.dumps(asyncio.run(measure(asked.kubeconfig, asked.rounds, asked.standing))))


if __name__ == "__main__":
    main()
