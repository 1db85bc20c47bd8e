"""What a real API server writes into its audit log, and what is read of it: names, stages, created objects, impersonation, denials; and no gap."""

import time
from collections.abc import Iterable
from urllib.parse import quote

import pytest
from tests.judges.rbac.api import RBAC, ApiServer

from ostiary.adapters.evidence_files import read_evidence
from ostiary.model.evidence import Usage
from ostiary.sandbox.lifecycle import RunningCluster

pytestmark = pytest.mark.judge("audit-log")
NAMESPACE, ANN = "judge-audit", "audit-ann"
AS_ANN = {"Impersonate-User": ANN}
MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
RULES = [
    {"verbs": ["*"], "apiGroups": [""], "resources": ["configmaps", "namespaces", "serviceaccounts/token"]},
]


@pytest.fixture(scope="module")
def seen(api: ApiServer, ostiary_cluster: RunningCluster) -> tuple[Usage, ...]:
    """What ann is seen to do, after she did it all once."""
    api.namespace(NAMESPACE)
    meta = {"name": "audit", "namespace": NAMESPACE}
    subject = {"kind": "User", "name": ANN, "apiGroup": "rbac.authorization.k8s.io"}
    ref = {"kind": "Role", "name": "audit", "apiGroup": "rbac.authorization.k8s.io"}
    version = RBAC.removeprefix("/apis/")
    api.create(
        [
            {"apiVersion": version, "kind": "Role", "metadata": meta, "rules": RULES},
            {"apiVersion": version, "kind": "RoleBinding", "metadata": meta, "subjects": [subject], "roleRef": ref},
        ]
    )
    api.settle(NAMESPACE)
    _ask(api)
    deadline = time.monotonic() + 30
    while True:  # the log is written behind the answers
        found = read_evidence([str(ostiary_cluster.audit_log)])
        rows = tuple(usage for usage in found.usage if usage.user == ANN)
        if any(usage.path == "/version" for usage in rows) or time.monotonic() > deadline:
            assert found.gaps == ()
            return rows
        time.sleep(0.2)


def _ask(api: ApiServer) -> None:
    body = {"metadata": {"name": "made"}}
    apply = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}}
    patch = {**AS_ANN, "Content-Type": "application/apply-patch+yaml"}
    token = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    asked = (
        ("POST", MAPS, body, AS_ANN, 201),
        ("PATCH", f"{MAPS}/applied?fieldManager=judge", apply, patch, 201),
        ("PATCH", f"{MAPS}/applied?fieldManager=judge&force=true", apply | {"data": {"a": "b"}}, patch, 200),
        ("GET", f"{MAPS}?fieldSelector={quote('metadata.name=made')}", None, AS_ANN, 200),
        ("GET", f"{MAPS}?watch=1&timeoutSeconds=1&labelSelector=none%3Dnone", None, AS_ANN, 200),
        ("GET", f"{MAPS}/absent", None, AS_ANN, 404),
        ("GET", f"/api/v1/namespaces/{NAMESPACE}", None, AS_ANN, 200),
        ("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default/token", token, AS_ANN, 201),
        ("DELETE", f"{MAPS}?labelSelector=none%3Dnone", None, AS_ANN, 200),
        ("GET", f"/api/v1/namespaces/{NAMESPACE}/secrets/db", None, AS_ANN, 403),
        ("GET", "/version?verbose=1", None, AS_ANN, 200),
    )
    for method, path, sent, headers, status in asked:
        reply = api.ask(method, path, sent, headers)
        while path.endswith("/token") and reply.status == 404:  # its account is made behind the namespace
            time.sleep(0.2)
            reply = api.ask(method, path, sent, headers)
        assert reply.status == status, (method, path, reply)


def named(rows: Iterable[Usage], verb: str, resource: str, subresource: str = "") -> list[tuple[str, int]]:
    return sorted(
        (usage.name, usage.allowed)
        for usage in rows
        if (usage.verb, usage.resource, usage.subresource) == (verb, resource, subresource)
    )


def test_create_is_seen_without_the_name_of_what_was_made(seen: tuple[Usage, ...]) -> None:
    assert ("", 1) in named(seen, "create", "configmaps")


def test_a_patch_that_made_an_object_was_asked_create_by_name(seen: tuple[Usage, ...]) -> None:
    assert named(seen, "patch", "configmaps") == [("applied", 2)]
    assert ("applied", 1) in named(seen, "create", "configmaps")


def test_names_are_those_that_were_authorized(seen: tuple[Usage, ...]) -> None:
    assert named(seen, "list", "configmaps") == [("made", 1)]
    assert named(seen, "get", "configmaps") == [("absent", 1)]
    assert [name for name, _ in named(seen, "create", "serviceaccounts", "token")] == ["default"]
    assert named(seen, "deletecollection", "configmaps") == [("", 1)]


def test_a_namespace_is_in_itself(seen: tuple[Usage, ...]) -> None:
    (own,) = [usage for usage in seen if usage.resource == "namespaces"]
    assert (own.namespace, own.name) == (NAMESPACE, NAMESPACE)


def test_a_watch_is_one_request(seen: tuple[Usage, ...]) -> None:
    assert named(seen, "watch", "configmaps") == [("", 1)]


def test_a_path_has_no_query_and_no_object(seen: tuple[Usage, ...]) -> None:
    assert [(usage.verb, usage.allowed) for usage in seen if usage.path == "/version"] == [("get", 1)]


def test_what_was_denied_is_told_apart(seen: tuple[Usage, ...]) -> None:
    assert [(usage.resource, usage.allowed) for usage in seen if usage.denied] == [("secrets", 0)]


def test_it_was_somebody_else_who_asked(seen: tuple[Usage, ...]) -> None:
    assert seen
    for usage in seen:
        assert usage.by is not None
        assert "system:masters" in usage.by.groups
        assert usage.by.constraint == "impersonate:user-info"
        assert usage.groups == ("system:authenticated",)
