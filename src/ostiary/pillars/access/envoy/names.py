"""What things are called in Envoy's configuration, and in which file of the gateway's directory each is. Both tell a reader, and a log, which cluster is meant.

>>> http1("prod"), token_file("prod")
('prod/http1', 'token.prod.json')
"""

import re

from ostiary.core.errors import BadInput

BOOTSTRAP = "bootstrap.json"
LISTENERS = "listeners.json"
CLUSTERS = "clusters.json"
PATHS = "paths.json"  # routes by path: a file of its own, so that a new cluster ends no stream of another
DENIED = "denied.json"
CERTIFICATE = "certificate.json"
RECORDS = "records.jsonl"
SOCKET = "admin.sock"
JWT = "envoy.filters.http.jwt_authn"  # also where its metadata is found
PAYLOAD = "jwt"
SESSION_HEADER = "x-ostiary-session"  # from the verified claim, for the deny list and the records; a client's own is stripped

_CLUSTER = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SESSION = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


def http1(cluster: str) -> str:
    """The upstream for upgrades."""
    return f"{cluster}/http1"


def http2(cluster: str) -> str:
    """The upstream for everything else."""
    return f"{cluster}/http2"


def token_file(cluster: str) -> str:
    """The file with the gateway's own token for a cluster."""
    return f"token.{cluster}.json"


def keys_file(cluster: str) -> str:
    """The file with what a token for this cluster must satisfy."""
    return f"verify.{cluster}.json"


KEYS_BY_PATH = "verify-by-path.json"


def check_cluster(name: str) -> str:
    """A cluster's name as it is, or BadInput: it becomes part of a host name, a path, a file name."""
    if not _CLUSTER.fullmatch(name):
        raise BadInput(
            f"{name!r} cannot be the name of a cluster", todo="use lower-case letters, digits and dashes, 63 at most"
        )
    return name


def check_session(session: str) -> str:
    """A session's id as it is, or BadInput: it becomes a key of the deny list."""
    if not _SESSION.fullmatch(session):
        raise BadInput(
            f"{session!r} cannot be the id of a session", todo="use letters, digits, dashes, dots, colons and underscores"
        )
    return session
