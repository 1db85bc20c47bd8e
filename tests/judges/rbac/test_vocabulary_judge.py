"""The words that people may use, against what a server of the newest version serves."""

import pytest
from tests.judges.rbac.api import ApiServer

from ostiary.pillars.rbac.vocabulary import CLUSTER_SCOPED, NAMESPACED

pytestmark = pytest.mark.judge("rbac-vocabulary")
AGGREGATED = {"Accept": "application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList"}


def custom_groups(api: ApiServer) -> set[str]:
    """Groups that other tests of this session brought: they are not built in."""
    listed = api.ask("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions").body["items"]
    return {item["spec"]["group"] for item in listed}


def test_every_built_in_resource_is_known_with_its_scope(api: ApiServer) -> None:
    custom = custom_groups(api)
    served = {
        (group["metadata"].get("name", ""), resource["resource"], resource["scope"] == "Namespaced")
        for path in ("/api", "/apis")
        for group in api.ask("GET", path, headers=AGGREGATED).body["items"]
        if group["metadata"].get("name", "") not in custom
        for version in group["versions"]
        for resource in version["resources"]
    }
    tables = ((NAMESPACED, True), (CLUSTER_SCOPED, False))
    known = {
        (group, word, namespaced) for table, namespaced in tables for group, words in table.items() for word in words.split()
    }
    assert known == served
