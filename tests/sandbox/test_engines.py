"""The table of engines, ready-made engines, and versions."""

import subprocess
from pathlib import Path

import pytest

from ostiary.core.errors import BadInput, Refused
from ostiary.sandbox import assets, engines, gobuild
from ostiary.sandbox.kubernetes_versions import pin, pins


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A cache in which every recipe that is asked for is there at once; yields what was asked for."""
    asked: list[str] = []
    monkeypatch.setenv("OSTIARY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)

    def ensure(recipe: gobuild.Recipe, _progress: object) -> Path:
        asked.append(recipe.title)
        return tmp_path / recipe.name

    monkeypatch.setattr(gobuild, "ensure", ensure)
    return asked


def test_no_two_programs_provide_the_same_name() -> None:
    names = [name for program in engines.PROGRAMS for name in program.provides]
    assert len(names) == len(set(names))


def test_every_module_exists_and_every_local_package_too() -> None:
    for program in engines.PROGRAMS:
        recipe = engines.recipe(program, pin(None))
        assert recipe.modfile.is_file()
        assert all((recipe.directory / package).is_dir() for package in program.packages if package.startswith("./"))


def test_what_was_not_asked_for_is_not_built(built: list[str]) -> None:
    view = engines.ensure(("kubectl", "etcd"))
    assert built == [f"controlplane {pin(None).version}"]
    assert sorted(path.name for path in view.iterdir()) == ["etcd", "kubectl", "share"]
    assert (view / "kubectl").readlink().name == "kubectl"


def test_files_come_along(built: list[str], tmp_path: Path) -> None:
    view = engines.ensure(("kwok",))
    assert (view / "share" / "kwok").readlink() == tmp_path / "kwok" / "share"


def test_an_unknown_engine_lists_the_known_ones(built: list[str]) -> None:
    with pytest.raises(BadInput, match="no engine called 'dockerd'") as raised:
        engines.ensure(("etcd", "dockerd"))
    assert "containerd" in raised.value.todo


def test_an_older_kubernetes_has_its_own_module_file_and_key(built: list[str]) -> None:
    program = next(program for program in engines.PROGRAMS if program.name == "controlplane")
    old, new = engines.recipe(program, pin("1.36")), engines.recipe(program, pin(None))
    assert old.modfile.name == "1.36.mod"
    assert old.key != new.key
    assert "-modfile" in old.flags
    assert "-modfile" not in new.flags
    assert f"k8s.io/component-base/version.gitVersion=v{pin('1.36').version}" in old.ldflags


@pytest.mark.parametrize("text", ["1.36", "v1.36", "1.36.3", "v1.36.3"])
def test_a_version_can_be_written_as_people_do(text: str) -> None:
    assert pin(text).version == "1.36.3"


@pytest.mark.parametrize("text", ["1.3", "1.36.99", "9", "", "latest"])
def test_an_unknown_version_lists_the_known_ones(text: str) -> None:
    with pytest.raises(BadInput, match=f"Kubernetes {text} is not pinned") as raised:
        pin(text)
    for known in pins():
        assert known.version in raised.value.todo


def test_the_newest_version_is_the_default() -> None:
    assert pin(None).modfile.name == "go.mod"


def _assets(directory: Path, *names: str) -> Path:
    directory.mkdir()
    for name in names:
        (directory / name).write_text("#!/bin/sh\necho Kubernetes v1.35.4\n")
        (directory / name).chmod(0o755)
    return directory


def test_assets_are_used_and_the_rest_is_built(built: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = _assets(tmp_path / "assets", "etcd", "kube-apiserver", "kubectl")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(directory))
    view = engines.ensure(engines.CONTROL_PLANE)
    assert (view / "kube-apiserver").readlink() == directory / "kube-apiserver"
    assert (view / "kube-scheduler").readlink().parent.parent == tmp_path / "controlplane"
    assert subprocess.run([view / "kubectl"], capture_output=True, text=True, check=True).stdout == "Kubernetes v1.35.4\n"
    assert assets.kubernetes_version(directory) == "1.35.4"


def test_complete_assets_build_nothing(built: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(_assets(tmp_path / "assets", *engines.CONTROL_PLANE)))
    engines.ensure(engines.CONTROL_PLANE)
    assert built == []


def test_incomplete_assets_name_what_is_missing(built: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(_assets(tmp_path / "assets", "etcd", "kubectl")))
    (tmp_path / "assets" / "kubectl").chmod(0o644)
    with pytest.raises(BadInput, match="kube-apiserver and kubectl are missing or not executable"):
        engines.ensure(engines.CONTROL_PLANE)


def test_assets_of_another_version_than_asked_for_are_refused(
    built: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(_assets(tmp_path / "assets", *engines.CONTROL_PLANE)))
    with pytest.raises(Refused, match=r"1\.36 was asked for, and KUBEBUILDER_ASSETS has 1\.35\.4"):
        engines.ensure(engines.CONTROL_PLANE, "1.36")
