"""How much one address may ask for, and how large a body may be: decided before anything is parsed, and before anybody is known.

Each source address has a bucket of ``burst`` requests that fills at ``rate`` a second; a request that was refused for want of a valid session costs ten, so
that guessing is slower than asking. A body is counted while it comes in: what a Content-Length says of itself is only believed when it is too much.
At most ``_ADDRESSES`` buckets are kept; when there are more, those go that were full again anyway.
"""

import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ostiary.server.api.problems import problem

_ADDRESSES = 50_000
_WRONG = 9  # what a refused sign-on costs besides its own one
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


@dataclass(slots=True)
class Buckets:
    """Buckets by source. ``clock`` counts seconds and never goes back."""

    rate: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, source: str, cost: float = 1.0) -> float:
        """Take from a bucket: 0 when it held enough, else the seconds until it will. What was not granted is not taken."""
        now = self.clock()
        level = self._level(source, now)
        if level < cost:
            return (cost - level) / self.rate
        self._levels[source] = (level - cost, now)
        return 0.0

    def charge(self, source: str, cost: float) -> None:
        """Take without asking, down to empty."""
        now = self.clock()
        self._levels[source] = (max(0.0, self._level(source, now) - cost), now)

    def _level(self, source: str, now: float) -> float:
        if len(self._levels) > _ADDRESSES:
            self._levels = {
                one: found for one, found in self._levels.items() if found[0] + (now - found[1]) * self.rate < self.burst
            }
        level, then = self._levels.get(source, (self.burst, now))
        return min(self.burst, level + (now - then) * self.rate)


class Limits:
    """ASGI middleware; outermost, so that what it refuses costs next to nothing."""

    def __init__(self, app: ASGIApp, *, buckets: Buckets, body_bytes: int) -> None:
        self._app = app
        self._buckets = buckets
        self._body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        source = (scope.get("client") or ("",))[0]
        wait = self._buckets.take(source)
        if wait:
            headers = {"Retry-After": str(int(wait) + 1)}
            await problem(429, "too many requests from this address", "slow down", headers=headers)(scope, receive, send)
            return
        body = _Body(receive, self._body_bytes)
        answer = _Answer(send, body, lambda: self._buckets.charge(source, _WRONG))
        if not body.announces_too_much(scope):
            await self._app(scope, body, answer)
        if body.too_much and not answer.started:
            refusal = problem(413, f"a request may have {self._body_bytes} bytes at most", "send less")
            await refusal(scope, receive, send)


@dataclass(slots=True)
class _Body:
    receive: Receive
    most: int
    seen: int = 0
    too_much: bool = False

    def announces_too_much(self, scope: Scope) -> bool:
        """Whether the request itself says that it is too large."""
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        self.too_much = any(value.isdigit() and int(value[:20]) > self.most for value in lengths)
        return self.too_much

    async def __call__(self) -> Message:
        """The next part; the client is gone, as far as the application knows, once it sent too much."""
        message = await self.receive()
        self.seen += len(message.get("body", b""))
        self.too_much = self.too_much or self.seen > self.most
        return {"type": "http.disconnect"} if self.too_much else message


@dataclass(slots=True)
class _Answer:
    send: Send
    body: _Body
    on_unauthenticated: Callable[[], None]
    started: bool = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        """Pass an answer on, with the headers that every one has; nothing of an answer to half a body."""
        if self.body.too_much and not self.started:
            return
        if message["type"] == "http.response.start":
            self.started = True
            if message["status"] == 401:
                self.on_unauthenticated()
            present = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(one for one in _HEADERS if one[0] not in present)]
        await self.send(message)
