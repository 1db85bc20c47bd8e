"""Every verdict of the corpus, confirmed by the API server:

The clusters are made there, and the questions asked as access reviews.
"""

import time
from typing import Any

import pytest
from tests.judges.rbac.api import ApiServer
from tests.judges.rbac.cases import Case, cases

CASES = cases()
pytestmark = pytest.mark.judge("rbac-corpus")
RBAC_KINDS = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_api_server_says_the_same(api: ApiServer, case: Case) -> None:
    api.namespace("shop")
    others = [one for one in case.objects if one["kind"] not in RBAC_KINDS]
    for one in others:
        make(api, one)
    rbac = [one for one in case.objects if one["kind"] in RBAC_KINDS]
    for namespace in {one["metadata"]["namespace"] for one in rbac if "namespace" in one["metadata"]}:
        api.namespace(namespace)
    api.create(rbac)
    api.settle("shop", aggregation=case.aggregates)
    answers = api.review([(identity, request) for identity, request, _ in case.questions])
    for (identity, request, expected), answer in zip(case.questions, answers, strict=True):
        said = "allow" if answer.allowed else "deny" if answer.denied else "no-opinion"
        assert said == expected, (case.pitfall, str(identity), str(request), answer.reason)
    api.clear()
    for one in others:
        if one["kind"] == "Pod":
            api.ask("DELETE", f"/api/v1/namespaces/shop/pods/{one['metadata']['name']}?gracePeriodSeconds=0")


def make(api: ApiServer, item: dict[str, Any]) -> None:
    """Create a namespace, service account or pod; a pod waits for the account that admission wants."""
    if item["kind"] == "Namespace":
        api.namespace(item["metadata"]["name"])
        return
    path = f"/api/v1/namespaces/{item['metadata']['namespace']}/{item['kind'].lower()}s"
    deadline = time.monotonic() + 20
    while (reply := api.ask("POST", path, item)).status == 403 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert reply.status in (201, 409), reply
