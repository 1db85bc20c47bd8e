"""Merging into a kubeconfig: nobody else's entry is ever changed, ours are found again, and taking ours out gives the file back."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.cli.kubeconfig_merge import EXTENSION, Entry, merge, without
from ostiary.core.errors import BadInput

NAMES = st.sampled_from(["ostiary-prod", "ostiary-prod-2", "ostiary-prod-alice", "ostiary-dev", "mine", "kind"])
SCALARS = st.one_of(st.text(max_size=5), st.integers(), st.booleans(), st.none())
FOREIGN = st.dictionaries(
    st.sampled_from(["server", "token", "extensions", "x"]), st.one_of(SCALARS, st.lists(SCALARS, max_size=2)), max_size=3
)


def items(body: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.fixed_dictionaries({"name": NAMES, body: FOREIGN}), max_size=4, unique_by=lambda item: item["name"])


FILES = st.fixed_dictionaries(
    {"clusters": items("cluster"), "users": items("user"), "contexts": items("context")},
    optional={"current-context": NAMES, "preferences": st.just({"colors": True}), "unknown": SCALARS},
)
ENTRIES = st.lists(
    st.builds(
        Entry,
        cluster=st.sampled_from(["prod", "dev"]),
        person=st.sampled_from(["alice", "bob"]),
        control_plane=st.sampled_from(["https://a", "https://b"]),
        cluster_fields=st.just({"server": "https://gateway"}),
        user_fields=st.just({"exec": {"command": "ostiary"}}),
    ),
    max_size=5,
)
KINDS = {"clusters": "cluster", "users": "user", "contexts": "context"}


@given(FILES, ENTRIES)
def test_what_was_there_stays_and_comes_first(file: dict[str, Any], entries: list[Entry]) -> None:
    before = deepcopy(file)
    merged = merge(file, entries).content
    assert file == before, "the input was changed"
    for kind in KINDS:
        assert merged[kind][: len(file[kind])] == file[kind]
        names = [item["name"] for item in merged[kind]]
        assert len(set(names)) == len(names)
    assert {key: merged[key] for key in file if key not in KINDS} == {key: file[key] for key in file if key not in KINDS}


@given(FILES, ENTRIES)
def test_a_second_time_changes_nothing(file: dict[str, Any], entries: list[Entry]) -> None:
    once = merge(file, entries)
    assert merge(once.content, entries) == once


@given(FILES, ENTRIES)
def test_each_context_leads_to_its_own_cluster_and_person(file: dict[str, Any], entries: list[Entry]) -> None:
    merged = merge(file, entries)
    found = {kind: {item["name"]: item[body] for item in merged.content[kind]} for kind, body in KINDS.items()}
    for entry, name in zip(entries, merged.contexts, strict=True):
        context = found["contexts"][name]
        mark = {"cluster": entry.cluster, "controlPlane": entry.control_plane}
        assert found["clusters"][context["cluster"]]["extensions"] == [{"name": EXTENSION, "extension": mark}]
        assert found["users"][context["user"]]["extensions"] == [
            {"name": EXTENSION, "extension": mark | {"person": entry.person}}
        ]


@given(FILES, ENTRIES)
def test_taking_ours_out_gives_the_file_back(file: dict[str, Any], entries: list[Entry]) -> None:
    left = merge(file, entries).content
    for entry in entries:
        left = without(left, entry.control_plane, entry.person)
    for kind in KINDS:
        assert left[kind] == file[kind]


def test_a_namespace_that_somebody_chose_is_kept() -> None:
    entry = Entry("prod", "alice", "https://a", {"server": "https://old"}, {})
    content = merge({}, [entry]).content
    content["contexts"][0]["context"]["namespace"] = "shop"
    again = merge(content, [Entry("prod", "alice", "https://a", {"server": "https://new"}, {})]).content
    assert again["contexts"][0]["context"]["namespace"] == "shop"
    assert again["clusters"][0]["cluster"]["server"] == "https://new"


@pytest.mark.parametrize(
    "content", [{"kind": "Pod"}, {"apiVersion": "v2"}, {"clusters": {"a": 1}}, {"users": [7]}, {"contexts": ["x"]}]
)
def test_what_is_no_kubeconfig_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="no kubeconfig"):
        merge(content, [])
