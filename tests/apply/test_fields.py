"""Merge patches: the algebra, by law."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.apply.fields import Object, at, differences, field_name, holds, leaves, merged, picked, stacked, written

scalars = st.one_of(st.booleans(), st.integers(-3, 3), st.text("ab", max_size=2), st.lists(st.integers(0, 2), max_size=2))
names = st.sampled_from(["a", "b", "c"])


def trees(leaf: st.SearchStrategy[Any], smallest: int) -> st.SearchStrategy[Object]:
    deeper = st.recursive(leaf, lambda inner: st.dictionaries(names, inner, min_size=smallest, max_size=3), max_leaves=6)
    return st.dictionaries(names, deeper, min_size=smallest, max_size=3)


values, patches = trees(scalars, 0), trees(st.none() | scalars, 1)  # an empty object in a patch names no field


@given(values, patches)
def test_after_a_patch_the_object_holds_it(value: Object, patch: Object) -> None:
    assert holds(merged(value, patch), patch)


@given(values, patches)
def test_a_patch_twice_is_a_patch_once(value: Object, patch: Object) -> None:
    assert merged(merged(value, patch), patch) == merged(value, patch)


fields = st.dictionaries(names, st.dictionaries(names, st.none() | scalars, min_size=1), min_size=1)


@given(fields, fields, fields)
def test_stacked_is_one_after_the_other(value: Object, first: Object, second: Object) -> None:
    """Of patches that agree on what is an object; up to objects left empty, which the API server does not tell from absent ones."""
    assert holds(merged(value, stacked(first, second)), second)
    one_by_one, at_once = merged(merged(value, first), second), merged(value, stacked(first, second))
    assert dict(_full(one_by_one)) == dict(_full(at_once))


def _full(value: Object) -> list[tuple[Any, Any]]:
    return [(path, str(leaf)) for path, leaf in leaves(value) if leaf not in (None, {}, [])]


def test_the_examples_of_rfc_7386() -> None:
    """RFC 7386, appendix A: those whose target is an object."""
    table: list[tuple[Any, Any, Any]] = [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({"a": "foo"}, {"b": {"c": {"d": None}}}, {"a": "foo", "b": {"c": {}}}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ]
    for value, patch, expected in table:
        assert merged(value, patch) == expected


def test_an_empty_label_is_not_an_absent_one() -> None:
    assert [str(d) for d in differences({"metadata": {"labels": {"a": ""}}}, {"metadata": {"labels": {"a": None}}})] == [
        'label a is "", not absent'
    ]


def test_one_more_key_in_an_item_of_a_list_is_a_difference() -> None:
    """A peer with a podSelector is another peer when a namespaceSelector joins it."""
    patch = {"spec": {"from": [{"podSelector": {"a": "b"}}]}}
    assert holds({"spec": {"from": [{"podSelector": {"a": "b"}}]}}, patch)
    assert not holds({"spec": {"from": [{"podSelector": {"a": "b"}, "namespaceSelector": {}}]}}, patch)


def test_true_is_not_one() -> None:
    assert not holds({"a": 1}, {"a": True})
    assert not holds({"a": [1]}, {"a": [True]})


@given(values, patches)
def test_what_was_picked_restores(value: Object, patch: Object) -> None:
    """The arithmetic of undo, up to objects left empty; a field that was no object and becomes one is restored as a whole."""
    before = picked(value, patch)
    if all(isinstance(at(value, path[:depth]), dict | None) for path, _ in leaves(patch) for depth in range(1, len(path))):
        assert dict(_full(merged(merged(value, patch), before))) == dict(_full(value))


@pytest.mark.parametrize("nasty", ["\x1b[31m", "a\nb", "\u202e"])
def test_no_value_can_move_a_cursor(nasty: str) -> None:
    assert written(nasty).isprintable()


def test_names_of_fields() -> None:
    assert field_name(("metadata", "labels", "a.b/c")) == "label a.b/c"
    assert field_name(("spec", "replicas")) == "spec.replicas"
