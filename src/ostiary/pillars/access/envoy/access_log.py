"""What Envoy writes of a request: one JSON line when it goes to the API server, one when it ends; both with the id that is also its ``Audit-ID``.

The path is written without its query, of which only what says more about the act is kept: a query may hold a secret, and the arguments of ``exec`` often
do, so of a command there is its first word. Fields are short because there are two lines a request; ``gateway.records`` gives them their names.
"""

from typing import Any

from ostiary.pillars.access.envoy.names import JWT, PAYLOAD, RECORDS, SESSION_HEADER
from ostiary.pillars.access.envoy.wire import typed

Config = dict[str, Any]

_COMMON: Config = {
    "at": "%ACCESS_LOG_TYPE%",
    "t": "%START_TIME(%Y-%m-%dT%H:%M:%S.%6fZ)%",
    "route": "%ROUTE_NAME%",
    "m": "%REQ(:METHOD)%",
    "p": "%PATH(NQ)%",
    "watch": "%QUERY_PARAM(watch)%",
    "fsel": "%QUERY_PARAM(fieldSelector)%",
    "cmd": "%QUERY_PARAM(command)%",
    "ctr": "%QUERY_PARAM(container)%",
    "dry": "%QUERY_PARAM(dryRun)%",
    "ip": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%",
    "agent": "%REQ(USER-AGENT)%",
    "up": "%REQ(UPGRADE)%",
    "proto": "%PROTOCOL%",
}
# The stream to the API server knows no claims: it is told by the headers that it bears, all of them set by the gateway.
_START: Config = {
    "id": "%REQ(AUDIT-ID)%",
    "user": "%REQ(IMPERSONATE-USER)%",
    "sid": f"%REQ({SESSION_HEADER})%",
}
_END: Config = {
    "id": "%STREAM_ID%",
    "user": f"%DYNAMIC_METADATA({JWT}:{PAYLOAD}:sub)%",
    "sid": f"%DYNAMIC_METADATA({JWT}:{PAYLOAD}:sid)%",
    "jti": f"%DYNAMIC_METADATA({JWT}:{PAYLOAD}:jti)%",
    "aud": f"%DYNAMIC_METADATA({JWT}:{PAYLOAD}:aud)%",
    "code": "%RESPONSE_CODE%",
    "why": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "in": "%BYTES_RECEIVED%",
    "out": "%BYTES_SENT%",
    "ms": "%DURATION%",
    "host": "%UPSTREAM_HOST%",
}


def access_log(directory: str, cluster: str) -> Config:
    """The line at the end, of every request, refused ones too. ``cluster``: the one of the filter chain; empty where paths choose."""
    return _file(directory, {**_COMMON, **_of(cluster), **_END})


def upstream_log(directory: str, cluster: str) -> Config:
    """The line at the start: when the request has its identity and is about to go out."""
    started = {"log_type_filter": {"types": ["UpstreamPoolReady"]}}
    return {**_file(directory, {**_COMMON, **_of(cluster), **_START}), "filter": started}


def _of(cluster: str) -> Config:
    return {"cl": cluster} if cluster else {}


def _file(directory: str, fields: Config) -> Config:
    config = {
        "path": f"{directory}/{RECORDS}",
        "log_format": {"json_format": fields, "omit_empty_values": True},
    }
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": typed("envoy.extensions.access_loggers.file.v3.FileAccessLog", config),
    }
