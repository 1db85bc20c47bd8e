"""The clusters of a control plane, on real API servers: taken in, renewed, reported when they do not answer, and gone without a trace."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.server.clusters.behind import ROLES, Behind, a_grant

from ostiary.adapters.kubernetes.answers import Stored
from ostiary.core.errors import OstiaryError, Refused, Unreachable
from ostiary.model.access import CONTROLLER_ACCOUNT
from ostiary.pillars.access.installation import installation
from ostiary.pillars.access.objects import target
from ostiary.server.clusters import rows
from ostiary.server.clusters.credentials import Credentials
from ostiary.server.clusters.install import install, intend, uninstall
from ostiary.server.clusters.side import Clusters
from ostiary.server.clusters.standing import standing
from ostiary.server.clusters.tokens import AccountToken, request_token
from ostiary.server.errors import NotFound
from ostiary.server.store.engine import opened, sqlite_url

pytestmark = [
    pytest.mark.judge("access-clusters", needs=("linux",)),
    pytest.mark.parametrize("real", ["1.37"], indirect=True),  # how a server limits impersonation is of no account here
]


@pytest.fixture
async def side(tmp_path: Path) -> AsyncIterator[Clusters]:
    async with opened(sqlite_url(tmp_path / "store.db")) as store:
        clusters = Clusters(store, tmp_path / "clusters")
        yield clusters
        await clusters.close()


async def a_token(behind: Behind) -> str:
    return (await request_token(behind.admin, CONTROLLER_ACCOUNT, 3600, datetime.now(UTC))).text


async def test_from_adding_to_removing(behind: Behind, side: Clusters, tmp_path: Path) -> None:
    token = await a_token(behind)
    added = await side.add(behind.record, token)
    assert (added.constrained, added.version) == (behind.constrained, behind.intended.features.version)
    assert [one.name for one in await side.upstreams()] == ["here"]
    kept = tmp_path / "clusters" / "here.token"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.read_text() != token  # what was handed over is replaced at once

    outcome = await side.reconcile("here", [a_grant("alice", "view", "default", name="g1")], datetime.now(UTC))
    assert (outcome.problems, outcome.ended) == ((), 0)
    assert outcome.made >= 1
    gateway = await side.mint_gateway_token("here")
    assert gateway.token not in repr(gateway)
    assert timedelta(minutes=10) < gateway.ends_at - datetime.now(UTC) <= timedelta(minutes=31)

    assert await side.remove("here") == ROLES
    assert await standing(behind.admin, thorough=True) == {}
    assert not list((tmp_path / "clusters").iterdir())
    with pytest.raises(NotFound):
        await side.mint_gateway_token("here")


async def test_nothing_is_bound_on_a_cluster_while_it_is_removed(behind: Behind, side: Clusters) -> None:
    """Whoever follows the live grants keeps at it while the cluster goes."""
    await side.add(behind.record, await a_token(behind))
    live = [a_grant("alice", "view", "default", name="g1")]

    async def following() -> None:
        for _ in range(12):
            await side.reconcile("here", live, datetime.now(UTC))

    await asyncio.gather(following(), following(), side.remove("here"))
    assert await standing(behind.admin, thorough=True) == {}


async def test_a_cluster_is_taken_in_once(behind: Behind, side: Clusters) -> None:
    known = replace(behind.record, uid="a")
    await side.add(known, await a_token(behind))
    with pytest.raises(Refused, match="already"):
        await side.add(known, await a_token(behind))
    with pytest.raises(Refused, match="as here"):
        await side.add(replace(known, name="there"), await a_token(behind))


async def test_nothing_is_kept_of_a_cluster_that_does_not_work(behind: Behind, side: Clusters, tmp_path: Path) -> None:
    wrong_authority = (Path(__file__).parent / "other-ca.pem").read_text()
    attempts = [
        (replace(behind.record, server="https://127.0.0.1:1"), await a_token(behind)),
        (replace(behind.record, certificate_authority=wrong_authority), await a_token(behind)),
        (behind.record, "no token"),
    ]
    for record, token in attempts:
        with pytest.raises(OstiaryError) as error:
            await side.add(record, token)
        assert token not in str(error.value)
    assert await side.every() == ()
    assert not list((tmp_path / "clusters").iterdir())


async def test_an_unreachable_cluster_is_a_problem_and_no_exception(behind: Behind, side: Clusters) -> None:
    await side.add(behind.record, await a_token(behind))
    known = (await side.every())[0]
    await rows.change(side._store, "here", server="https://127.0.0.1:1")
    outcome = await side.reconcile("here", [a_grant("alice", "view", "default", name="g1")], datetime.now(UTC))
    assert "cannot reach" in outcome.problems[0]
    assert (await side.statuses())[0].problems == outcome.problems
    with pytest.raises(Unreachable):
        await side.remove("here")
    assert await side.remove("here", forget=True) == known.grantable


async def test_what_a_grant_would_not_give_is_refused_beforehand(behind: Behind, side: Clusters) -> None:
    await side.add(behind.record, await a_token(behind))
    await side.refuse("here", "edit", everywhere=False)
    with pytest.raises(Refused, match="everywhere"):
        await side.refuse("here", "edit", everywhere=True)
    with pytest.raises(Refused, match="cluster-admin is not among"):
        await side.refuse("here", "cluster-admin", everywhere=False)
    with pytest.raises(Refused, match="break-glass gives nothing"):
        await side.refuse("here", "view", everywhere=False, break_glass=True)


async def test_a_credential_that_expired_while_ostiary_was_off_says_what_to_do(
    behind: Behind, side: Clusters, tmp_path: Path
) -> None:
    await side.add(behind.record, await a_token(behind))
    past = datetime.now(UTC) - timedelta(days=1)
    Credentials(tmp_path / "clusters").keep("here", AccountToken("old", past - timedelta(days=7), past))
    outcome = await side.reconcile("here", (), datetime.now(UTC))
    assert "expired" in outcome.problems[0]
    await side.renew("here", await a_token(behind), behind.record)
    assert (await side.reconcile("here", (), datetime.now(UTC))).problems == ()


async def test_a_credential_renews_itself_when_it_is_due(behind: Behind, side: Clusters, tmp_path: Path) -> None:
    await side.add(behind.record, await a_token(behind))
    kept, now = tmp_path / "clusters" / "here.token", datetime.now(UTC)
    before = kept.read_text()
    assert (await side.reconcile("here", (), now)).problems == ()
    assert kept.read_text() == before  # it is not due
    Credentials(tmp_path / "clusters").keep("here", AccountToken(before, now - timedelta(days=2), now + timedelta(days=5)))
    assert (await side.reconcile("here", (), now)).problems == ()
    assert kept.read_text() != before


async def test_an_upgraded_server_narrows_the_gateway_at_the_next_close_look(behind: Behind, side: Clusters) -> None:
    await side.add(behind.record, await a_token(behind))
    grants = [a_grant("alice", "view", "default", name="g1")]
    await rows.change(side._store, "here", constrained=False, version="v1.35.0")
    assert (await side.reconcile("here", grants, datetime.now(UTC))).problems == ()
    old = await behind.admin.get(target("ClusterRole", "ostiary:gateway"))
    assert isinstance(old, Stored)
    assert {rule["verbs"][0] for rule in old.object["rules"]} == {"impersonate"}
    assert (await side.reconcile("here", grants, datetime.now(UTC), thorough=True)).problems == ()
    new = await behind.admin.get(target("ClusterRole", "ostiary:gateway"))
    assert isinstance(new, Stored)
    assert "impersonate" not in {verb for rule in new.object["rules"] for verb in rule["verbs"]}
    assert (await side.statuses())[0].constrained


async def test_a_name_that_is_taken_is_not_touched_and_nothing_is_left_behind(behind: Behind) -> None:
    await uninstall(behind.admin, ROLES)
    await behind.admin.delete(target("ClusterRoleBinding", "ostiary:controller"))
    theirs = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "ostiary:controller"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    }
    assert isinstance(await behind.admin.create(target("ClusterRoleBinding", "ostiary:controller"), theirs), Stored)
    try:
        with pytest.raises(Refused, match="not ostiary's"):
            await intend(behind.admin, ROLES, (), take_over=True)
    finally:
        await behind.admin.delete(target("ClusterRoleBinding", "ostiary:controller"))
    assert not isinstance(await behind.admin.get(target("ClusterRole", "ostiary:gateway")), Stored)


async def test_what_was_half_made_is_taken_back(behind: Behind) -> None:
    await uninstall(behind.admin, ROLES)
    intended = await intend(behind.admin, ROLES, ())
    late = intended.objects[-1]
    assert late.target.name == "ostiary:tokens"
    broken = {**late.body, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Nonsense", "name": "x"}}
    with pytest.raises(Refused, match="cannot make RoleBinding"):
        await install(behind.admin, changed(intended, objects=(*intended.objects[:-1], changed(late, body=broken))))
    left = [one for one in installation(ROLES) if isinstance(await behind.admin.get(one.target), Stored)]
    assert left == []


async def test_removing_leaves_nothing(behind: Behind) -> None:
    removed = await uninstall(behind.admin, ROLES)
    assert "ClusterRole ostiary:gateway" in removed
    for one in installation(ROLES):
        assert not isinstance(await behind.admin.get(one.target), Stored), one.ref


async def test_a_role_that_hands_out_rights_is_not_prepared_unless_somebody_says_so(behind: Behind) -> None:
    with pytest.raises(Refused, match="cluster-admin must not be granted"):
        await intend(behind.admin, ("cluster-admin",), (), take_over=True)
    powerful = await intend(behind.admin, ROLES, ("cluster-admin",), take_over=True)
    assert set(powerful.powerful) == {"cluster-admin"}
    with pytest.raises(OstiaryError, match="no ClusterRole 'unheard-of'"):
        await intend(behind.admin, ("unheard-of",), (), take_over=True)
    with pytest.raises(Refused, match="behind a gateway already"):
        await intend(behind.admin, ROLES, ())
