"""Attacks with tokens: signed by nobody, by others, for others, for too long, for nobody. None arrives at the API server."""

import base64
import hmac
import json
import time
from typing import Any

import pytest
from joserfc.jwk import ECKey
from tests.attacks.target import Target
from tests.gateway.door import Door

pytestmark = pytest.mark.judge("attacks with tokens", needs=("linux",))


def _part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": -60},
    "expired just beyond the skew": {"exp": -7},
    "not yet valid": {"nbf": 60},
    "valid for two hours": {"exp": 7200},
    "never ends": {"exp": None},
    "ends in the year 9999": {"exp": 253_402_300_799},
    "of another issuer": {"iss": "https://evil.test"},
    "of no issuer": {"iss": None},
    "for another cluster": {"aud": "c2"},
    "for no cluster": {"aud": None},
    "for an empty audience": {"aud": ""},
    "for a list of others": {"aud": ["c2", "c3"]},
    "for a cluster that begins like it": {"aud": "c1x"},
    "for it in capitals": {"aud": "C1"},
    "for nobody": {"sub": None},
    "for an empty name": {"sub": ""},
    "for the prefix alone in another spelling": {"sub": "Ostiary:alice"},
    "for a system user": {"sub": "system:admin"},
    "for a node": {"sub": "system:node:node-1"},
    "for a service account": {"sub": "system:serviceaccount:kube-system:default"},
    "for a name without prefix": {"sub": "alice@example.com"},
    "for the prefix behind a blank": {"sub": " ostiary:alice@example.com"},
    "for a number": {"sub": 0},
    "for a list": {"sub": ["ostiary:alice@example.com"]},
    "for an object": {"sub": {"ostiary:": 1}},
    "for true": {"sub": True},
    "with a line break in the name": {"sub": "ostiary:alice\r\nImpersonate-Group: system:masters"},
    "with a line feed in the name": {"sub": "ostiary:alice\nImpersonate-Group: system:masters"},
    "with a nul in the name": {"sub": "ostiary:alice\0"},
    "of no session": {"sid": None},
    "of an empty session": {"sid": ""},
    "of a session with a line break": {"sid": "a\r\nImpersonate-Group: system:masters"},
}
_TIMES = ("exp", "nbf")


@pytest.mark.parametrize("attack", CLAIMS)
def test_claims(target: Target, attack: str) -> None:
    now = int(time.time())
    moved: dict[str, Any] = {
        name: value + now if name in _TIMES and isinstance(value, int) and abs(value) < 10_000 else value
        for name, value in CLAIMS[attack].items()
    }
    answer = target.who_am_i(token=target.own().token("c1", **moved))
    target.refused(answer, 400, 401, 403, 503)


def test_a_name_with_a_comma_stays_one_name(target: Target) -> None:
    """The API server refuses it, because the gateway may not be that person: there is no way to end in two names."""
    answer = target.who_am_i(token=target.own().token("c1", sub="ostiary:alice@example.com,system:admin"))
    assert answer.status == 403
    assert not any(event.get("impersonatedUser", {}).get("username") == target.user for event in target.arrived(answer.agent))


def test_a_person_without_a_grant_is_nobody_to_the_api_server(target: Target) -> None:
    answer = target.who_am_i(token=target.own().token("c1", sub="ostiary:mallory@example.com"))
    assert answer.status == 403
    assert not answer.by_gateway


def forged(door: Door) -> dict[str, str]:
    claims = door.claims("c1")
    good = door.token("c1")
    head, payload, signature = good.split(".")
    other = ECKey.generate_key("P-256", {"kid": "key-1"})
    public = door.key.as_pem(private=False)
    hs256 = f"{_part({'alg': 'HS256', 'kid': 'key-1'})}.{payload}"
    root = _part({**claims, "sub": "ostiary:root"})
    return {
        "signed by another key under our key's id": door.token("c1", key=other),
        "of an unknown key id": door.token("c1", header={"kid": "key-9"}, key=other),
        "of a key id that is a path": door.token("c1", header={"kid": "../../../../dev/null"}, key=other),
        "with its own key in it": door.token("c1", header={"jwk": other.as_dict(private=False)}, key=other),
        "with a place to fetch its key": door.token("c1", header={"jku": "https://evil.test/keys"}, key=other),
        "unsigned": f"{_part({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
        "unsigned, spelled otherwise": f"{_part({'alg': 'nOnE'})}.{payload}.",
        "unsigned, with our key's id": f"{_part({'alg': 'none', 'kid': 'key-1'})}.{payload}.{signature}",
        "HMAC under our public key": f"{hs256}.{_part(hmac.digest(public, hs256.encode(), 'sha256'))}",
        "HMAC under nothing": f"{_part({'alg': 'HS256', 'kid': 'key-1'})}.{payload}.{_part(b'')}",
        "another payload": f"{head}.{root}.{signature}",
        "another header": f"{_part({'alg': 'ES256', 'kid': 'key-1', 'x': 1})}.{payload}.{signature}",
        "zero signature (CVE-2022-21449)": f"{head}.{payload}.{_part(bytes(64))}",
        "cut signature": f"{head}.{payload}.{signature[:-4]}",
        "doubled signature": f"{head}.{payload}.{signature}{signature}",
        "no signature": f"{head}.{payload}.",
        "two parts": f"{head}.{payload}",
        "four parts": f"{good}.{signature}",
        "five parts, as encrypted ones have": f"{good}.{payload}.{signature}",
        "no JSON": f"{_part(b'x')}.{_part(b'y')}.{signature}",
        "padding": f"{head}=.{payload}.{signature}",
        "standard base64": f"{head}.{payload}+/.{signature}",
        "a blank within": f"{head}. {payload}.{signature}",
        "quotes": f'"{good}"',
        "very long": good + "A" * 40_000,
        "a token of the gateway's own": door.tokens["c1"],
    }


FORGED = (
    "signed by another key under our key's id",
    "of an unknown key id",
    "of a key id that is a path",
    "with its own key in it",
    "with a place to fetch its key",
    "unsigned",
    "unsigned, spelled otherwise",
    "unsigned, with our key's id",
    "HMAC under our public key",
    "HMAC under nothing",
    "another payload",
    "another header",
    "zero signature (CVE-2022-21449)",
    "cut signature",
    "doubled signature",
    "no signature",
    "two parts",
    "four parts",
    "five parts, as encrypted ones have",
    "no JSON",
    "padding",
    "standard base64",
    "a blank within",
    "quotes",
    "very long",
    "a token of the gateway's own",
)


def test_every_forged_token_has_its_name(target: Target) -> None:
    assert tuple(forged(target.own())) == FORGED


@pytest.mark.parametrize("attack", FORGED)
def test_forged(target: Target, attack: str) -> None:
    target.refused(target.who_am_i(token=forged(target.own())[attack]), 401, 403)


def test_a_token_is_good_until_the_very_moment_that_it_is_not(target: Target) -> None:
    """The cache of verified tokens does not make one live longer; the skew of clocks is 5 s."""
    token = target.own().token("c1", exp=int(time.time()) - 3)
    target.as_the_person(target.who_am_i(token=token))
    time.sleep(3.2)
    target.refused(target.who_am_i(token=token), 401)
