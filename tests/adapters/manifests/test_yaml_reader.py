"""YAML is read as Kubernetes reads it.

``goyaml.json`` holds what ``sigs.k8s.io/yaml`` v1.6.0 (goyaml.v2 v2.4.4) answered: a text, and its JSON or null.
"""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.adapters.decode import Unreadable
from ostiary.adapters.manifests.yaml_reader import read

TRUTH: list[tuple[str, str | None]] = [
    (text, answer) for text, answer in json.loads(Path(__file__).with_name("goyaml.json").read_text())
]


@pytest.mark.parametrize(("text", "answer"), TRUTH)
def test_the_original_says_the_same(text: str, answer: str | None) -> None:
    if answer is None:
        with pytest.raises(Unreadable):
            read(text)
    else:
        assert same(read(text), json.loads(answer)), text


def same(mine: Any, theirs: Any) -> bool:
    """Equal, with True other than 1: ``==`` does not tell them apart."""
    return bool(mine == theirs) and json.dumps(mine, sort_keys=True) == json.dumps(theirs, sort_keys=True)


def test_the_table_has_both_answers() -> None:
    assert len(TRUTH) > 650
    assert sum(answer is None for _, answer in TRUTH) > 20


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &x 1\nb: &x 2\nc: *x", "libyaml takes no anchor twice; goyaml does"),
        ("1e21: x", "goyaml writes 1e+21; nobody means that as a key"),
    ],
)
def test_where_we_are_stricter_the_document_is_unreadable_and_not_guessed(text: str, why: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_an_alias_bomb_is_refused_in_time() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(Unreadable, match="aliases"):
        read("\n".join(rows))


def test_a_long_text_behind_many_aliases_is_refused() -> None:
    with pytest.raises(Unreadable, match="aliases"):
        read(f"a: &a [{'x' * 100_000}]\nb: [{', '.join(['*a'] * 2000)}]")


@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 5000, "- " * 5000 + "x", "a: " + "[" * 900 + "]" * 900])
def test_depth_is_an_error_or_a_value_and_never_a_crash(text: str) -> None:
    with contextlib.suppress(Unreadable):
        read(text)


@given(st.text(max_size=80))
def test_any_text_is_a_value_or_unreadable(text: str) -> None:
    with contextlib.suppress(Unreadable):
        json.dumps(read(text), allow_nan=False)


@given(st.text(alphabet=st.sampled_from("ab: -[]{}#&*!|>'\"%@`,?\n\t0123456789._~<"), max_size=60))
def test_any_yaml_like_text_is_a_value_or_unreadable(text: str) -> None:
    with contextlib.suppress(Unreadable):
        json.dumps(read(text), allow_nan=False)


SECRET = "kX9-do-not-print-me"


@pytest.mark.parametrize(
    "text", [f"a: *{SECRET}", f"a: [{SECRET}", f"a: '{SECRET}", f"a: !!int {SECRET}", f"? [{SECRET}]\n: b", f"a: {SECRET}: b"]
)
def test_an_error_quotes_nothing(text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(text)
    assert SECRET not in str(caught.value)


def test_an_error_says_where() -> None:
    with pytest.raises(Unreadable, match="line 4, column 1"):
        read("a: 1\nb: 2\nc: [\n")
