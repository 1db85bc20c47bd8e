"""Where a browser may be sent back to: a port of the very machine that it runs on, and nowhere else. Source: RFC 8252 section 7.3.

>>> loopback("http://127.0.0.1:40123/callback"), loopback("http://127.0.0.1.example.com:1/callback")
(True, False)
"""

import re
from typing import Final
from urllib.parse import urlencode

_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|\[::1\]):([1-9][0-9]{0,4})/callback")


def loopback(uri: str) -> bool:
    """Whether a redirect URI is one that a command on the same machine listens at."""
    match = _LOOPBACK.fullmatch(uri)
    return match is not None and int(match[2]) < 65536


def sent_back(redirect_uri: str, *, code: str, state: str) -> str:
    """The address that hands a code to the command."""
    return f"{redirect_uri}?{urlencode({'code': code, 'state': state})}"


def listening(redirect_uri: str) -> str:
    """Its origin, as a content security policy names it."""
    return redirect_uri.removesuffix("/callback")
