"""The port where a browser comes back: only this sign-in's answer ends it, and nothing that comes in is repeated unseen."""

import threading
import urllib.error
import urllib.request

import pytest

from ostiary.cli.loopback import CameBack, Loopback
from ostiary.core.errors import Refused, Unreachable


def visit(uri: str) -> int:
    try:
        with urllib.request.urlopen(uri, timeout=10) as answer:
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


class Waiting(threading.Thread):
    """Somebody who waits for the browser."""

    def __init__(self, port: Loopback) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.came: CameBack | Exception | None = None

    def run(self) -> None:
        try:
            self.came = self.port.wait("state", 20)
        except (Refused, Unreachable) as error:
            self.came = error

    def end(self) -> CameBack | Exception | None:
        self.join(20)
        return self.came


def test_the_answer_of_this_sign_in_ends_it() -> None:
    with Loopback() as port:
        waiting = Waiting(port)
        waiting.start()
        assert visit(f"{port.uri}?code=c&state=state&iss=https%3A%2F%2Fi") == 200
        assert waiting.end() == CameBack("c", "https://i")


@pytest.mark.parametrize(
    "query", ["", "?code=c", "?code=c&state=other", "?state=state", "?error=x&state=", "?code=c&state=state&state=state"]
)
def test_anything_else_is_passed_over(query: str) -> None:
    with Loopback() as port:
        waiting = Waiting(port)
        waiting.start()
        assert visit(port.uri + query) == 404
        assert visit(port.uri.replace("/callback", "/other") + "?code=c&state=state") == 404
        assert visit(f"{port.uri}?code=real&state=state") == 200
        assert waiting.end() == CameBack("real", None)


def test_an_error_of_the_provider_is_told_in_printable_words() -> None:
    with Loopback() as port:
        waiting = Waiting(port)
        waiting.start()
        visit(f"{port.uri}?state=state&error=access_denied&error_description=no%1b%5B31m+entry")
        error = waiting.end()
        assert isinstance(error, Refused)
        assert error.happened == "the provider did not sign you in: access_denied (no[31m entry)"


def test_nobody_comes() -> None:
    with Loopback() as port, pytest.raises(Unreachable, match="nobody signed in"):
        port.wait("state", 0.0)


def test_it_listens_on_this_machine_alone() -> None:
    with Loopback() as port:
        assert port.uri.startswith("http://127.0.0.1:")
