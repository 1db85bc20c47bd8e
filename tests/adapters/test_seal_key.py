"""The key under which possible secrets are digested."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ostiary.adapters.seal_key import config_directory, key_id, seal_key
from ostiary.core.errors import BadInput, Unreachable


def test_it_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    environment = {"OSTIARY_CONFIG": str(tmp_path / "deep" / "er")}
    first = seal_key(environment)
    assert len(first) == 32
    assert seal_key(environment) == first
    path = tmp_path / "deep" / "er" / "seal.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["seal.key"]
    assert seal_key({"OSTIARY_CONFIG": str(tmp_path / "other")}) != first


def test_processes_that_make_it_at_once_agree(tmp_path: Path) -> None:
    program = "from ostiary.adapters.seal_key import seal_key; print(seal_key().hex())"
    environment = {"OSTIARY_CONFIG": str(tmp_path), "PATH": ""}
    started = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    assert len({process.communicate()[0] for process in started}) == 1
    assert all(process.returncode == 0 for process in started)


def test_a_key_that_is_none_is_an_error_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "seal.key").write_bytes(b"short")
    with pytest.raises(BadInput, match="is not a seal key") as caught:
        seal_key({"OSTIARY_CONFIG": str(tmp_path)})
    assert "short" not in str(caught.value)
    assert (tmp_path / "seal.key").read_bytes() == b"short"


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unreachable, match="OSTIARY_CONFIG"):
        seal_key({"OSTIARY_CONFIG": str(tmp_path / "file" / "below")})


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"OSTIARY_CONFIG": "/a", "XDG_CONFIG_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CONFIG_HOME": "/b", "HOME": "/c"}, "/b/ostiary"),
        ({"HOME": "/c"}, "/c/.config/ostiary"),
    ],
)
def test_where_it_is(environment: dict[str, str], place: str) -> None:
    assert config_directory(environment) == Path(place)


def test_the_name_of_a_key_tells_keys_apart_and_nothing_else() -> None:
    assert key_id(bytes(32)) == key_id(bytes(32)) != key_id(b"1" * 32)
    assert key_id(b"k" * 32) not in (b"k" * 32).hex()
