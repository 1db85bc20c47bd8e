"""From words to requests, many at once, and what is said beside an answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pillars.rbac.shapes import ANN, PODS, SECRETS, bound, cluster, cluster_role

from ostiary.core.errors import BadInput
from ostiary.model.basics import CRDNames, CRDSpec, CustomResourceDefinition
from ostiary.model.cluster import Cluster
from ostiary.model.rbac import PolicyRule, Subject
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.batch import answers, read_question, read_questions, written
from ostiary.pillars.rbac.explanation import explain
from ostiary.pillars.rbac.identity import Identity, authenticated, split_node, split_service_account
from ostiary.pillars.rbac.question import asked, read_fields
from ostiary.pillars.rbac.request import Request, selecting
from ostiary.pillars.rbac.secondary import secondary_checks
from ostiary.pillars.rbac.server import Server

WIDGETS = CustomResourceDefinition(spec=CRDSpec(group="example.com", scope="Cluster", names=CRDNames(plural="widgets")))
FULL = Cluster(custom_resource_definitions=(WIDGETS,))


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        (("get", "pods", "", "shop"), Request("get", "pods", namespace="shop")),
        (("get", "pods/log", "web", "shop"), Request("get", "pods", subresource="log", name="web", namespace="shop")),
        (("update", "deployments/scale", "w", "shop"), Request("update", "deployments", "apps", "scale", "w", "shop")),
        (("get", "deployments.apps", "", "shop"), Request("get", "deployments", "apps", namespace="shop")),
        (("get", "deployments.", "", "shop"), Request("get", "deployments", namespace="shop")),
        (("get", "nodes", "n1", "shop"), Request("get", "nodes", name="n1")),
        (("patch", "namespaces", "shop", ""), Request("patch", "namespaces", name="shop", namespace="shop")),
        (("list", "namespaces", "", "shop"), Request("list", "namespaces")),
        (("create", "pods", "web", "shop"), Request("create", "pods", namespace="shop")),
        (("get", "widgets", "", "shop"), Request("get", "widgets", "example.com")),
        (("get", "events", "", "shop"), Request("get", "events", namespace="shop")),
        (("get", "gadgets", "", "shop"), Request("get", "gadgets", namespace="shop")),
        (("get", "/healthz", "", ""), Request("get", path="/healthz")),
        (("*", "*", "", ""), Request("*", "*")),
    ],
)
def test_words(words: tuple[str, str, str, str], request_: Request) -> None:
    assert asked(*words, FULL).request == request_


@pytest.mark.parametrize(
    "words", [("get", "/x", "name", ""), ("get", "/x", "", "shop"), ("get", ".apps", "", ""), ("get", "", "", "")]
)
def test_words_that_mean_nothing(words: tuple[str, str, str, str]) -> None:
    with pytest.raises(BadInput):
        asked(*words, FULL)


def test_field_selectors_give_list_and_watch_a_name() -> None:
    fields = read_fields("metadata.name=db,spec.nodeName==n1")
    assert selecting(Request("list", "secrets"), fields).name == "db"
    assert selecting(Request("deletecollection", "secrets"), fields).name == ""
    assert selecting(Request("list", "secrets"), fields).fields == (("metadata.name", "db"), ("spec.nodeName", "n1"))
    for wrong in ("metadata.name!=db", "metadata.name", "=db"):
        with pytest.raises(BadInput):
            read_fields(wrong)


def test_groups_of_those_who_sign_in() -> None:
    account = authenticated("system:serviceaccount:shop:web")
    assert account.groups == ("system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated")
    assert authenticated("system:node:n1").groups == ("system:nodes", "system:authenticated")
    assert authenticated("system:anonymous").groups == ("system:unauthenticated",)
    assert authenticated("ann", ("dev", "system:authenticated")).groups == ("dev", "system:authenticated")


@pytest.mark.parametrize(
    "user", ["system:serviceaccount:shop", "system:serviceaccount:shop:a:b", "system:serviceaccount:Shop:web", "ann"]
)
def test_names_that_are_no_service_account(user: str) -> None:
    assert split_service_account(user) is None
    assert split_node(user) is None


def test_batch_lines() -> None:
    line = {
        "user": "ann",
        "groups": ["dev"],
        "verb": "get",
        "apiGroup": "apps",
        "resource": "r",
        "subresource": "s",
        "name": "n",
        "namespace": "ns",
    }
    assert read_question(json.dumps(line).encode(), "here") == (
        Identity("ann", ("dev",)),
        Request("get", "r", "apps", "s", "n", "ns"),
    )
    assert read_question(b'{"user": null, "path": "/x"}', "here") == (Identity(), Request(path="/x"))
    assert len(list(read_questions([b"{}\n", b"\n", b"  \n", b"{}"], "file"))) == 2


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b'{"ressource": "pods"}', "ressource"),
        (b'{"groups": "dev"}', "groups"),
        (b'{"groups": [1]}', "groups"),
        (b'{"user": 1}', "user"),
        (b"[]", "array"),
        (b'{"user": ', "truncated"),
        (b'{"user": "\xff"}', "UTF-8"),
    ],
)
def test_a_broken_line_is_named_with_its_field(line: bytes, field: str) -> None:
    with pytest.raises(BadInput, match="file, line 2") as refused:
        list(read_questions([b"{}", line], "file"))
    assert field.lower() in str(refused.value).lower()


@given(st.binary(max_size=60))
def test_any_bytes_are_a_question_or_an_error(line: bytes) -> None:
    try:
        identity, _ = read_question(line, "here")
    except BadInput:
        return
    assert isinstance(identity, Identity)


def test_answers_come_in_order_and_as_json() -> None:
    authorizer = Authorizer(cluster(cluster_role("right", PODS), bound("right")))
    yes, no = (Identity("ann"), Request("get", "pods")), (Identity("bob"), Request("get", "pods"))
    lines = [json.loads(written(one)) for one in answers(authorizer, [yes, no, yes])]
    assert [line["decision"] for line in lines] == ["allow", "no-opinion", "allow"]
    assert all(set(line) == {"decision", "reason"} for line in lines)


@pytest.mark.parametrize(
    ("rule", "request_", "sentence"),
    [
        (PODS, Request("list", "pods"), "its verbs are get, not list"),
        (PODS, Request("get", "pods", subresource="exec"), "a resource does not cover its subresources"),
        (
            PolicyRule(verbs=("get",), api_groups=("",), resources=("pods/*",)),
            Request("get", "pods", subresource="log"),
            "is no wildcard, */log",
        ),
        (PolicyRule(verbs=("get",), api_groups=("apps",), resources=("pods",)), Request("get", "pods"), "not the core group"),
        (
            PolicyRule(verbs=("get",), api_groups=("",), resources=("pods",), resource_names=("a",)),
            Request("get", "pods"),
            "has no name",
        ),
        (PolicyRule(verbs=("get",), non_resource_urls=("/x/*",)), Request("get", path="/x"), "its paths are /x/*, not /x"),
    ],
)
def test_a_near_miss_says_what_is_missing(rule: PolicyRule, request_: Request, sentence: str) -> None:
    found = explain(Authorizer(cluster(cluster_role("right", rule), bound("right"))), Identity("ann"), request_)
    assert any(sentence in line for line in found.near), found.near
    assert found.change[0].startswith("kubectl create clusterrole ")


def test_what_would_change_an_allow_is_every_binding_that_allows() -> None:
    roles = (cluster_role("one", PODS), cluster_role("two", PODS), cluster_role("three", SECRETS))
    authorizer = Authorizer(cluster(*roles, *(bound(role.metadata.name) for role in roles)))
    found = explain(authorizer, Identity("ann"), Request("get", "pods"))
    assert found.change[0] == "all 2 of these would have to go:"
    assert {line.split()[1] for line in found.change[1:]} == {"one-holders", "two-holders"}


def test_near_names_other_namespaces_dangling_roles_and_those_who_may() -> None:
    authorizer = Authorizer(
        cluster(
            cluster_role("right", PODS),
            bound("right", ANN, namespace="bank"),
            bound("gone", ANN),
            bound("right", Subject(kind="Group", name="dev")),
        )
    )
    near = "\n".join(explain(authorizer, Identity("ann"), Request("get", "pods", namespace="shop")).near)
    assert "would allow it in namespace bank; this is namespace shop" in near
    assert "refers to ClusterRole gone, which is not there" in near
    assert "allows it to Group dev" in near


@pytest.mark.parametrize(
    ("request_", "minor", "names"),
    [
        (Request("create", "roles", "rbac.authorization.k8s.io", namespace="shop"), 37, {"escalate", "block-owner-deletion"}),
        (Request("get", "pods", subresource="exec", name="web", namespace="shop"), 37, {"websocket-create"}),
        (Request("get", "pods", subresource="exec", name="web", namespace="shop"), 34, set()),
        (Request("update", "certificatesigningrequests", "certificates.k8s.io", "approval", "c"), 37, {"approve"}),
        (Request("get", "pods", namespace="shop"), 37, set()),
        (Request("get", path="/x"), 37, set()),
    ],
)
def test_further_checks(request_: Request, minor: int, names: set[str]) -> None:
    found = list(secondary_checks(request_, Server(minor=minor)))
    assert {one.name for one in found} == names
    if request_.subresource == "exec" and found:
        assert found[0].asks == (Request("create", "pods", subresource="exec", name="web", namespace="shop"),)
