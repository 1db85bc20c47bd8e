"""What may be asked for; everything else is refused before anything is started."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.errors import BadInput
from ostiary.sandbox.options import Nodes, SandboxOptions, check_name, parse_flag, parse_gates, parse_nodes, require_files


@pytest.mark.parametrize("name", ["a", "demo", "pytest-none-12345", "0", "a" * 32])
def test_good_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a.b", "../x", "a/b", "a b", "a" * 33, "ä", "a\n", ".lock", "٣"])
def test_bad_names_cannot_become_paths(name: str) -> None:
    with pytest.raises(BadInput, match="cannot be the name"):
        SandboxOptions(name=name)


@given(st.text())
def test_a_name_that_passes_is_one_harmless_path_component(name: str) -> None:
    try:
        check_name(name)
    except BadInput:
        return
    assert Path(name).parts == (name,)
    assert not name.startswith((".", "-"))


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("none", Nodes()),
        ("real", Nodes("real", 1)),
        ("simulated=1", Nodes("simulated", 1)),
        ("simulated=500", Nodes("simulated", 500)),
    ],
)
def test_nodes(text: str, nodes: Nodes) -> None:
    assert parse_nodes(text) == nodes
    assert str(nodes) == text


@pytest.mark.parametrize(
    "text",
    ["", "simulated", "simulated=", "simulated=0", "simulated=-1", "simulated=1.5", "simulated=10001", "real=2", "simulated=٣"],
)
def test_bad_nodes(text: str) -> None:
    with pytest.raises(BadInput, match="not a kind of nodes"):
        parse_nodes(text)


def test_gates() -> None:
    assert parse_gates("") == {}
    assert parse_gates("A=true,B=False") == {"A": True, "B": False}


@pytest.mark.parametrize("text", ["A", "A=", "A=1", "=true", "A=true B=false", "--x=true"])
def test_bad_gates(text: str) -> None:
    with pytest.raises(BadInput, match="not a feature gate"):
        parse_gates(text)


def test_flags() -> None:
    assert parse_flag("--audit-log-format=json") == ("audit-log-format", "json")
    assert parse_flag("x=a=b") == ("x", "a=b")


@pytest.mark.parametrize("text", ["", "--verbose", "=1", "--=1"])
def test_bad_flags(text: str) -> None:
    with pytest.raises(BadInput, match="not an API server flag"):
        parse_flag(text)


def test_the_record_of_a_cluster_may_outlive_the_files_it_was_given(tmp_path: Path) -> None:
    """Status and down work after somebody removed the manifests."""
    assert SandboxOptions(load=(tmp_path / "gone",)).load == (tmp_path / "gone",)


def test_files_have_to_exist_and_images_need_a_real_node(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nowhere does not exist"):
        require_files(SandboxOptions(load=(tmp_path / "nowhere",)))
    with pytest.raises(BadInput, match="image needs a node"):
        SandboxOptions(images=(tmp_path,))
    with pytest.raises(BadInput, match="not a URL"):
        SandboxOptions(audit_webhook="localhost:80")
    with pytest.raises(BadInput, match="not a name of an API server flag"):
        SandboxOptions(api_server_flags=(("a b", "c"),))


@pytest.mark.parametrize("flag", ["secure-port", "bind-address", "etcd-servers"])
def test_flags_by_which_the_sandbox_finds_its_own_server_are_refused(flag: str) -> None:
    with pytest.raises(BadInput, match=f"{flag} is the sandbox's own"):
        SandboxOptions(api_server_flags=((flag, "22222"),))
