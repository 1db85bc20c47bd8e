"""What the system has to have for a real node: missing tools are named with their packages, and what works without is said."""

import os
import platform
from pathlib import Path

import pytest

from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.realnode import tools


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine that has nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "SYSTEM_PATH", str(tmp_path))
    monkeypatch.setattr(tools, "CNI_DIRECTORIES", (tmp_path,))
    monkeypatch.setattr(tools, "BUSYBOX_PLACES", (tmp_path / "busybox",))
    return tmp_path


def install(directory: Path, name: str, content: bytes = b"#!") -> None:
    (directory / name).write_bytes(content)
    (directory / name).chmod(0o755)


def test_a_bare_machine_lacks_every_tool_by_name_and_package(bare: Path) -> None:
    missing = tools.required_system_tools()
    assert "runc (package runc)" in missing
    assert "host-local (package containernetworking-plugins)" in missing
    assert tools.packages(missing) == sorted(
        [
            "busybox-static",
            "conntrack",
            "containernetworking-plugins",
            "ipset",
            "iproute2",
            "iptables",
            "mount",
            "nftables",
            "runc",
        ]
    )


def test_what_is_installed_is_not_asked_for(bare: Path) -> None:
    for name in (*tools.PROGRAMS, *tools.CNI_PLUGINS, "busybox"):
        install(bare, name)
    assert tools.required_system_tools() == []


def test_a_busybox_that_needs_a_loader_is_none(bare: Path) -> None:
    for name in (*tools.PROGRAMS, *tools.CNI_PLUGINS):
        install(bare, name)
    install(bare, "busybox", b"\x7fELF" + bytes(100) + b"/lib64/ld-linux-x86-64.so.2")
    assert tools.required_system_tools() == ["busybox (package busybox-static)"]


def test_the_error_says_how_to_install_and_what_works_without(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(CannotRun) as caught:
        tools.require_machine()
    assert "runc" in caught.value.happened
    assert "apt-get install" in caught.value.todo
    assert "--nodes simulated=N" in caught.value.todo


def test_without_root_the_error_says_what_works_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CannotRun, match="needs root, this is user 1000") as caught:
        tools.require_machine()
    assert "--nodes simulated=N" in caught.value.todo


def test_another_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(CannotRun, match="needs Linux, this is Darwin"):
        tools.require_machine()
