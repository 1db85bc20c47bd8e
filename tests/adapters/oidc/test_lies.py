"""A provider that lies, or that somebody lies for: each lie is refused, with what was wrong and what to do, and without the token."""

import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from tests.adapters.oidc.liar import CLIENT, Claims, Liar, unsigned

from ostiary.adapters.oidc import DeviceCode, Identity, Pending, RelyingParty
from ostiary.core.errors import BadInput, Refused, Unreachable

BACK = "http://127.0.0.1:1/callback"


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    async with Liar() as found:
        yield found


async def signed_in(liar: Liar, party: RelyingParty | None = None, **changes: Any) -> Identity:
    party = party or RelyingParty(liar.settings())
    url = await party.authorize_url(redirect_uri=BACK, state="s", nonce="n", verifier="v" * 43)
    fields: dict[str, Any] = {"redirect_uri": BACK, "nonce": "n", "verifier": "v" * 43, "returned_issuer": None}
    return await party.exchange(**{"code": liar.browser(url), "now": datetime.now(UTC), **fields, **changes})


async def test_an_honest_provider_is_believed(liar: Liar) -> None:
    liar.userinfo = {"sub": "s1", "groups": ["dev"], "email": "forged@userinfo"}
    claims = (await signed_in(liar)).claims
    assert claims["groups"] == ["dev"]
    assert claims["email"] == "alice@example.com", "what is signed counts before what is not"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", RSAKey.generate_key(2048, {"kid": "r"})), ("ES256", ECKey.generate_key("P-256", {"kid": "e"}))],
)
async def test_usual_algorithms_are_known(liar: Liar, algorithm: str, key: RSAKey | ECKey) -> None:
    liar.algorithm, liar.key = algorithm, key
    assert (await signed_in(liar)).claims["sub"] == "s1"


def changed(**fields: Any) -> Callable[[Claims], Claims]:
    return lambda claims: {name: value for name, value in {**claims, **fields}.items() if value is not None}


CLAIMS = {
    "another issuer": (changed(iss="https://evil.example"), "another issuer, 'https://evil.example'"),
    "an issuer with a slash": (lambda c: {**c, "iss": c["iss"] + "/"}, "another issuer"),
    "no issuer": (changed(iss=None), "another issuer, 'None'"),
    "another audience": (changed(aud="somebody"), "for somebody else, 'somebody'"),
    "no audience": (changed(aud=None), "for somebody else"),
    "several audiences, nobody's": (changed(aud=[CLIENT, "other"]), "given to another client"),
    "another authorized party": (changed(azp="other"), "given to another client, 'other'"),
    "expired": (changed(exp=1), "has expired"),
    "no end": (changed(exp=None), "does not say when"),
    "an end that is no number": (changed(exp="tomorrow"), "does not say when"),
    "an end beyond time": (changed(exp=1e300), "does not say when"),
    "from the future": (lambda c: {**c, "iat": c["iat"] + 3600}, "from the future"),
    "not yet valid": (lambda c: {**c, "nbf": c["iat"] + 3600}, "from the future"),
    "no beginning": (changed(iat=None), "does not say when"),
    "no nonce": (changed(nonce=None), "without the nonce"),
    "another nonce": (changed(nonce="other"), "of another sign-in"),
    "a nonce that is no text": (changed(nonce=["n"]), "without the nonce"),
    "no subject": (changed(sub=None), "names nobody"),
    "an empty subject": (changed(sub=""), "names nobody"),
    "a subject that is too long": (changed(sub="s" * 256), "names nobody"),
}


@pytest.mark.parametrize("lie", CLAIMS)
async def test_a_lie_in_a_claim_is_refused(liar: Liar, lie: str) -> None:
    liar.about_claims, said = CLAIMS[lie]
    with pytest.raises(Refused) as refused:
        await signed_in(liar)
    assert said in refused.value.happened
    assert "nobody was signed in" in refused.value.todo


def by_stranger(_: str, claims: Claims) -> str:
    return jwt.encode({"alg": "ES256", "kid": "one"}, claims, ECKey.generate_key("P-256"), algorithms=["ES256"])


def by_short_secret(_: str, claims: Claims) -> str:
    return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key("0" * 32), algorithms=["HS256"])


def no_signature(token: str, _: Claims) -> str:
    return token.rpartition(".")[0] + "."


def cut(token: str, _: Claims) -> str:
    return token[:-4]


def body_swapped(token: str, claims: Claims) -> str:
    head, _, tail = token.split(".")
    return f"{head}.{unsigned({**claims, 'email': 'root@example.com'}).split('.')[1]}.{tail}"


