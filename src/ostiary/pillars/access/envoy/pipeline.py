"""The filters that a request passes, in their order, and the connection manager around them.

    strip      what a client may not say: identities, audit ids, addresses, Envoy's own headers, what else to drop on the way
    verify     the token (``verification``)
    deny       revoked sessions (``verification``)
    identity   Impersonate-User and the rest from the verified claims, Audit-ID from Envoy's own request id
    identified refuses what has no identity by now: an API server would take a request without one for the gateway itself
    router     the grammar (``routes``), and there the gateway's own token (``upstreams``)

Stripping happens before the first filter and before the route is chosen. Where two filters could do a thing, the one that rejects when it cannot is taken:
no Lua, which lets a request pass when it fails. ``connection`` is overwritten because on upgrades Envoy passes on what a client nominates there
for removal, and a next hop would drop our identity headers (CVE-2021-31999).
"""

from typing import Any

from ostiary.model.access import GROUP, SESSION_EXTRA, USER_PREFIX
from ostiary.pillars.access.envoy.access_log import access_log, upstream_log
from ostiary.pillars.access.envoy.names import DENIED, JWT, PAYLOAD
from ostiary.pillars.access.envoy.replies import local_replies
from ostiary.pillars.access.envoy.wire import source, typed

Config = dict[str, Any]

_HTTP = "envoy.extensions.filters.http"
_STRIPPED_PREFIXES = ("impersonate-", "x-remote-", "x-ostiary-", "x-envoy-", "x-forwarded-client-")
_STRIPPED = (
    "audit-id",
    "x-real-ip",
    "forwarded",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method-override",
    "proxy-authorization",
)
_USER = f"%DYNAMIC_METADATA({JWT}:{PAYLOAD}:sub)%"
_SESSION = f"%DYNAMIC_METADATA({JWT}:{PAYLOAD}:sid)%"


def connection_manager(directory: str, cluster: str, keys: tuple[str, str], routes: Config) -> Config:
    """The network filter of one filter chain. ``cluster``: the one that it is for; empty where paths choose.

    ``keys``: name and file of what verifies tokens; ``routes``: a route source of its own.
    """
    manager = {
        "stat_prefix": "gateway",
        "codec_type": "AUTO",
        **routes,
        **_HARDENING,
        "early_header_mutation_extensions": [_strip()],
        "http_filters": _filters(directory, cluster, *keys),
        "local_reply_config": local_replies(),
        "access_log": [access_log(directory, cluster)],
    }
    name = "envoy.filters.network.http_connection_manager"
    kind = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    return {"name": name, "typed_config": typed(kind, manager)}


_HARDENING: Config = {
    "server_header_transformation": "PASS_THROUGH",
    "use_remote_address": True,
    "skip_xff_append": True,
    "normalize_path": True,
    "merge_slashes": True,
    "path_with_escaped_slashes_action": "REJECT_REQUEST",
    "common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST", "idle_timeout": "3600s"},
    # A watch or a shell may be silent for hours; who is gone is found by keep-alives of TCP and HTTP/2, not by silence.
    "stream_idle_timeout": "0s",
    "request_timeout": "0s",
    "request_headers_timeout": "10s",
    "http2_protocol_options": {
        "max_concurrent_streams": 250,
        "initial_stream_window_size": 1_048_576,
        "initial_connection_window_size": 4_194_304,
        "connection_keepalive": {"interval": "30s", "timeout": "10s"},
    },
    # Known to the manager, on nowhere: a route has to turn one on.
    "upgrade_configs": [{"upgrade_type": kind, "enabled": False} for kind in ("websocket", "spdy/3.1")],
}


def _strip() -> Config:
    mutations: list[Config] = [_set("connection", "Upgrade", action="OVERWRITE_IF_EXISTS")]
    mutations += [
        {"remove_on_match": {"key_matcher": {"prefix": prefix, "ignore_case": True}}} for prefix in _STRIPPED_PREFIXES
    ]
    mutations += [{"remove": name} for name in _STRIPPED]
    mutations.append(_set("x-forwarded-for", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"))
    kind = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    return {"name": "strip", "typed_config": typed(kind, {"mutations": mutations})}


def _filters(directory: str, cluster: str, keys_name: str, keys_file: str) -> list[Config]:
    return [
        _discovered(keys_name, source(directory, keys_file), f"{_HTTP}.jwt_authn.v3.JwtAuthentication"),
        _discovered("denied", source(directory, DENIED), f"{_HTTP}.rbac.v3.RBAC"),
        _identity(),
        _identified(),
        {
            "name": "envoy.filters.http.router",
            "typed_config": typed(
                f"{_HTTP}.router.v3.Router",
                {
                    "suppress_envoy_headers": True,
                    "upstream_log": [upstream_log(directory, cluster)],
                    "upstream_log_options": {"flush_upstream_log_on_upstream_stream": True},
                },
            ),
        },
    ]


def _discovered(name: str, config_source: Config, kind: str) -> Config:
    return {"name": name, "config_discovery": {"config_source": config_source, "type_urls": [f"type.googleapis.com/{kind}"]}}


# An aggregated API server may redirect a client, with whatever it bears, anywhere (CVE-2022-3172): nobody gets to know where to.
_NO_REDIRECT: Config = {"remove": "location"}


def _identity() -> Config:
    # A "/" in a header's name is escaped as the API server unescapes it, and "%" is not unescaped by Envoy in a name.
    extra = "Impersonate-Extra-" + SESSION_EXTRA.replace("/", "%2f")
    mutations = [
        _set("Impersonate-User", _USER),
        _set("Impersonate-Group", GROUP),
        _set(extra, _SESSION),
        _set("Audit-ID", "%STREAM_ID%"),
    ]
    return {
        "name": "identity",
        "typed_config": typed(
            f"{_HTTP}.header_mutation.v3.HeaderMutation",
            {"mutations": {"request_mutations": mutations, "response_mutations": [_NO_REDIRECT]}},
        ),
    }


def _identified() -> Config:
    """Allows by what was set, not by what was meant to be: the header that the API server will read, and the claim that it came from."""
    user = {"header": {"name": "impersonate-user", "string_match": {"prefix": USER_PREFIX}}}
    group = {"header": {"name": "impersonate-group", "string_match": {"exact": GROUP}}}
    claim, session = _claim("sub", {"prefix": USER_PREFIX}), _claim("sid", {"safe_regex": {"regex": ".+"}})
    policy = {"permissions": [{"any": True}], "principals": [{"and_ids": {"ids": [user, group, claim, session]}}]}
    rules = {"rules": {"action": "ALLOW", "policies": {"identified": policy}}}
    return {"name": "identified", "typed_config": typed(f"{_HTTP}.rbac.v3.RBAC", rules)}


def _claim(name: str, matches: Config) -> Config:
    path = [{"key": PAYLOAD}, {"key": name}]
    return {"sourced_metadata": {"metadata_matcher": {"filter": JWT, "path": path, "value": {"string_match": matches}}}}


def _set(name: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> Config:
    return {"append": {"header": {"key": name, "value": value}, "append_action": action}}
