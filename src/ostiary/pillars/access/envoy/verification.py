"""Who is let in: tokens of ostiary's own keys for exactly this cluster, and no session of the deny list.

Both are extension configurations in files of their own (ECDS): new keys and a revocation take effect without touching a listener, so no stream ends for
them. Until a file is there, Envoy answers 500: closed, not open. Keys are inline (CVE-2024-45809 needed remote ones); tokens are looked for in
``Authorization`` only, because the default locations include the query.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ostiary.model.access import TOKEN_SECONDS, GatewayState
from ostiary.pillars.access.envoy.names import PAYLOAD, SESSION_HEADER, check_session
from ostiary.pillars.access.envoy.wire import compact, ecds, typed

Config = dict[str, Any]

CLOCK_SKEW_SECONDS = 5
_CACHED = 10_000  # tokens: ES256 costs half the throughput when it is verified every time
_JWT_TYPE = "envoy.extensions.filters.http.jwt_authn.v3"
_RBAC_TYPE = "envoy.extensions.filters.http.rbac.v3.RBAC"


def verification(name: str, state: GatewayState, clusters: Sequence[str]) -> Config:
    """The filter that verifies tokens. With one cluster it asks for that one's token always; with several, routes choose (``requirement``)."""
    keys = compact(state.jwks)
    providers = {cluster: _provider(cluster, state.issuer, keys) for cluster in clusters}
    config: Config = {"providers": providers}
    if len(clusters) == 1 and name == clusters[0]:
        config["rules"] = [{"match": {"prefix": "/"}, "requires": {"provider_name": clusters[0]}}]
    else:
        config["requirement_map"] = {cluster: {"provider_name": cluster} for cluster in clusters}
    return ecds(f"verify.{name}", typed(f"{_JWT_TYPE}.JwtAuthentication", config))


def requirement(name: str, cluster: str) -> Config:
    """What a route of this cluster asks of a token, where routes choose; ``name`` as in ``verification``."""
    return {f"verify.{name}": typed(f"{_JWT_TYPE}.PerRouteConfig", {"requirement_name": cluster})}


def _provider(cluster: str, issuer: str, keys: str) -> Config:
    return {
        "issuer": issuer,
        "audiences": [cluster],
        "local_jwks": {"inline_string": keys},
        "forward": False,
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "payload_in_metadata": PAYLOAD,
        "claim_to_headers": [{"header_name": SESSION_HEADER, "claim_name": "sid"}],
        "require_expiration": True,
        "max_lifetime": f"{TOKEN_SECONDS}s",
        "clock_skew_seconds": CLOCK_SKEW_SECONDS,
        "jwt_cache_config": {"jwt_cache_size": _CACHED},
    }


def deny_list(denied: Iterable[str]) -> Config:
    """The filter that refuses revoked sessions: one exact map, so that a request costs the same for one and for a hundred thousand."""
    action = {"name": "action", "typed_config": typed("envoy.config.rbac.v3.Action", {"name": "revoked", "action": "DENY"})}
    allow = {"name": "action", "typed_config": typed("envoy.config.rbac.v3.Action", {"name": "live", "action": "ALLOW"})}
    sessions = sorted({check_session(session) for session in denied})
    matcher: Config = {"on_no_match": {"action": allow}}
    if sessions:
        header = typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", {"header_name": SESSION_HEADER})
        matcher["matcher_tree"] = {
            "input": {"name": "session", "typed_config": header},
            "exact_match_map": {"map": {session: {"action": action} for session in sessions}},
        }
    return ecds("denied", typed(_RBAC_TYPE, {"matcher": matcher}))
