"""What every server has: its own roles and bindings are no findings, and what admin and edit lead to is what is said of them in manifests."""

from datetime import date

import pytest
from tests.judges.rbac.api import ApiServer
from tests.pillars.rbac import clusters

from ostiary.model.world import World
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.check import check
from ostiary.pillars.rbac.defaults import is_default, leads_to
from ostiary.pillars.rbac.escalations import facts
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.request import Request

pytestmark = pytest.mark.judge("rbac-check")
VERSION = "v1.37.2"


def live(api: ApiServer) -> clusters.Objects:
    return [{**item, "kind": kind} for kind, items in api.rbac().items() for item in items]


def test_a_server_by_itself_has_no_findings(api: ApiServer) -> None:
    api.clear()
    own = [one for one in live(api) if "kubernetes.io/bootstrapping" in (one["metadata"].get("labels") or {})]
    assert len(own) > 80
    world = World.of(clusters.typed(own, server_version=VERSION), today=date(2026, 11, 24))
    assert [(one.code, str(one.subject), one.reason) for one in check(world)] == []


@pytest.mark.parametrize("name", ["view", "edit", "admin"])
def test_what_default_roles_lead_to(api: ApiServer, name: str) -> None:
    api.clear()
    namespace = clusters.NAMESPACES[0]
    api.namespace(namespace)
    ref = {"apiGroup": clusters.RBAC, "kind": "ClusterRole", "name": name}
    meta = {"name": "judge:default", "namespace": namespace}
    subjects = [{"kind": "User", "name": "ann"}]
    api.create([{"apiVersion": clusters.API, "kind": "RoleBinding", "metadata": meta, "roleRef": ref, "subjects": subjects}])
    authorizer = Authorizer(clusters.typed(live(api), server_version=VERSION))
    found = {fact.primitive for fact in facts(authorizer) if fact.subject.name == "ann"}
    assert is_default(name)
    assert found == set(leads_to(name))
    api.settle(namespace)
    asked = Request("get", "secrets", namespace=namespace)
    assert api.review([(Identity("ann"), asked)])[0].allowed == ("read-secrets" in found)
