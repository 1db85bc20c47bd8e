"""What the command line makes of a control plane's answers: each becomes an error with what to do, and none quotes a secret."""

import pytest

from ostiary.cli.control_plane import ControlPlane, _error, anonymous
from ostiary.core.errors import BadInput, OstiaryError, Refused, Unreachable

PROBLEM = b'{"title": "T", "detail": "what happened", "todo": "what to do"}'


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadInput), (401, Refused), (403, Refused), (404, BadInput), (409, Refused), (413, BadInput), (422, BadInput), (429, Unreachable),
        (500, Unreachable), (503, Unreachable), (302, BadInput),
    ],
)  # fmt: skip
def test_a_problem_becomes_an_error(status: int, kind: type[OstiaryError]) -> None:
    error = _error("GET", "/v1/x", status, PROBLEM)
    assert type(error) is kind
    assert (error.happened, error.todo) == ("what happened", "what to do")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"7", b"\xff", b'{"detail": 7}', b"[" * 100_000])
def test_an_answer_that_is_no_problem_names_the_request_without_its_query(body: bytes) -> None:
    error = _error("GET", "/v1/x?secret=hush", 502, body)
    assert error.happened == "the control plane answered GET /v1/x with 502"


def test_who_is_not_signed_in_is_told_how() -> None:
    assert "ostiary login" in _error("GET", "/v1/x", 401, b"").todo


@pytest.mark.parametrize(
    "server",
    [
        "http://h:1",
        "h:1",
        "",
        "https://",
        "https://u:p@h",
        "https://h?x",
        "https://h#x",
        "ftp://h",
        "https://[::1",
        "https://h:99999",
        "https://h:x",
        "https://h:0",
    ],
)
def test_what_is_no_address_of_a_control_plane(server: str) -> None:
    with pytest.raises(BadInput, match="no address of a control plane"):
        anonymous(server)


def test_nobody_answers() -> None:
    with pytest.raises(Unreachable, match=r"https://127\.0\.0\.1:9 does not answer"):
        anonymous("https://127.0.0.1:9").get("/v1/x")


def test_an_authority_that_is_none() -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        anonymous("https://127.0.0.1:9", "no certificate").get("/v1/x")


def test_no_repr_shows_the_secret() -> None:
    assert "hush" not in repr(ControlPlane("https://h", "", "hush"))