TOKENS: dict[str, tuple[Callable[[str, Claims], str], str]] = {
    "alg none": (lambda _, claims: unsigned(claims), "signed by 'none'"),
    "HS256 by a secret": (by_short_secret, "signed by 'HS256'"),
    "a stranger's key under a known id": (by_stranger, "signature is not the provider's"),
    "no signature under a good algorithm": (no_signature, "no signed ID token|signature is not the provider's"),
    "a signature that was cut": (cut, "signature is not the provider's|no signed ID token"),
    "another body under the signature": (body_swapped, "signature is not the provider's"),
    "no token at all": (lambda *_: "", "gave no ID token"),
    "garbage": (lambda *_: "a.b.c", "no signed ID token"),
    "five parts, encrypted": (lambda *_: "a.b.c.d.e", "no signed ID token"),
    "too long": (lambda *_: "a" * 600_000, "too long"),
}


@pytest.mark.parametrize("lie", TOKENS)
async def test_a_token_that_proves_nothing_is_refused(liar: Liar, lie: str) -> None:
    liar.about_token, said = TOKENS[lie]
    with pytest.raises(Refused, match=said) as refused:
        await signed_in(liar)
    assert "eyJ" not in str(refused.value), "a token is in the message"


@pytest.mark.parametrize("key", [RSAKey.generate_key(2048, {"kid": "one"}), ECKey.generate_key("P-256", {"kid": "one"})])
async def test_the_public_key_as_a_secret_is_refused(liar: Liar, key: RSAKey | ECKey) -> None:
    liar.key, liar.algorithm = key, "RS256" if isinstance(key, RSAKey) else "ES256"
    liar.about_token = lambda _, claims: liar.by_public_key(claims)
    with pytest.raises(Refused, match="signed by 'HS256'"):
        await signed_in(liar)


@pytest.mark.parametrize(
    "keys",
    [
        {"keys": []},
        {"keys": "none"},
        {},
        {"keys": [{"kty": "oct", "k": "AAAA", "kid": "one"}]},
        {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "one"}, 7, {"kty": "EC"}]},
    ],
)
async def test_keys_that_verify_nothing_are_none(liar: Liar, keys: Claims) -> None:
    liar.about_keys = lambda _: keys
    with pytest.raises(Refused, match="by a key that it does not publish"):
        await signed_in(liar)


async def test_an_encryption_key_verifies_nothing(liar: Liar) -> None:
    liar.about_keys = lambda said: {"keys": [{**one, "use": "enc"} for one in said["keys"]]}
    with pytest.raises(Refused, match="does not publish"):
        await signed_in(liar)


ITSELF = {
    "another issuer": (changed(issuer="https://evil.example"), "it calls itself 'https://evil.example'"),
    "no token endpoint": (changed(token_endpoint=None), "names no token_endpoint"),
    "a token endpoint in the clear": (changed(token_endpoint="http://evil.example/token"), "is not https"),
    "an endpoint that is no URL": (changed(jwks_uri="https://[::1"), "is no URL"),
    "a file": (changed(jwks_uri="file:///etc/passwd"), "is no URL|is not https"),
    "no PKCE": (changed(code_challenge_methods_supported=["plain"]), "cannot do PKCE"),
    "words of the wrong kind": (changed(token_endpoint=7), "cannot be read"),
}


@pytest.mark.parametrize("lie", ITSELF)
async def test_a_lie_about_itself_is_refused(liar: Liar, lie: str) -> None:
    liar.about_itself, said = ITSELF[lie]
    with pytest.raises(Refused, match=said):
        await signed_in(liar)


async def test_a_provider_that_is_down_is_unreachable(liar: Liar) -> None:
    party = RelyingParty(liar.settings())
    await liar.down()
    with pytest.raises(Unreachable, match="does not answer") as unreachable:
        await signed_in(liar, party)
    assert "who is signed in stays so" in unreachable.value.todo


async def test_a_redirect_is_not_followed(liar: Liar) -> None:
    liar.redirect = True
    with pytest.raises(Unreachable, match="a redirect, which is not followed"):
        await signed_in(liar)
    assert liar.asked == ["metadata"]


async def test_an_answer_without_end_is_cut(liar: Liar) -> None:
    liar.about_itself = lambda says: {**says, "x": "y" * (5 << 20)}
    with pytest.raises(Unreachable, match="more than 4 MiB"):
        await signed_in(liar)


async def test_two_people_in_one_sign_in_are_refused(liar: Liar) -> None:
    liar.userinfo = {"sub": "somebody else", "groups": ["admins"]}
    with pytest.raises(Refused, match="speaks of two people"):
        await signed_in(liar)


async def test_a_code_counts_once(liar: Liar) -> None:
    party = RelyingParty(liar.settings())
    url = await party.authorize_url(redirect_uri=BACK, state="s", nonce="n", verifier="v" * 43)
    code = liar.browser(url)
    await signed_in(liar, party, code=code)
    with pytest.raises(Refused, match="used already"):
        await signed_in(liar, party, code=code)


