"""One line of the gateway's records as a value: who did what, where, from where, and what became of it.

There are two of each request that went out: ``started`` when it is about to go to the API server, ``ended`` when it is over; of one that the gateway refused
there is the end alone. Both have the ``id`` that the API server's audit event has as its ``auditID``. What was asked for is read from method and path by the
grammar; of a path that it does not know, the path is kept. What is not known is left empty: there is no guessing here.

Why an allowed request was allowed, the grants of that moment say; the gateway does not know them: ``why`` joins them when a record is read.

>>> read(b'{"at":"DownstreamEnd","id":"1","m":"GET","p":"/api/v1/namespaces/shop/pods","route":"prod/read","code":200,"why":"via_upstream"}').verb
'list'
"""

import re
from enum import Enum
from urllib.parse import unquote

import msgspec

from ostiary.core.errors import BadInput
from ostiary.model.access import USER_PREFIX
from ostiary.model.value import Value
from ostiary.pillars.access.grammar import ApiRequest, parse

_BY_PATH = re.compile(r"/clusters/([^/]+)(/.*)?")
_NAMED = re.compile(r"metadata\.name={1,2}([^,=]+)")


class Stage(Enum):
    """Which of a request's two records it is."""

    STARTED = "started"
    ENDED = "ended"

    def __str__(self) -> str:
        return self.value


class Outcome(Enum):
    """What became of a request, as far as a record says."""

    PENDING = "pending"  # it has only started
    DONE = "done"
    REFUSED = "refused"  # by the gateway or the API server: who, says ``by``
    FAILED = "failed"

    def __str__(self) -> str:
        return self.value


class Record(Value, frozen=True, kw_only=True):
    """One record. ``at`` is when the request came, RFC 3339; ``client`` is an address with its port; numbers are bytes and milliseconds."""

    stage: Stage
    id: str
    at: str
    person: str = ""
    session: str = ""
    token: str = ""
    cluster: str = ""
    verb: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    method: str = ""
    path: str = ""
    container: str = ""
    command: str = ""
    dry_run: bool = False
    upgrade: str = ""
    client: str = ""
    agent: str = ""
    outcome: Outcome = Outcome.PENDING
    by: str = ""
    why: str = ""
    status: int = 0
    received: int = 0
    sent: int = 0
    milliseconds: int = 0

    @property
    def what(self) -> str:
        """The resource with group and subresource, as ``kubectl auth can-i`` writes it; the path where there is none."""
        if not self.resource:
            return self.path
        full = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{full}/{self.subresource}" if self.subresource else full


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line as Envoy writes it: ``envoy.access_log``."""

    at: str
    t: str = ""
    id: str = ""
    user: str = ""
    sid: str = ""
    jti: str = ""
    cl: str = ""
    route: str = ""
    m: str = ""
    p: str = ""
    watch: str | None = None
    fsel: str = ""
    cmd: str = ""
    ctr: str = ""
    dry: str = ""
    ip: str = ""
    agent: str = ""
    up: str = ""
    code: int = 0
    why: str = ""
    flags: str = "-"
    received: int = msgspec.field(default=0, name="in")
    out: int = 0
    ms: int = 0


_decoder = msgspec.json.Decoder(_Line)


def read(line: bytes) -> Record:
    """The record of a line, or BadInput."""
    try:
        found = _decoder.decode(line)
    except msgspec.DecodeError as error:
        raise BadInput(f"this is no record of the gateway: {error}") from None
    cluster, path = _place(found)
    asked = parse(found.m, path, "" if found.watch is None else f"watch={found.watch}")
    ended = found.at == "DownstreamEnd"
    outcome, by, why = _fate(found) if ended else (Outcome.PENDING, "", "")
    return Record(
        stage=Stage.ENDED if ended else Stage.STARTED,
        id=found.id,
        at=found.t,
        person=found.user.removeprefix(USER_PREFIX),
        session=found.sid,
        token=found.jti,
        cluster=cluster,
        **_asked(asked, found, path),
        method=found.m,
        container=found.ctr,
        command=unquote(found.cmd.replace("+", " ")),
        dry_run=bool(found.dry),
        upgrade=found.up,
        client=found.ip,
        agent=found.agent,
        outcome=outcome,
        by=by,
        why=why,
        status=found.code,
        received=found.received,
        sent=found.out,
        milliseconds=found.ms,
    )


def _place(found: _Line) -> tuple[str, str]:
    """Cluster and path: the chain says which cluster, or the route, or a path that names one, be there such a cluster or not."""
    by_path = _BY_PATH.fullmatch(found.p)
    cluster = found.cl or found.route.partition("/")[0] or (by_path.group(1) if by_path else "")
    return cluster, (by_path.group(2) or "/") if by_path else found.p


def _asked(asked: ApiRequest | None, found: _Line, path: str) -> dict[str, str]:
    if asked is None:
        return {"path": path}
    if not asked.resource:
        return {"verb": asked.verb, "path": path}
    named = _NAMED.search(unquote(found.fsel)) if asked.verb in ("list", "watch") else None
    return {
        "verb": asked.verb,
        "group": asked.group,
        "version": asked.version,
        "resource": asked.resource,
        "subresource": asked.subresource,
        "namespace": asked.namespace,
        "name": asked.name or (named.group(1) if named else ""),
    }


def _fate(found: _Line) -> tuple[Outcome, str, str]:
    """Outcome, who decided it, and why in the decider's words. Details: Envoy's response code details; flags: its response flags."""
    if found.why == "via_upstream":
        refused = found.code in (401, 403)
        outcome = Outcome.REFUSED if refused else Outcome.DONE if found.code < 400 else Outcome.FAILED
        flags = _FLAGS | _STREAM_FLAGS if found.code == _SWITCHED else _FLAGS
        return outcome, "api server", "" if found.flags == "-" else flags.get(found.flags, found.flags)
    for start, outcome, why in _DETAILS:
        if found.why.startswith(start):
            rest = found.why.removeprefix(start).strip("{}").replace("_", " ")
            return outcome, "gateway", why or rest
    ended = Outcome.DONE if 0 < found.code < 400 else Outcome.FAILED
    return ended, "gateway", _FLAGS.get(found.flags, found.why)


_DETAILS = (
    ("jwt_authn_access_denied", Outcome.REFUSED, ""),
    ("rbac_access_denied_matched_policy[revoked]", Outcome.REFUSED, "the session has been ended"),
    ("rbac_access_denied", Outcome.REFUSED, "no verified identity"),
    ("direct_response", Outcome.REFUSED, "not a request that the gateway knows"),
    ("upgrade_failed", Outcome.REFUSED, "not an upgrade that the gateway knows"),
)
_SWITCHED = 101  # the status of an upgrade that was accepted
_STREAM_FLAGS = {
    "DC": "the client ended the stream",
    "UC": "the API server ended the stream",
}  # how every stream ends, well or not
_FLAGS = {
    "DC": "the client went away",
    "UC": "the API server went away",
    "UF": "the API server cannot be reached",
    "UH": "the API server cannot be reached",
    "NC": "the gateway has no token for the cluster yet",
    "DPE": "the client spoke no HTTP",
    "UPE": "the API server spoke no HTTP",
    "UR": "the API server reset the request",
    "DR": "the client reset the request",
}
