"""Configuration: a flag wins over the environment, that over the file, that over the default; nothing unknown is passed over; no secret is shown."""

from pathlib import Path

import pytest

from ostiary.core.errors import BadInput
from ostiary.server.config import read, shown, variable

FILE = """database: postgresql://ostiary:hunter2@db/ostiary
api:
  port: 9001
  names: [access.example.com]
gateway: {domain: access.example.com}
sign_on:
  providers:
    - oidc: {name: corp, issuer: "https://sso.example.com", client_id: ostiary, client_secret: s3cret}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "server.yaml"
    path.write_text(FILE)
    return path


def test_what_wins_and_where_it_comes_from(file: Path) -> None:
    environment = {
        "OSTIARY_SERVER_API_PORT": "9002",
        "OSTIARY_SERVER_GATEWAY_DOMAIN": "b.example.com",
        "OSTIARY_STATE": "/elsewhere",
    }
    found = read(file, environment, {"gateway.domain": "c.example.com", "gateway.workers": "2"})
    assert (found.settings.api.port, found.settings.gateway.domain, found.settings.gateway.workers) == (
        9002,
        "c.example.com",
        2,
    )
    assert found.origins["api.port"] == "environment OSTIARY_SERVER_API_PORT"
    assert found.origins["gateway.domain"] == found.origins["gateway.workers"] == "flag"
    assert found.origins["api.names"] == f"{file}:4"
    assert found.origins["gateway.address"] == "default"
    assert shown(found).keys() == found.origins.keys()


def test_no_secret_is_shown(file: Path) -> None:
    found = read(file, {}, {})
    assert "hunter2" in found.settings.database
    for secret in ("hunter2", "s3cret"):
        assert secret not in str(shown(found))


def test_a_password_in_a_flag_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadInput, match="flag") as error:
        read(None, {}, {"database": "postgresql://u:hunter2@db/x"})
    assert "hunter2" not in str(error.value)
    assert read(None, {}, {"database": "postgresql://u@db/x"}).settings.database


def test_unknown_keys_are_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("api:\n  prot: 1\nfoo: 2\n")
    with pytest.raises(BadInput, match=r"x.yaml:2: unknown key `prot`; did you mean `port`\?\n.*x.yaml:3"):
        read(path, {}, {})
    with pytest.raises(BadInput, match="did you mean OSTIARY_SERVER_API_PORT"):
        read(None, {"OSTIARY_SERVER_API_PROT": "1"}, {})
    with pytest.raises(BadInput, match=r"did you mean api\.port"):
        read(None, {}, {"api.prot": "1"})


@pytest.mark.parametrize("flags", [
    {"api.port": "0"}, {"api.port": "70000"}, {"api.port": "x"}, {"api.port": "8443"}, {"gateway.domain": "no"}, {"gateway.domain": "A.b"},
    {"sign_on.session": "soon"}, {"sign_on.session": "1m"}, {"sign_on.algorithm": "none"}, {"sign_on.algorithm": "HS256"},
    {"api.origin": "http://x"}, {"api.burst": "0"}, {"api.requests_per_second": "0"}, {"sign_on.providers": "x"}, {"gateway.enabled": "maybe"},
])  # fmt: skip
def test_what_cannot_be_meant(flags: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        read(None, {}, flags)


@pytest.mark.parametrize("text", ["- a", "a: [", "\x00", "api: 3"])
def test_files_that_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(BadInput):
        read(path, {}, {})


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("# nothing\n")
    assert set(read(path, {}, {}).origins.values()) == {"default"}


def test_every_setting_has_a_variable_of_its_own() -> None:
    names = [variable(key) for key in read(None, {}, {}).origins]
    assert len(set(names)) == len(names)