async def test_a_stolen_code_is_worth_nothing_without_the_verifier(liar: Liar) -> None:
    with pytest.raises(Refused, match="used already, or it took too long"):
        await signed_in(liar, verifier="w" * 43)


async def test_an_answer_of_another_provider_is_refused(liar: Liar) -> None:
    with pytest.raises(Refused, match="did not come from corp"):
        await signed_in(liar, returned_issuer="https://evil.example")


async def test_a_provider_that_promises_to_name_itself_has_to(liar: Liar) -> None:
    liar.about_itself = changed(authorization_response_iss_parameter_supported=True)
    with pytest.raises(Refused, match="did not come from corp"):
        await signed_in(liar)
    assert (await signed_in(liar, returned_issuer=liar.issuer)).claims["sub"] == "s1"


async def test_a_provider_may_rotate_its_keys(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostiary.adapters.oidc.relying_party.CALM", -1.0)
    party = RelyingParty(liar.settings())
    await signed_in(liar, party)
    liar.key = ECKey.generate_key("P-256", {"kid": "two"})
    assert (await signed_in(liar, party)).claims["sub"] == "s1"
    assert liar.asked.count("keys") == 2


async def test_unknown_keys_do_not_make_it_hammer_the_provider(liar: Liar) -> None:
    party = RelyingParty(liar.settings())
    await signed_in(liar, party)
    liar.key = ECKey.generate_key("P-256", {"kid": "two"})
    liar.about_keys = lambda _: {"keys": []}
    for _ in range(20):
        with pytest.raises(Refused, match="does not publish"):
            await signed_in(liar, party)
    assert liar.asked.count("keys") == 1, "within the calm the provider is not asked again"


async def test_clocks_may_differ_by_a_minute_and_not_more(liar: Liar) -> None:
    liar.about_claims = lambda claims: {**claims, "iat": claims["iat"] + 50, "exp": claims["exp"] + 50}
    assert (await signed_in(liar)).claims["sub"] == "s1"
    liar.about_claims = lambda claims: {**claims, "exp": int(time.time()) - 50}
    assert (await signed_in(liar)).claims["sub"] == "s1"
    liar.about_claims = lambda claims: {**claims, "exp": int(time.time()) - 70}
    with pytest.raises(Refused, match="has expired"):
        await signed_in(liar)


async def test_five_hundred_long_groups_come_through(liar: Liar) -> None:
    liar.person["groups"] = [f"cn=team-{number:04d},ou=groups,dc=example,dc=com" + "x" * 150 for number in range(500)]
    assert len((await signed_in(liar)).claims["groups"]) == 500


async def test_the_device_grant_waits_as_long_as_it_is_told(liar: Liar) -> None:
    liar.device_says = ["authorization_pending", "slow_down", "yes"]
    party = RelyingParty(liar.settings())
    code = await party.device_start("v" * 43)
    assert (code.user_code, code.interval) == ("ABCD-EFGH", 1)
    now = datetime.now(UTC)
    assert await party.device_poll(code, "v" * 43, now) == Pending(1)
    assert await party.device_poll(code, "v" * 43, now) == Pending(6)
    assert isinstance(await party.device_poll(code, "v" * 43, now), Identity)


@pytest.mark.parametrize(
    ("says", "why"), [("access_denied", "declined"), ("expired_token", "too long"), ("invalid_client", "does not know")]
)
async def test_a_device_code_that_came_to_nothing(liar: Liar, says: str, why: str) -> None:
    liar.device_says = [says]
    with pytest.raises(Refused, match=why):
        await RelyingParty(liar.settings()).device_poll(DeviceCode("d", "", "", "", 60, 1), "v" * 43, datetime.now(UTC))


async def test_a_provider_without_device_codes(liar: Liar) -> None:
    liar.about_itself = changed(device_authorization_endpoint=None)
    with pytest.raises(Refused, match="has no device sign-in"):
        await RelyingParty(liar.settings()).device_start("v" * 43)


@pytest.mark.parametrize(
    ("issuer", "why"),
    [
        ("http://sso.example.com", "is not https"),
        ("sso.example.com", "is no URL"),
        ("https://u:p@sso.example.com", "is no URL"),
        ("", "no URL"),
    ],
)
def test_an_issuer_that_secrets_must_not_be_sent_to(liar: Liar, issuer: str, why: str) -> None:
    from ostiary.adapters.oidc import OidcSettings

    with pytest.raises(BadInput, match=why):
        OidcSettings(name="corp", issuer=issuer, client_id=CLIENT).checked()


def test_no_secret_is_in_a_repr() -> None:
    from ostiary.adapters.oidc import OidcSettings

    settings = OidcSettings(name="corp", issuer="https://i", client_id="c", client_secret="hush")
    assert "hush" not in repr(settings) + json.dumps([str(settings)])
