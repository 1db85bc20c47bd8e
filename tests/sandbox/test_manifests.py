"""Manifests are read as the API server would, and a bad one is named with its file."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import BadInput
from ostiary.sandbox import manifests


def test_all_documents_of_all_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("---\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b, namespace: n}\n---\n")
    (tmp_path / "a").mkdir()
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    (tmp_path / "a" / "x.json").write_text(json.dumps({"apiVersion": "v1", "kind": "ConfigMapList", "items": [item]}))
    assert [str(manifest) for manifest in manifests.read(tmp_path)] == ["ConfigMap a", "Secret n/b"]


def test_scalars_are_yaml_1_1_and_dates_are_strings(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec: {a: yes, b: 0x0, c: 2024-01-01, d: 010}\n"
    )
    (manifest,) = manifests.read(tmp_path / "a.yaml")
    assert manifest.value["spec"] == {"a": True, "b": 0, "c": "2024-01-01", "d": 8}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [", "bad.yaml cannot be read"),
        ("just words", "document 1 is no Kubernetes object"),
        ("apiVersion: v1\nkind: Pod", "Pod has no metadata.name"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: 7}", "Pod has no metadata.name"),
        ("apiVersion: v1\nkind: List\nitems: [{}]", "document 1 is no Kubernetes object"),
        ("kind: Pod\nmetadata: {name: a}", "it needs apiVersion and kind"),
    ],
)
def test_what_is_no_manifest_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(BadInput, match=complaint):
        manifests.read(tmp_path)


def test_an_empty_directory_is_not_everything_loaded(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no manifests"):
        manifests.read(tmp_path)


@given(st.binary(max_size=200))
def test_no_bytes_make_anything_but_an_answer_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "a.yaml"
    path.write_bytes(content)
    with contextlib.suppress(BadInput):
        manifests.read(path)
