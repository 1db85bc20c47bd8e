"""What the commands about clusters and break-glass refuse before they do anything."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ostiary.cli.main import app
from ostiary.core.errors import BadInput, OstiaryError, Refused

CA = "certificate-authority-data: eA==, "  # base64 of "x"
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with nobody signed in; the error that it raises is raised here."""
    monkeypatch.setenv("OSTIARY_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path / "state"))

    def running(*words: str, stdin: str = "") -> str:
        done = CliRunner().invoke(app, list(words), input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return running


def kubeconfig(directory: Path, cluster: str) -> str:
    path = directory / "kubeconfig"
    path.write_text(
        "kind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
        f"users: [{{name: u, user: {{token: t}}}}]\nclusters: [{{name: c, cluster: {{{cluster}}}}}]\n"
    )
    return str(path)


@pytest.mark.parametrize(
    ("cluster", "says"),
    [
        ("server: 'http://127.0.0.1:1'", "not reached by TLS"),
        ("server: 'https://127.0.0.1:1', insecure-skip-tls-verify: true", "is not checked"),
        ("server: 'https://127.0.0.1:1'", "names no certificate authority"),
        (f"{CA}server: 'https://127.0.0.1:1', proxy-url: 'http://proxy:3128'", "through a proxy"),
    ],
)
def test_an_address_that_the_gateway_could_not_use_safely_is_refused(run: Run, tmp_path: Path, cluster: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        run("cluster", "add", "prod", "--kubeconfig", kubeconfig(tmp_path, cluster))


@pytest.mark.parametrize(
    "words",
    [
        ("cluster", "add", "prod", "--yes"),
        ("cluster", "renew", "prod"),
        ("cluster", "remove", "prod"),
        ("cluster", "list"),
        ("break-glass", "enrol"),
        ("break-glass", "list"),
        ("break-glass", "forget", "ann"),
    ],
)
def test_nobody_signed_in_is_said_before_anything_is_touched(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    needs = words[0] == "cluster" and words[1] in ("add", "renew")
    more = ("--kubeconfig", kubeconfig(tmp_path, f"{CA}server: 'https://127.0.0.1:1'")) if needs else ()
    with pytest.raises(Refused, match="nobody is signed in"):
        run(*words, *more)


def test_a_passphrase_is_asked_for_at_a_terminal_or_given_with_a_name(run: Run) -> None:
    opening = ("break-glass", "open", "--cluster", "prod", "--reason", "x", "--server", "https://127.0.0.1:1")
    with pytest.raises(BadInput, match="no terminal"):
        run(*opening)
    with pytest.raises(BadInput, match="whose passphrase"):
        run(*opening, "--passphrase-stdin", stdin="word\n")
    with pytest.raises(Refused, match="no passphrase"):
        run(*opening, "--passphrase-stdin", "--person", "ann", stdin="\n")
    with pytest.raises(OstiaryError, match="does not answer") as error:
        run(*opening, "--passphrase-stdin", "--person", "ann", stdin="word-word\n")
    assert "word-word" not in str(error.value)


def test_behind_is_about_access(run: Run, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m/a.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    with pytest.raises(BadInput, match="--behind is about grants"):
        run("prove", "pods", str(tmp_path / "m"), "--behind", "prod")
    with pytest.raises(BadInput, match="not behind a gateway"):
        run("prove", "access", str(tmp_path / "m"))
