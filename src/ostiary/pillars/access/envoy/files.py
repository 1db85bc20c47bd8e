"""Every file of the gateway's directory for one state, in the order in which they are to be replaced; and the whole as one file for Envoy to validate.

What a file refers to comes before it: upstreams before the routes that name them. A cluster without a token is left out of the upstreams, and so answers 503.
"""

from collections.abc import Mapping
from typing import Any

from ostiary.core.errors import BadInput
from ostiary.model.access import GatewayState
from ostiary.pillars.access.envoy import names
from ostiary.pillars.access.envoy.listener import BY_PATH, listener, routes_by_path
from ostiary.pillars.access.envoy.upstreams import token, upstream
from ostiary.pillars.access.envoy.verification import deny_list, verification
from ostiary.pillars.access.envoy.wire import discovery, source, typed

Config = dict[str, Any]

CLUSTER_TYPE = "envoy.config.cluster.v3.Cluster"
MOST_CONNECTIONS = 50_000
_NODE = {"id": "gateway", "cluster": "ostiary"}
_SIZES = {
    "re2.max_program_size.error_level": 10_000,
    "re2.max_program_size.warn_level": 10_000,
}  # ours are larger than 100, and no client's
_RUNTIME = {"layers": [{"name": "static", "static_layer": _SIZES}]}


def files(state: GatewayState, directory: str, *, certificate: tuple[str, str], tokens: Mapping[str, str]) -> dict[str, Config]:
    """File name to content. ``certificate``: chain and key, PEM; ``tokens``: the gateway's token by cluster."""
    clusters = [names.check_cluster(cluster.name) for cluster in state.upstreams]
    if len(set(clusters)) != len(clusters):
        raise BadInput("two clusters of the gateway have the same name", todo="rename one")
    ready = [cluster for cluster in state.upstreams if cluster.name in tokens]
    found: dict[str, Config] = {names.BOOTSTRAP: bootstrap(directory), names.CERTIFICATE: _certificate(*certificate)}
    found |= {names.token_file(cluster.name): token(cluster.name, tokens[cluster.name]) for cluster in ready}
    found |= {names.keys_file(cluster): verification(cluster, state, [cluster]) for cluster in clusters}
    found[names.KEYS_BY_PATH] = verification(BY_PATH, state, clusters)
    found[names.DENIED] = deny_list(state.denied)
    found[names.CLUSTERS] = discovery([typed(CLUSTER_TYPE, one) for cluster in ready for one in upstream(cluster, directory)])
    found[names.PATHS] = discovery([routes_by_path(state)])
    found[names.LISTENERS] = discovery([listener(state, directory)])
    return found


def bootstrap(directory: str) -> Config:
    """What Envoy is started with: everything else comes from the files that it names, and is watched."""
    limit = typed(
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        {"max_active_downstream_connections": MOST_CONNECTIONS},
    )
    return {
        "node": _NODE,
        "layered_runtime": _RUNTIME,
        "admin": {"address": {"pipe": {"path": names.SOCKET, "mode": 0o600}}},
        "dynamic_resources": {
            "cds_config": source(directory, names.CLUSTERS),
            "lds_config": source(directory, names.LISTENERS),
        },
        "overload_manager": {
            "resource_monitors": [{"name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": limit}]
        },
    }


def validation(found: Mapping[str, Config]) -> Config:
    """The same as one static file, with everything in its place that is discovered at run time: Envoy's validation does not follow references to files."""
    filters = {
        one["name"]: one["typed_config"]
        for name, file in found.items()
        for one in file.get("resources", ())
        if "typed_config" in one
    }
    table = _untyped(found[names.PATHS]["resources"][0])
    secrets = {
        one["name"]: _untyped(one)
        for file in found.values()
        for one in file.get("resources", ())
        if one["@type"].endswith(".Secret")
    }
    static = {
        "clusters": [_untyped(one) for one in found[names.CLUSTERS]["resources"]],
        "listeners": [_untyped(one) for one in found[names.LISTENERS]["resources"]],
        "secrets": list(secrets.values()),
    }
    return {"node": _NODE, "layered_runtime": _RUNTIME, "static_resources": _in_place(static, filters, table)}


def _in_place(value: Any, filters: Mapping[str, Config], table: Config) -> Any:
    if isinstance(value, list):
        return [_in_place(one, filters, table) for one in value]
    if not isinstance(value, dict):
        return value
    if "config_discovery" in value:
        return {"name": value["name"], "typed_config": filters[value["name"]]}
    found = {key: _in_place(one, filters, table) for key, one in value.items() if key not in ("sds_config", "rds")}
    return {**found, "route_config": table} if "rds" in value else found


def _untyped(resource: Config) -> Config:
    return {key: value for key, value in resource.items() if key != "@type"}


def _certificate(chain: str, key: str) -> Config:
    secret = {
        "name": "gateway",
        "tls_certificate": {"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": key}},
    }
    return discovery([typed("envoy.extensions.transport_sockets.tls.v3.Secret", secret)])
