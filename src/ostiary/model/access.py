"""Access, as values: the clusters behind a gateway, the names that people bear there, and grants.

A person ``alice@example.com`` is impersonated on every cluster as the user ``ostiary:alice@example.com`` in the one group ``ostiary:access``, with the
session's id as the extra ``ostiary.dev/session``: no binding that was made without ostiary can mean that name, so only a grant lets a person in.

A token for one cluster says ``aud`` (the cluster's name), ``sub`` (the impersonated user name), ``sid`` (the session), ``exp`` (15 minutes on, or the end
of the person's last live grant there, whichever comes first), ``iat``, ``nbf``, ``iss`` and ``jti``. Nobody without a live grant gets one.
"""

from datetime import datetime
from enum import Enum

from msgspec import field

from ostiary.model.value import Value

USER_PREFIX = "ostiary:"
GROUP = "ostiary:access"
SESSION_EXTRA = "ostiary.dev/session"
GRANT_LABEL = "ostiary.dev/grant"  # label of every object that a grant makes: the grant's id
EXPIRES_ANNOTATION = "ostiary.dev/expires"  # and when it ends, RFC 3339: so that a sweep needs no memory
NAMESPACE = "ostiary-system"
GATEWAY_ACCOUNT = "ostiary-gateway"  # may impersonate and nothing else; its token is the one that Envoy sends
CONTROLLER_ACCOUNT = "ostiary-controller"  # makes and ends bindings; never in the path of a person's request
TOKEN_SECONDS = 900


class Upstream(Value, frozen=True, kw_only=True):
    """A cluster behind the gateway, as Envoy must know it. Its gateway token is handed over beside it, never inside a value that is shown."""

    name: str  # a DNS label: <name>.<domain> by SNI, /clusters/<name> by path
    server: str  # https://HOST:PORT
    certificate_authority: str  # PEM
    server_name: str = ""  # the name in the API server's certificate, where it is not the URL's host


class GatewayState(Value, frozen=True, kw_only=True):
    """Everything that the gateway is configured from, but for secrets."""

    address: str
    port: int
    domain: str
    issuer: str
    jwks: dict[str, object]  # public signing keys
    upstreams: tuple[Upstream, ...] = ()
    denied: tuple[str, ...] = ()  # sessions whose tokens are refused though they have not expired


class GrantState(Enum):
    """From a request to its end. Nothing leads back."""

    REQUESTED = "requested"
    ACTIVE = "active"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"

    def __str__(self) -> str:
        return self.value


class Grant(Value, frozen=True, kw_only=True):
    """A right for a person on a cluster, for a while. ``namespaces`` is empty exactly when ``everywhere`` is true."""

    id: str
    person: str
    cluster: str
    role: str  # a ClusterRole
    namespaces: tuple[str, ...] = ()
    everywhere: bool = False
    reason: str
    seconds: int
    approvals: int = 1  # how many others have to agree
    requested_at: datetime
    state: GrantState
    decided_by: tuple[str, ...] = ()
    decided_at: datetime | None = None
    ends_at: datetime | None = None
    break_glass: bool = field(default=False)


class LiveGrants(Value, frozen=True, kw_only=True):
    """What is known of grants at a moment. ``grants`` None: the control plane was not asked, and only what a cluster's own objects say is known."""

    at: datetime
    grants: tuple[Grant, ...] | None = None
