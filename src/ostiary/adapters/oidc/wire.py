"""Requests to a provider: short, bounded, never redirected, JSON or nothing.

A redirect is not followed, since a request may carry the client's secret; an answer of more than ``MOST`` bytes is no answer.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import msgspec

from ostiary.adapters.oidc.settings import OidcSettings
from ostiary.core.errors import BadInput, Unreachable

MOST: Final = 4 << 20
_TIMES: Final = aiohttp.ClientTimeout(total=15, connect=5)


@dataclass(frozen=True, slots=True)
class Said:
    """A provider's answer: a JSON object, whatever its status."""

    status: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return self.status == 200

    def text(self, key: str) -> str:
        """A string of the object; empty when it is none."""
        value = self.body.get(key)
        return value if isinstance(value, str) else ""


class Wire:
    """The way to one provider."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._tls = _context(settings)

    async def get(self, url: str, *, bearer: str = "") -> Said:
        """GET a JSON object."""
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        return await self._send("GET", url, headers, None)

    async def post(self, url: str, form: Mapping[str, str], *, basic: tuple[str, str] | None = None) -> Said:
        """POST a form. ``basic`` is percent-encoded as RFC 6749 section 2.3.1 asks for."""
        headers = {"Accept": "application/json"}
        if basic:
            headers["Authorization"] = aiohttp.encode_basic_auth(*basic)
        return await self._send("POST", url, headers, form)

    async def _send(self, method: str, url: str, headers: dict[str, str], form: Mapping[str, str] | None) -> Said:
        name = self._settings.name
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMES, connector=aiohttp.TCPConnector(ssl=self._tls)) as session,
                session.request(method, url, headers=headers, data=form, allow_redirects=False) as answer,
            ):
                data = await answer.content.read(MOST + 1)
                while len(data) <= MOST and (more := await answer.content.read(MOST + 1)):
                    data += more
                return Said(answer.status, _object(name, url, answer.status, data))
        except aiohttp.ClientConnectorCertificateError:
            why = "its certificate is not trusted"
        except TimeoutError:
            why = "no answer in time"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            why = type(error).__name__
        raise Unreachable(
            f"the sign-on provider {name} does not answer at {url.partition('?')[0]}: {why}",
            todo="nobody was signed in; who is signed in stays so. An emergency: ostiary break-glass",
        )


def _object(name: str, url: str, status: int, data: bytes) -> dict[str, Any]:
    where = f"the sign-on provider {name} answered {url.partition('?')[0]} with {status}"
    if len(data) > MOST:
        raise Unreachable(f"{where} and more than {MOST >> 20} MiB", todo="is it the provider?")
    if 300 <= status < 400:
        raise Unreachable(f"{where}, a redirect, which is not followed", todo="configure the issuer's final address")
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unreachable(f"{where} and no JSON object", todo="is the issuer right, and the provider up?") from None


def _context(settings: OidcSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.certificate_authority:
        try:
            context.load_verify_locations(cadata=settings.certificate_authority)
        except ssl.SSLError:
            raise BadInput(
                f"sign-on {settings.name}: certificate_authority holds no certificate", todo="give it as PEM"
            ) from None
    return context
