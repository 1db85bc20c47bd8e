"""The one listener: a filter chain for each cluster, chosen by the name that the client asks TLS for, and one for clusters by path.

The name decides alone: the token must be for that cluster and the request goes to that cluster, whatever ``Host`` says. Where a name cannot be had, the
path says ``/clusters/<cluster>/...``; there a tree of prefixes finds the cluster's routes, which bring what they ask of a token with them.
"""

from typing import Any

from ostiary.model.access import GatewayState
from ostiary.pillars.access.envoy.names import CERTIFICATE, KEYS_BY_PATH, PATHS, keys_file
from ostiary.pillars.access.envoy.pipeline import connection_manager
from ostiary.pillars.access.envoy.routes import routes
from ostiary.pillars.access.envoy.verification import requirement
from ostiary.pillars.access.envoy.wire import source, typed

Config = dict[str, Any]

BY_PATH = "by-path"


def listener(state: GatewayState, directory: str) -> Config:
    """The listener with all of its chains."""
    return typed(
        "envoy.config.listener.v3.Listener",
        {
            "name": "gateway",
            "address": {"socket_address": {"address": state.address, "port_value": state.port}},
            "per_connection_buffer_limit_bytes": 1_048_576,
            "tcp_backlog_size": 4096,
            "listener_filters": [
                {
                    "name": "tls_inspector",
                    "typed_config": typed("envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector", {}),
                }
            ],
            "listener_filters_timeout": "5s",
            "socket_options": [
                {"description": "SO_KEEPALIVE", "level": 1, "name": 9, "int_value": 1, "state": "STATE_LISTENING"}
            ],
            "filter_chains": [_by_name(state, cluster.name, directory) for cluster in state.upstreams],
            "default_filter_chain": _by_path(directory),
        },
    )


def routes_by_path(state: GatewayState) -> Config:
    """The route table of the chain for paths: a tree, so that a thousand clusters cost a request no more than one."""
    table = {f"/clusters/{cluster.name}/": {"action": _routes_of(cluster.name)} for cluster in state.upstreams}
    host: Config = {"name": "clusters", "domains": ["*"]}
    if table:
        path = typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", {"header_name": ":path"})
        host["matcher"] = {
            "matcher_tree": {"input": {"name": "path", "typed_config": path}, "prefix_match_map": {"map": table}}
        }
    return typed(
        "envoy.config.route.v3.RouteConfiguration", {"name": BY_PATH, "validate_clusters": False, "virtual_hosts": [host]}
    )


def _routes_of(cluster: str) -> Config:
    found = [
        {**route, "typed_per_filter_config": requirement(BY_PATH, cluster)}
        for route in routes(cluster, prefix=f"/clusters/{cluster}")
    ]
    return {"name": "routes", "typed_config": typed("envoy.config.route.v3.RouteList", {"routes": found})}


def _by_name(state: GatewayState, cluster: str, directory: str) -> Config:
    host = {"name": cluster, "domains": ["*"], "routes": routes(cluster)}
    table = {"route_config": {"name": cluster, "validate_clusters": False, "virtual_hosts": [host]}}
    return {
        "name": cluster,
        "filter_chain_match": {"server_names": [f"{cluster}.{state.domain}"]},
        "filters": [connection_manager(directory, cluster, (f"verify.{cluster}", keys_file(cluster)), table)],
        **_tls(directory),
    }


def _by_path(directory: str) -> Config:
    table = {"rds": {"route_config_name": BY_PATH, "config_source": source(directory, PATHS)}}
    return {
        "name": BY_PATH,
        "filters": [connection_manager(directory, "", (f"verify.{BY_PATH}", KEYS_BY_PATH), table)],
        **_tls(directory),
    }


def _tls(directory: str) -> Config:
    certificate = {"name": "gateway", "sds_config": source(directory, CERTIFICATE)}
    context = {
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [certificate],
        }
    }
    kind = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
    return {
        "transport_socket": {"name": "tls", "typed_config": typed(kind, context)},
        "transport_socket_connect_timeout": "10s",
    }
