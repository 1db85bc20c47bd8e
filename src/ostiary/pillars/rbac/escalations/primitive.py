"""An escalation primitive: what has to be held, all of it, and what is gained.

A primitive says nothing about anybody; ``facts`` says who holds it. Its needs are joined by AND; inside a need any one request is enough. What is gained is a
closed list of kinds, so that whoever chains facts decides about every kind.

>>> Need((Request("get", "secrets"),), named=True).requests[0].verb
'get'
"""

from dataclasses import dataclass
from enum import Enum

from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.server import Server


class Gain(Enum):
    """What a primitive leads to. ``names`` of a fact limit it, where it has any; the fact's scope says where."""

    ACCOUNTS = "every service account of the namespace, and every secret and config map a pod there may mount"
    WORKLOADS = "the service accounts of these workloads"
    PODS = "the service accounts of these running pods"
    POD_NETWORK = "the network position of these pods"
    SECRETS = "the contents of these secrets"
    TOKENS = "tokens of these service accounts"
    USERS = "these users"
    GROUPS = "these groups, beside some user"
    NODES = "these nodes"
    ROLES = "these roles, in the scope"
    ANYTHING = "any right, in the scope"
    NODE_PODS = "the service accounts of the pods on these nodes"
    POD_SECURITY = "other Pod Security levels and network selectors of the namespace"
    HOST = "files of a node"
    OBJECTS = "every object as it is written, pods and their service accounts among them"
    OBSERVED = "the contents of every object as it is written, secrets among them"
    TRAFFIC = "traffic and credentials of others"
    PLACEMENT = "pods on a node of one's choice"
    STOLEN_PODS = "pods driven onto a node that one holds"
    CLUSTER = "the cluster"
    OPERATORS = "what the operator's service account may do"
    CERTIFICATES = "certificates in the name of these signers, with the signer's key"
    SHARED = "one's own rights for everybody who holds an aggregated role"


class Place(Enum):
    """Where the needs have to be held."""

    NAMESPACE = "in a namespace or cluster-wide"
    CLUSTER = "cluster-wide"


@dataclass(frozen=True, slots=True)
class Need:
    """Any of these requests. ``named``: a rule with ``resourceNames`` is worth something too, and then ``names`` limits what is gained.

    ``place`` is where it is held: CLUSTER for what is in no namespace. ``only`` lists the names that make it dangerous, ``prefix`` a verb that begins so.
    """

    requests: tuple[Request, ...]
    named: bool = False
    place: Place = Place.NAMESPACE
    only: tuple[str, ...] = ()
    prefix: str = ""
    limits: bool = True  # whether its names limit what is gained


@dataclass(frozen=True, slots=True)
class Primitive:
    """One way up. ``row`` is its row in the catalogue of docs/rbac.md; ``since`` and ``until`` are minor versions, the last one excluded."""

    key: str
    row: int
    gain: Gain
    needs: tuple[Need, ...]
    source: str
    since: int = 0
    until: int = 10_000
    gate: str = ""
    namespace: str = ""  # the only namespace in which it counts
    beside: str = ""  # what has to be true beside RBAC

    def applies(self, server: Server) -> bool:
        """Whether a server of this version and these gates has it."""
        return self.since <= server.minor < self.until and (not self.gate or server.enabled(self.gate))
