"""What a document is: an object, a list, something passed over, or a blind spot with the right reason."""

from typing import Any

import pytest

from ostiary.adapters.assembly import Assembly
from ostiary.adapters.decode import Decoder
from ostiary.adapters.manifests.objects import LARGEST, place
from ostiary.adapters.manifests.unread import NOT_FOR_CLUSTERS, PREDECESSORS, UNREAD
from ostiary.model.blind import Reason
from ostiary.model.cluster import Cluster
from ostiary.model.kinds import KINDS, find

DECODER = Decoder(bytes(32))
SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def read(*items: Any) -> Cluster:
    into = Assembly()
    for number, item in enumerate((SHOP, *items)):
        place(item, f"file:{number}", into, DECODER)
    return into.cluster()


def pod(name: Any = "web", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, **more}


@pytest.mark.parametrize(
    ("item", "reason", "kind", "name"),
    [
        ("text", Reason.UNREADABLE, "", ""),
        ([1], Reason.UNREADABLE, "", ""),
        ({"kind": "Pod", "metadata": {"name": "x"}}, Reason.UNREADABLE, "", ""),
        ({"apiVersion": "v1", "metadata": {"name": "x"}}, Reason.UNREADABLE, "", ""),
        ({"apiVersion": "v1", "kind": 5, "metadata": {}}, Reason.UNREADABLE, "", ""),
        (pod(spec={"containers": 5}), Reason.UNREADABLE, "Pod", "web"),
        (pod(spec={"hostNetwork": "yes"}), Reason.UNREADABLE, "Pod", "web"),
        (pod(spec={"containers": [None]}), Reason.UNREADABLE, "Pod", "web"),
        (pod("Web"), Reason.UNREADABLE, "Pod", ""),
        (pod("we\nb"), Reason.UNREADABLE, "Pod", ""),
        (pod(""), Reason.UNREADABLE, "Pod", ""),
        (pod(5), Reason.UNREADABLE, "Pod", ""),
        ({"apiVersion": "v1", "kind": "Pod"}, Reason.UNREADABLE, "Pod", ""),
        ({"apiVersion": "v2", "kind": "Pod", "metadata": {"name": "x"}}, Reason.UNKNOWN_VERSION, "Pod", "x"),
        ({"apiVersion": "extensions/v1beta1", "kind": "Deployment", "metadata": {"name": "x"}}, Reason.UNKNOWN_VERSION, "Deployment", "x"),
        ({"apiVersion": "apps/v1beta2", "kind": "StatefulSet", "metadata": {"name": "x"}}, Reason.UNKNOWN_VERSION, "StatefulSet", "x"),
        ({"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "x"}}, Reason.UNKNOWN_VERSION, "CronJob", "x"),
        ({"apiVersion": "acme.io/v1", "kind": "Widget", "metadata": {"name": "x"}}, Reason.UNKNOWN_KIND, "Widget", "x"),
        ({"apiVersion": "acme.io/v1", "kind": "Pod", "metadata": {"name": "x"}}, Reason.UNKNOWN_KIND, "Pod", "x"),
        ({"apiVersion": "acme.io/v1", "kind": "W", "metadata": {"name": "x"}, "spec": {"a": [{"spec": {"containers": []}}]}},
         Reason.UNKNOWN_TEMPLATE, "W", "x"),
        (pod(spec={"containers": [{"name": "c", "image": "x" * LARGEST}]}), Reason.TOO_LARGE, "Pod", "web"),
    ],
)  # fmt: skip
def test_what_cannot_be_seen_is_said_with_its_reason(item: Any, reason: Reason, kind: str, name: str) -> None:
    (blind,) = read(item).blind
    assert (blind.reason, blind.kind, blind.name) == (reason, kind, name)
    assert blind.where == "file:1"


@pytest.mark.parametrize(
    "item",
    [
        {"replicaCount": 1, "image": {"tag": "x"}},
        {"apiVersion": "v2", "name": "chart", "version": "1.0.0"},
        {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": []},
        {"apiVersion": "v1", "kind": "Config", "clusters": []},
        {"apiVersion": "ostiary.dev/v1", "kind": "Intent"},
    ],
)
def test_files_of_tools_are_passed_over_and_said(item: Any) -> None:
    into = Assembly()
    assert place(item, "file:1", into, DECODER) != ""
    assert len(into) == 0


def test_kinds_that_no_pillar_reads_are_no_blind_spot() -> None:
    assert read({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "x"}}).blind == ()


def test_the_tables_do_not_overlap_with_the_model() -> None:
    modelled = {(kind.group, kind.kind) for kind in KINDS}
    assert not modelled & (UNREAD | NOT_FOR_CLUSTERS | PREDECESSORS.keys())
    assert all(find(group, kind) for (_, kind), group in PREDECESSORS.items())


@pytest.mark.parametrize(
    "listed",
    [
        {"apiVersion": "v1", "kind": "List", "items": [pod("a"), pod("b")]},
        {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": n, "namespace": "shop"}} for n in "ab"]},
        {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "List", "items": [pod("a")]}, pod("b")]},
    ],
)
def test_lists_are_what_stands_in_them(listed: Any) -> None:
    found = read(listed)
    assert [value.metadata.name for value in found.pods] == ["a", "b"]
    assert found.blind == ()


def test_an_empty_list_is_nothing_and_a_broken_item_is_one_blind_spot() -> None:
    assert read({"apiVersion": "v1", "kind": "PodList", "items": None}).blind == ()
    found = read({"apiVersion": "v1", "kind": "List", "items": [pod("a"), 5, pod("b", spec={"containers": 1})]})
    assert [value.metadata.name for value in found.pods] == ["a"]
    assert [blind.reason for blind in found.blind] == [Reason.UNREADABLE, Reason.UNREADABLE]


def test_a_list_that_goes_on_elsewhere_is_truncated() -> None:
    (blind,) = read({"apiVersion": "v1", "kind": "PodList", "metadata": {"continue": "abc"}, "items": []}).blind
    assert (blind.kind, blind.reason) == ("Pod", Reason.TRUNCATED)


def test_a_custom_kind_called_list_is_a_kind() -> None:
    (blind,) = read({"apiVersion": "acme.io/v1", "kind": "AllowList", "metadata": {"name": "x"}, "spec": {}}).blind
    assert (blind.kind, blind.reason) == ("AllowList", Reason.UNKNOWN_KIND)


def test_lists_in_lists_have_an_end() -> None:
    nested: Any = pod("deep")
    for _ in range(50):
        nested = {"apiVersion": "v1", "kind": "List", "items": [nested]}
    assert [blind.reason for blind in read(nested).blind] == [Reason.UNREADABLE]


def test_equal_twins_are_one_and_unequal_ones_are_none() -> None:
    found = read(pod("a"), pod("a"), pod("b", spec={"hostPID": True}), pod("b"))
    assert [value.metadata.name for value in found.pods] == ["a"]
    (blind,) = found.blind
    assert (blind.reason, blind.name, blind.where) == (Reason.DUPLICATE, "b", "file:3, file:4")


def test_objects_that_only_name_a_beginning_are_all_kept() -> None:
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "run-", "namespace": "shop"}}
    assert len(read(dict(made), dict(made)).jobs) == 2


