"""A Cluster from files."""

import os
from pathlib import Path

import pytest

from ostiary.adapters.manifests.directory import read_directory, read_file
from ostiary.core.errors import BadInput
from ostiary.model.blind import Reason

KEY = bytes(32)
SHOP = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: shop}\n"


def names(top: Path) -> list[str]:
    return [pod.metadata.name for pod in read_directory(top, KEY).pods]


def test_every_manifest_below_is_read_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SHOP)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for place, name in (("b.yml", "b"), ("deep/c.json", "c"), ("deep/er/d.yaml", "d")):
        (tmp_path / place).write_text(POD % name)
    (tmp_path / "README.md").write_text(POD % "x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "e.yaml").write_text(POD % "x")
    (tmp_path / ".f.yaml").write_text(POD % "x")
    assert names(tmp_path) == ["b", "c", "d"]


def test_links_that_go_round_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.yaml").write_text(SHOP + "---\n" + POD % "a")
    (tmp_path / "in" / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "in")
    assert names(tmp_path) == ["a"]


def test_a_link_to_nothing_and_a_file_of_bytes_are_blind_spots(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SHOP)
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff\xfe\n")
    os.mkfifo(tmp_path / "pipe.yaml")
    found = read_directory(tmp_path, KEY)
    assert {blind.where for blind in found.blind} == {"gone.yaml", "latin.yaml", "pipe.yaml"}
    assert {blind.reason for blind in found.blind} == {Reason.UNREADABLE}


def test_nothing_is_an_error_that_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no manifests"):
        read_directory(tmp_path, KEY)
    (tmp_path / "values.yaml").write_text("replicas: 1\n")
    with pytest.raises(BadInput, match="no Kubernetes objects"):
        read_directory(tmp_path, KEY)
    with pytest.raises(BadInput, match="no Kubernetes objects"):
        read_file(tmp_path / "values.yaml", KEY)


def test_a_broken_document_is_one_blind_spot_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SHOP + "---\nkind: [\n---\n" + POD % "a")
    found = read_directory(tmp_path, KEY)
    assert [pod.metadata.name for pod in found.pods] == ["a"]
    assert [(blind.where, blind.reason) for blind in found.blind] == [("a.yaml:5", Reason.UNREADABLE)]


def test_what_is_passed_over_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SHOP + "---\nreplicas: 1\n")
    said: list[str] = []
    read_directory(tmp_path, KEY, said.append)
    assert said == ["a.yaml:5: passed over, no Kubernetes object"]
