"""The way to each API server: two Envoy clusters, HTTP/2 for requests and HTTP/1.1 for upgrades, and in both the gateway's own token for that API server.

The token is put on by a filter of the Envoy cluster, so that a token can go to no other server than its own whatever a route or a filter before it did (the
lesson of CVE-2021-25320). Without it the request is refused. It replaces whatever ``Authorization`` a request bears.
"""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from ostiary.core.errors import BadInput
from ostiary.model.access import Upstream
from ostiary.pillars.access.envoy.names import check_cluster, http1, http2, token_file
from ostiary.pillars.access.envoy.wire import discovery, source, typed

Config = dict[str, Any]

_MANY = 100_000  # watches: the defaults of 1,024 are for short requests
_HTTP = "envoy.extensions.filters.http"


def upstream(cluster: Upstream, directory: str) -> list[Config]:
    """Both Envoy clusters of an API server."""
    return [
        _upstream(cluster, directory, http2(cluster.name), "h2"),
        _upstream(cluster, directory, http1(cluster.name), "http/1.1"),
    ]


def token(name: str, value: str) -> Config:
    """The secret file of a cluster's gateway token."""
    secret = {"name": token_name(name), "generic_secret": {"secret": {"inline_string": f"Bearer {value}"}}}
    return discovery([typed("envoy.extensions.transport_sockets.tls.v3.Secret", secret)])


def token_name(cluster: str) -> str:
    """The name of its secret."""
    return f"token.{check_cluster(cluster)}"


def address(cluster: Upstream) -> tuple[str, int]:
    """Host and port of an API server, or BadInput."""
    parts = urlsplit(cluster.server)
    try:
        host, port = parts.hostname, parts.port or 443
    except ValueError:
        host, port = None, 0
    if parts.scheme != "https" or not host or parts.path not in ("", "/") or parts.query or parts.username:
        raise BadInput(f"{cluster.server!r} cannot be the server of cluster {cluster.name}", todo="write https://HOST:PORT")
    return host, port


def _upstream(cluster: Upstream, directory: str, name: str, protocol: str) -> Config:
    host, port = address(cluster)
    endpoint = {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}
    return {
        "name": name,
        "type": "STATIC" if _ip(host) else "STRICT_DNS",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "circuit_breakers": {
            "thresholds": [
                {"max_connections": _MANY, "max_pending_requests": _MANY, "max_requests": _MANY, "max_retries": 1_000}
            ]
        },
        "upstream_connection_options": {
            "tcp_keepalive": {"keepalive_time": 60, "keepalive_interval": 15, "keepalive_probes": 3}
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _protocol(cluster, directory, protocol)
        },
        "transport_socket": {"name": "tls", "typed_config": _tls(cluster, host, protocol)},
    }


def _protocol(cluster: Upstream, directory: str, protocol: str) -> Config:
    options: Config = (
        {"http2_protocol_options": {"connection_keepalive": {"interval": "30s", "timeout": "10s"}}}
        if protocol == "h2"
        else {"http_protocol_options": {}}
    )
    filters = [
        _credential(cluster.name, directory),
        {"name": "codec", "typed_config": typed(f"{_HTTP}.upstream_codec.v3.UpstreamCodec", {})},
    ]
    return typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        {"explicit_http_config": options, "http_filters": filters},
    )


def _credential(cluster: str, directory: str) -> Config:
    secret = {"name": token_name(cluster), "sds_config": source(directory, token_file(cluster))}
    generic = typed("envoy.extensions.http.injected_credentials.generic.v3.Generic", {"credential": secret})
    injector = {"overwrite": True, "credential": {"name": "generic", "typed_config": generic}}
    return {"name": "credential", "typed_config": typed(f"{_HTTP}.credential_injector.v3.CredentialInjector", injector)}


def _tls(cluster: Upstream, host: str, protocol: str) -> Config:
    name = cluster.server_name or host
    expected = {"san_type": "IP_ADDRESS" if _ip(name) else "DNS", "matcher": {"exact": name}}
    validation = {"trusted_ca": {"inline_string": cluster.certificate_authority}, "match_typed_subject_alt_names": [expected]}
    context: Config = {
        "common_tls_context": {
            "alpn_protocols": [protocol],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "validation_context": validation,
        }
    }
    if not _ip(name):
        context["sni"] = name
    return typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", context)


def _ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
