"""From the text of a file to its documents."""

import json

import pytest

from ostiary.adapters.manifests.documents import documents

HELM = """NAME: shop
LAST DEPLOYED: Mon Nov 23 10:00:00 2026
STATUS: pending-install
HOOKS:
---
# Source: shop/templates/test.yaml
kind: Pod
MANIFEST:
---
# Source: shop/templates/empty.yaml
---
# Source: shop/templates/web.yaml
kind: Deployment

NOTES:
Visit http://shop.example: it is {{ running }}
"""


def values(text: str) -> list[object]:
    found = list(documents(text))
    assert not any(document.problem for document in found), found
    return [document.value for document in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# nothing\n", []),
        ("---\n---\n", []),
        ("a: 1", [{"a": 1}]),
        ("---\na: 1\n---\nb: 2\n---\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\n--- # and\nb: 2", [{"a": 1}, {"b": 2}]),
        ("a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        ("\ufeffa: 1", [{"a": 1}]),
        ("a: |\n  ---\n  x\n", [{"a": "---\nx\n"}]),
        ('{"a": 1}\n{"b": 2}', [{"a": 1}, {"b": 2}]),
        ('{"a": 1}{"b": [2]}\n\n', [{"a": 1}, {"b": [2]}]),
        ("{a: yes}", [{"a": True}]),
        ('{"a": 1}\n---\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
        ("[1, 2]", [[1, 2]]),
    ],
)
def test_documents_are_found(text: str, expected: list[object]) -> None:
    assert values(text) == expected


def test_helm_output_is_its_manifests_and_hooks() -> None:
    found = values(HELM)
    assert {"kind": "Pod"} in found
    assert {"kind": "Deployment"} in found
    assert not any("Visit" in json.dumps(value) for value in found)


def test_a_broken_document_leaves_the_others() -> None:
    good, broken, last = documents("a: 1\n---\nb: [\n---\nc: 3\n")
    assert (good.value, last.value) == ({"a": 1}, {"c": 3})
    assert broken.problem
    assert broken.line == 3


def test_an_unrendered_template_gets_a_hint() -> None:
    (broken,) = documents("metadata:\n  name: {{ .Release.Name }}-web\n  {{- if x }}\n")
    assert "helm template" in broken.problem


def test_a_separator_with_more_behind_it_starts_no_document() -> None:
    """``--- x`` is refused by kubectl; here it is part of the document, which then is broken or not, but never lost."""
    found = list(documents("a: 1\n--- b\n"))
    assert found
