"""Credentials from a command."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ostiary.adapters.kubernetes.access import Access, ExecPlugin, Identity
from ostiary.adapters.kubernetes.credentials import Credentials
from ostiary.core.errors import BadInput, OstiaryError, Unreachable

V1 = "client.authentication.k8s.io/v1"
TOKEN = "t0ken-do-not-print"


def plugin(program: str, **more: Any) -> Access:
    made = ExecPlugin(sys.executable, ("-c", program), {"MARK": "x"}, **more)
    return Access(server="https://x", certificate_authority=b"pem", identity=Identity(plugin=made), origin="a test")


def printing(status: Any, version: str = V1, kind: str = "ExecCredential") -> str:
    return f"print({json.dumps(json.dumps({'apiVersion': version, 'kind': kind, 'status': status}))})"


async def test_a_token_is_shown_and_asked_for_once(tmp_path: Path) -> None:
    count = tmp_path / "count"
    program = f"open({str(count)!r}, 'a').write('x'); {printing({'token': TOKEN})}"
    credentials = Credentials(plugin(program))
    assert (await credentials.present()).authorization == f"Bearer {TOKEN}"
    assert TOKEN not in repr(await credentials.present())
    assert count.read_text() == "x"
    credentials.forget()
    await credentials.present()
    assert count.read_text() == "xx"


async def test_a_token_that_expires_is_asked_for_again(tmp_path: Path) -> None:
    count = tmp_path / "count"
    status = {"token": "a", "expirationTimestamp": "2020-01-01T00:00:00Z"}
    credentials = Credentials(plugin(f"open({str(count)!r}, 'a').write('x'); {printing(status)}"))
    await credentials.present()
    await credentials.present()
    assert count.read_text() == "xx"


async def test_a_certificate_is_shown() -> None:
    found = await Credentials(plugin(printing({"clientCertificateData": "C", "clientKeyData": "K"}))).present()
    assert (found.certificate, found.key, found.authorization) == (b"C", b"K", "")


async def test_the_plugin_is_told_about_the_cluster(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    program = f"import os; open({str(seen)!r}, 'w').write(os.environ['KUBERNETES_EXEC_INFO'] + os.environ['MARK']); {printing({'token': 'a'})}"
    await Credentials(plugin(program, cluster_info=True)).present()
    info = json.loads(seen.read_text()[:-1])
    assert info["apiVersion"] == V1
    assert info["spec"]["cluster"] == {
        "server": "https://x",
        "insecure-skip-tls-verify": False,
        "certificate-authority-data": "cGVt",
    }
    assert info["spec"]["interactive"] is False


@pytest.mark.parametrize(
    ("program", "error", "said"),
    [
        ("raise SystemExit(3)", Unreachable, "exit code 3"),
        (f"print('{TOKEN}')", BadInput, "did not print an ExecCredential"),
        (printing({}), BadInput, "neither a token nor a certificate"),
        (printing({"clientCertificateData": "C"}), BadInput, "neither a token nor a certificate"),
        (
            printing({"token": TOKEN}, version="client.authentication.k8s.io/v1beta1"),
            BadInput,
            "did not print an ExecCredential of",
        ),
        (printing({"token": TOKEN}, kind="Token"), BadInput, "did not print an ExecCredential of"),
    ],
)
async def test_a_plugin_that_does_not_answer_is_named_and_not_quoted(
    program: str, error: type[OstiaryError], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        await Credentials(plugin(program)).present()
    assert TOKEN not in str(caught.value)


async def test_a_plugin_that_is_not_there_gives_its_hint() -> None:
    access = Access(
        server="https://x", identity=Identity(plugin=ExecPlugin("no-such-plugin", install_hint="apt install it")), origin="x"
    )
    with pytest.raises(BadInput, match="apt install it"):
        await Credentials(access).present()


async def test_a_plugin_that_wants_a_terminal_is_not_run_without(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="wants a terminal"):
        await Credentials(plugin(printing({"token": "a"}), interactive_mode="Always")).present()
