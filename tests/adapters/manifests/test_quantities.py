"""Quantities are written as the API server writes them.

``quantities.json``: what ``resource.Quantity`` of apimachinery v0.37.2 answered, rounded to thousandths.
"""

import json
from pathlib import Path

import pytest

from ostiary.adapters.manifests.quantities import canonical

TRUTH: list[tuple[str, str]] = [
    (text, answer) for text, answer in json.loads(Path(__file__).with_name("quantities.json").read_text())
]


@pytest.mark.parametrize(("text", "answer"), TRUTH)
def test_the_original_says_the_same(text: str, answer: str) -> None:
    assert canonical(text) == answer


@pytest.mark.parametrize(("number", "answer"), [(1, "1"), (0.5, "500m"), (2000, "2k"), (0, "0"), (1e-7, "1m"), (1.5, "1500m")])
def test_numbers_are_quantities_too(number: float, answer: str) -> None:
    assert canonical(number) == answer


@pytest.mark.parametrize("wrong", ["", "x", "1KB", "1 Gi", "--1", "1e", True, None, [1]])
def test_what_is_no_quantity_stays(wrong: object) -> None:
    assert canonical(wrong) is wrong


@pytest.mark.parametrize(("text", "_answer"), TRUTH)
def test_canonical_is_idempotent(text: str, _answer: str) -> None:
    once = canonical(text)
    assert canonical(once) == once
