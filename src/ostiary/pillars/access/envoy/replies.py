"""What the gateway says by itself, as a Kubernetes ``Status`` that kubectl prints well.

401 makes kubectl run its credential plugin again, and so is what an ended session gets; 403 is for who is known and may not. The filters' own words
("Jwt is expired") are kept in the message. Source: ``metav1.Status``; kubernetes/kubernetes ``pkg/util/apierrors`` for the reasons by code.
"""

from typing import Any

Config = dict[str, Any]

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    408: "Timeout",
    413: "RequestEntityTooLarge",
    426: "BadRequest",
    429: "TooManyRequests",
    431: "BadRequest",
    500: "InternalError",
    502: "ServiceUnavailable",
    503: "ServiceUnavailable",
    504: "Timeout",
}
_MESSAGES = {
    401: "ostiary: %LOCAL_REPLY_BODY%; sign in again with: ostiary login",
    502: "ostiary: the cluster's API server gave an answer that cannot be passed on",
    503: "ostiary: the cluster's API server cannot be reached (%RESPONSE_CODE_DETAILS%)",
}
_REVOKED = "rbac_access_denied_matched_policy[revoked]"
_UPGRADE = "upgrade_failed"
_UNVERIFIED = "rbac_access_denied_matched_policy[none]"


def local_replies() -> Config:
    """The mappers: the deny list and a missing identity first, then one by status, then whatever is left."""
    return {
        "mappers": [
            _mapper(_details(_REVOKED), 401, "ostiary: this session has been ended; sign in again with: ostiary login"),
            _mapper(
                _details(_UNVERIFIED),
                401,
                "ostiary: this request has no verified identity, or names no cluster of this gateway; sign in with: ostiary login",
            ),
            _mapper(
                _details(_UPGRADE),
                403,
                "ostiary: only exec, attach and port-forward may upgrade, to subprotocols of Kubernetes",
            ),
            *(_mapper(_status(code), code, _MESSAGES.get(code, "ostiary: %LOCAL_REPLY_BODY%")) for code in sorted(_REASONS)),
        ],
        "body_format": _body(500, "ostiary: %LOCAL_REPLY_BODY%", "InternalError", code="%RESPONSE_CODE%"),
    }


def _mapper(matches: Config, code: int, message: str) -> Config:
    return {"filter": matches, "status_code": code, "body_format_override": _body(code, message, _REASONS[code])}


def _body(number: int, message: str, reason: str, *, code: str = "") -> Config:
    status: Config = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code or number,
    }
    return {"json_format": status}


def _status(code: int) -> Config:
    return {
        "status_code_filter": {"comparison": {"op": "EQ", "value": {"default_value": code, "runtime_key": "ostiary.unused"}}}
    }


def _details(details: str) -> Config:
    expression = {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
        "expression": f'response.code_details == "{details}"',
    }
    return {"extension_filter": {"name": "envoy.access_loggers.extension_filters.cel", "typed_config": expression}}