def test_a_namespace_that_is_nowhere_declared_is_a_blind_spot() -> None:
    missing = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "elsewhere"}}
    unsaid = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
    found = read(missing, unsaid)
    assert [(blind.kind, blind.name, blind.reason) for blind in found.blind] == [
        ("Namespace", name, Reason.MISSING_NAMESPACE) for name in ("default", "elsewhere")
    ]


def test_a_namespace_on_what_has_none_is_dropped() -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x", "namespace": "shop"}}
    assert read(role).cluster_roles[0].metadata.namespace == ""


def test_null_is_absent_everywhere() -> None:
    full = pod(spec={"containers": [{"name": "c", "image": "i"}], "volumes": [{"name": "v", "emptyDir": {}}]})
    nulled = pod(spec={
        "containers": [{"name": "c", "image": "i", "env": None, "securityContext": None, "resources": {"limits": None}}],
        "volumes": [{"name": "v", "hostPath": None, "emptyDir": {}}],
        "hostNetwork": None, "initContainers": None,
    })  # fmt: skip
    nulled["metadata"] |= {"labels": None, "annotations": None, "ownerReferences": None}
    assert read(full).pods == read(nulled).pods


@pytest.mark.parametrize(
    ("value", "advice"),
    [(True, "true or false is no text in YAML: quote it"), (8080, "number is no text"), (1.5, "number is no text")],
)
def test_a_word_that_yaml_reads_as_something_else_is_to_be_quoted(value: Any, advice: str) -> None:
    (blind,) = read(pod(spec={"containers": [{"name": "c", "image": "i", "args": [value]}]})).blind
    assert advice in blind.detail
    (blind,) = read(pod(spec={"containers": {"name": "c"}})).blind
    assert "quote" not in blind.detail
