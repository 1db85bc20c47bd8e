"""A provider of our own for tests: honest until a test lets it lie about one thing.

It is no judge of interoperability, which Dex and Keycloak are; it says what they never would.
"""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from ostiary.adapters.oidc import OidcSettings

CLIENT = "ostiary"
Claims = dict[str, Any]


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(claims: Claims) -> str:
    """A token by nobody: alg none."""
    return f"{_b64(json.dumps({'alg': 'none'}).encode())}.{_b64(json.dumps(claims).encode())}."


@dataclass
class Liar:
    """What it says, and the lies: each a function over what would be said."""

    key: ECKey | RSAKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}))
    algorithm: str = "ES256"
    about_claims: Callable[[Claims], Claims] = lambda claims: claims
    about_itself: Callable[[Claims], Claims] = lambda metadata: metadata
    about_keys: Callable[[Claims], Claims] = lambda keys: keys
    about_token: Callable[[str, Claims], str] = lambda token, claims: token
    userinfo: Claims = field(default_factory=lambda: {"sub": "s1"})
    person: Claims = field(default_factory=lambda: {"sub": "s1", "email": "alice@example.com", "email_verified": True})
    device_says: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    redirect: bool = False
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _runner: web.AppRunner | None = None
    issuer: str = ""

    async def __aenter__(self) -> "Liar":
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._metadata)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        app.router.add_post("/device", self._device)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        listening = socket.create_server(("127.0.0.1", 0))
        self.issuer = f"http://127.0.0.1:{listening.getsockname()[1]}"
        await web.SockSite(self._runner, listening).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def down(self) -> None:
        """Stop answering."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def settings(self, **more: Any) -> OidcSettings:
        """How ostiary is told of it."""
        return OidcSettings(name="corp", issuer=self.issuer, client_id=CLIENT, **more)

    def browser(self, url: str) -> str:
        """What a person does in a browser: answers the code that it would come back with."""
        said = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"code-{len(self._codes)}"
        self._codes[code] = said
        return code

    async def _metadata(self, _: web.Request) -> web.StreamResponse:
        self.asked.append("metadata")
        if self.redirect:
            raise web.HTTPFound(f"{self.issuer}/keys")
        says = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "device_authorization_endpoint": f"{self.issuer}/device",
            "code_challenge_methods_supported": ["S256"],
        }
        return web.json_response(self.about_itself(says))

    async def _keys(self, _: web.Request) -> web.StreamResponse:
        self.asked.append("keys")
        return web.json_response(self.about_keys({"keys": [self.key.as_dict(private=False)]}))

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = dict(await request.post())
        self.asked.append(str(form["grant_type"]))
        if form["grant_type"] != "authorization_code":
            says = self.device_says.pop(0)
            return self._tokens(None) if says == "yes" else web.json_response({"error": says}, status=400)
        began = self._codes.pop(str(form["code"]), None)
        challenge = _b64(hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest())
        if began is None or challenge != began["code_challenge"] or form["redirect_uri"] != began["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return self._tokens(began["nonce"])

    def _tokens(self, nonce: str | None) -> web.Response:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "exp": now + 300, "iat": now, **self.person}
        if nonce:
            claims["nonce"] = nonce
        claims = self.about_claims(claims)
        header = {"alg": self.algorithm, "kid": self.key.kid}
        token = self.about_token(jwt.encode(header, claims, self.key, algorithms=[self.algorithm]), claims)
        return web.json_response({"id_token": token, "access_token": "a", "token_type": "Bearer"})

    async def _userinfo(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(self.userinfo)

    async def _device(self, _: web.Request) -> web.StreamResponse:
        says = {
            "device_code": "d",
            "user_code": "ABCD-EFGH",
            "verification_uri": f"{self.issuer}/go",
            "expires_in": 600,
            "interval": 1,
        }
        return web.json_response(says)

    def by_public_key(self, claims: Claims) -> str:
        """A token that takes the public key, which everybody has, for an HMAC secret: the confusion of RS256 and HS256."""
        signed = f"{_b64(json.dumps({'alg': 'HS256', 'kid': self.key.kid}).encode())}.{_b64(json.dumps(claims).encode())}"
        pem = self.key.as_pem(private=False)
        return f"{signed}.{_b64(hmac.new(pem, signed.encode(), hashlib.sha256).digest())}"
