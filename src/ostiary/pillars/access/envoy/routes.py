"""The grammar as Envoy's routes, for one cluster: what passes, over which connection, and what the gateway answers by itself.

The order decides. Paths that are not known come first; then the three streams of pods, which pass as upgrades only, over HTTP/1.1, because the API server has
no extended CONNECT; then the rules of the grammar, over HTTP/2; the rest is 404. Only the stream route turns upgrades on: elsewhere Envoy refuses one with
403 before any filter (CVE-2018-1002105 began with a connection that stayed open after an upgrade that had failed).

A subprotocol that carries a bearer token (``base64url.bearer.authorization.k8s.io...``), which the API server would accept as an identity, is not in the list
of subprotocols, and so refused like any other that is unknown.
"""

from collections.abc import Iterator
from typing import Any

from ostiary.pillars.access.envoy import patterns
from ostiary.pillars.access.envoy.names import SESSION_HEADER, http1, http2

Config = dict[str, Any]

_UNKNOWN = "this is no request that the gateway knows"
UPGRADES = ("websocket", "spdy/3.1")
# client-go/tools/remotecommand and .../portforward; the API server's wsstream package knows the base64 ones as well.
SUBPROTOCOL = r"(?:(?:v[1-5]\.)?(?:base64\.)?channel\.k8s\.io|(?:SPDY/3\.1\+)?(?:v[1-4]\.)?(?:base64\.)?portforward\.k8s\.io|)"
SUBPROTOCOLS = rf"{SUBPROTOCOL}(?:\s*,\s*{SUBPROTOCOL})*"


def routes(cluster: str, *, prefix: str = "") -> list[Config]:
    """Every route of a cluster. ``prefix``: what stands before the path of the API, and is taken off."""
    return [
        _answer(_regex("|".join(patterns.NOT_KNOWN), prefix), 404, _UNKNOWN),
        _stream(cluster, prefix),
        _answer(
            _regex(patterns.STREAM, prefix),
            400,
            "this needs an upgrade to WebSocket or SPDY/3.1 with a subprotocol of Kubernetes",
        ),
        *_rules(cluster, prefix),
        _answer({"prefix": f"{prefix}/"}, 404, _UNKNOWN),
    ]


def _stream(cluster: str, prefix: str) -> Config:
    headers = [
        {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|POST"}}},
        {"name": "upgrade", "string_match": {"safe_regex": {"regex": "(?i)websocket|spdy/3\\.1"}}},
        {
            "name": "sec-websocket-protocol",
            "string_match": {"safe_regex": {"regex": SUBPROTOCOLS}},
            "treat_missing_header_as_empty": True,
        },
        # Of several lines it is enough above that one matches; so here none may be a token.
        {
            "name": "sec-websocket-protocol",
            "string_match": {"contains": "bearer", "ignore_case": True},
            "treat_missing_header_as_empty": True,
            "invert_match": True,
        },
    ]
    upgrades = [{"upgrade_type": kind, "enabled": True} for kind in UPGRADES]
    return {
        "name": f"{cluster}/stream",
        "match": {**_regex(patterns.STREAM, prefix), "headers": headers},
        "route": {**_to(http1(cluster), prefix), "upgrade_configs": upgrades},
    }


def _rules(cluster: str, prefix: str) -> Iterator[Config]:
    for rule in patterns.RULES:
        methods = {"name": ":method", "string_match": {"safe_regex": {"regex": "|".join(rule.methods)}}}
        match = {**_regex("|".join(rule.patterns), prefix), "headers": [methods]}
        yield _forward(cluster, rule.name, match, prefix) if rule.known else _answer(match, 404, _UNKNOWN)


def _forward(cluster: str, name: str, match: Config, prefix: str) -> Config:
    retry = {"retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 1}
    hidden = {"request_headers_to_remove": [SESSION_HEADER]} if name == "proxy" else {}  # the application's business it is not
    return {
        "name": f"{cluster}/{name}",
        "match": match,
        "route": {**_to(http2(cluster), prefix), "retry_policy": retry},
        **hidden,
    }


def _to(upstream: str, prefix: str) -> Config:
    route: Config = {"cluster": upstream, "timeout": "0s", "idle_timeout": "0s"}
    if prefix:
        route["regex_rewrite"] = {"pattern": {"regex": f"^{prefix}"}, "substitution": ""}
    return route


def _regex(pattern: str, prefix: str) -> Config:
    return {"safe_regex": {"regex": f"{prefix}(?:{pattern})"}}


def _answer(match: Config, status: int, message: str) -> Config:
    return {"match": match, "direct_response": {"status": status, "body": {"inline_string": message}}}
