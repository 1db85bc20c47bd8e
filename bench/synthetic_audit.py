"""A simulated cluster with controllers whose needs are known, and the audit log that they write.

Each controller follows one of ten patterns of real ones: it watches a resource of its own, elects a leader among two replicas, writes status and events, makes
objects in namespaces. Leaders change about every six days, upgrades come twice a month and bring new pods, backups run weekly from a pod of their own,
namespaces and names keep coming. All of them hold far more than they need. One event in a hundred is an attacker's, who holds the token of one pod.

A need is what the controller's code may do at any time; what it does in a month is drawn from it, so that the log alone does not give it away.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from ostiary.model.basics import CRDNames, CRDSpec, CustomResourceDefinition, Namespace, ServiceAccount
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta
from ostiary.model.rbac import Binding, PolicyRule, Role, RoleRef, Subject
from ostiary.pillars.rbac.learning.atom import Atom

START = datetime(2026, 11, 1, tzinfo=UTC)
RBAC, LEASES, OWN = "rbac.authorization.k8s.io", "coordination.k8s.io", "shop.example"
NAMESPACES = 24  # at the start; one more every other day
READ = ("get", "list", "watch")

# What an attacker tries with a stolen token; nearly all of it is granted.
ATTACKS = (
    Atom("list", "", "secrets"),
    Atom("get", "", "secrets", "admin-token", "kube-system"),
    Atom("create", "", "pods/exec", "api-0", "app-1"),
    Atom("create", "", "serviceaccounts/token", "default", "kube-system"),
    Atom("create", RBAC, "clusterrolebindings"),
    Atom("get", "", "nodes/proxy", "node-1"),
    Atom("list", "", "configmaps", "", "kube-system"),
    Atom("create", "batch", "jobs", "", "kube-system"),
    Atom("patch", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "pods"),
    Atom("impersonate", "", "users", "admin"),
)


def namespaces(day: int) -> list[str]:
    """The namespaces of a day."""
    return [f"app-{number}" for number in range(NAMESPACES + day // 2)]


Draw = Callable[[Random, int], list[Atom]]


@dataclass(frozen=True, slots=True)
class Controller:
    """One controller. ``daily``: what it does on an ordinary day; ``on``: what else it does on some days."""

    user: str
    pattern: str
    needs: frozenset[Atom]
    daily: Draw
    on: dict[str, Draw] = field(default_factory=dict)


def _elected(home: str, name: str) -> tuple[Atom, ...]:
    lease = Atom("get", LEASES, "leases", name, home)
    events = (Atom(verb, "", "events", "", home) for verb in ("create", "patch"))
    return (lease, lease._replace(verb="update"), lease._replace(verb="create", name=""), *events)


def _informed(group: str, resource: str) -> tuple[Atom, ...]:
    return tuple(Atom(verb, group, resource) for verb in READ)


def _renew(home: str, name: str) -> list[Atom]:
    lease = Atom("update", LEASES, "leases", name, home)
    return [lease] * 12 + [lease._replace(verb="get")] * 2


def _leader(home: str) -> Draw:
    return lambda random, day: [
        Atom(verb, "", "events", "", home) for verb in random.sample(("create", "patch"), random.choice((1, 2)))
    ]


def _place(random: Random, day: int) -> str:
    return random.choice(namespaces(day))


def _name(random: Random, day: int) -> str:
    return f"obj-{day // 3}-{random.randrange(6)}"


def _watching(group: str, resource: str, random: Random) -> list[Atom]:
    watch = Atom("watch", group, resource)
    return [watch] * 6 + [watch._replace(verb="list")] * random.choice((1, 1, 2))


def _status(number: int, home: str, name: str) -> Controller:
    """Watches its own resource everywhere and writes its status."""
    plural = f"widgets{number}"
    needs = {*_elected(home, name), *_informed(OWN, plural), Atom("patch", OWN, f"{plural}/status")}

    def daily(random: Random, day: int) -> list[Atom]:
        what = [Atom("patch", OWN, f"{plural}/status", _name(random, day), _place(random, day)) for _ in range(12)]
        return [
            *_renew(home, name),
            *_watching(OWN, plural, random),
            *what,
            Atom("get", OWN, plural, _name(random, day), _place(random, day)),
        ]

    return Controller(_user(home, name), "status", frozenset(needs), daily, {"leader": _leader(home)})


def _operator(number: int, home: str, name: str) -> Controller:
    """Keeps deployments and services in three namespaces of its own."""
    plural, places = f"widgets{number}", [f"app-{(number * 3 + k) % NAMESPACES}" for k in range(3)]
    owned = [("apps", "deployments"), ("", "services")]
    verbs = ("create", "update", "delete")
    needs = {*_elected(home, name), *_informed(OWN, plural)}
    needs |= {Atom("update", OWN, f"{plural}/{sub}", "", place) for place in places for sub in ("status", "finalizers")}
    needs |= {Atom(verb, group, what, "", place) for place in places for group, what in owned for verb in ("get", *verbs)}

    def daily(random: Random, day: int) -> list[Atom]:
        done = [*_renew(home, name), *_watching(OWN, plural, random)]
        for place in places:
            for group, what in owned:
                verbs_today = ("get", "get", "update", *(verbs if random.random() < 0.6 else ()))
                done += [Atom(verb, group, what, "" if verb == "create" else _name(random, day), place) for verb in verbs_today]
        return [*done, *(Atom("update", OWN, f"{plural}/status", _name(random, day), random.choice(places)) for _ in range(4))]

    return Controller(_user(home, name), "operator", frozenset(needs), daily, {"leader": _leader(home)})


def _certificates(number: int, home: str, name: str) -> Controller:
    """Watches secrets everywhere, and keeps some."""
    needs = {*_elected(home, name), *_informed("", "secrets"), Atom("update", "", "secrets"), Atom("create", "", "secrets")}

    def daily(random: Random, day: int) -> list[Atom]:
        places = [_place(random, day) for _ in range(6)]
        kept = [
            Atom(verb, "", "secrets", "" if verb == "create" else _name(random, day), place)
            for place in places
            for verb in ("create", "update")
        ]
        return [
            *_renew(home, name),
            *_watching("", "secrets", random),
            *kept,
            Atom("get", "", "secrets", _name(random, day), _place(random, day)),
        ]

    return Controller(_user(home, name), "certificates", frozenset(needs), daily, {"leader": _leader(home)})


def _backup(number: int, home: str, name: str) -> Controller:
    """Once a week, from a pod of its own: reads much, writes a record."""
    read = [("", "pods"), ("", "configmaps"), ("", "persistentvolumeclaims"), ("apps", "deployments"), ("apps", "statefulsets")]
    needs = {Atom(verb, group, what) for group, what in read for verb in ("get", "list")}
    needs |= {Atom("create", OWN, "backups", "", home), Atom("patch", OWN, "backups", "", home)}

    def weekly(random: Random, day: int) -> list[Atom]:
        lists = [Atom("list", group, what) for group, what in read]
        gets = [Atom("get", group, what, _name(random, day), _place(random, day)) for group, what in read for _ in range(30)]
        return [
            *lists,
            *gets,
            Atom("create", OWN, "backups", "", home),
            Atom("patch", OWN, "backups", f"week-{day // 7}", home),
        ]

    return Controller(_user(home, name), "backup", frozenset(needs), lambda random, day: [], {"backup": weekly})


def _upgraded(number: int, home: str, name: str) -> Controller:
    """A status controller that migrates its own definition when it is upgraded."""
    base = _status(number, home, name)
    own = [
        Atom(verb, "apiextensions.k8s.io", "customresourcedefinitions", f"widgets{number}.{OWN}") for verb in ("get", "patch")
    ]
    return Controller(
        base.user, "upgraded", base.needs | set(own), base.daily, {**base.on, "upgrade": lambda random, day: list(own)}
    )


def _deployer(number: int, home: str, name: str) -> Controller:
    """A deployer outside of the cluster, a user: patches its deployments by name."""
    places = [f"app-{(number * 2 + k) % NAMESPACES}" for k in range(3)]
    own = [Atom(verb, "apps", "deployments", name, place) for place in places for verb in ("get", "patch")]
    return Controller(f"ci-{name}", "deployer", frozenset(own), lambda random, day: [*own, *own])


def _scraper(number: int, home: str, name: str) -> Controller:
    """Watches nodes, pods and services, reads metrics."""
    watched = [("", "nodes"), ("", "pods"), ("", "services"), ("discovery.k8s.io", "endpointslices")]
    needs = {
        *(atom for one in watched for atom in _informed(*one)),
        Atom("get", "", "nodes/metrics"),
        Atom("get", path="/metrics"),
    }

    def daily(random: Random, day: int) -> list[Atom]:
        seen = [atom for group, what in watched for atom in _watching(group, what, random)]
        metrics = [Atom("get", "", "nodes/metrics", f"node-{random.randrange(12)}") for _ in range(20)]
        reads = [
            Atom("get", "", "nodes", f"node-{random.randrange(12)}"),
            Atom("get", "", "pods", _name(random, day), _place(random, day)),
        ]
        return [*seen, *metrics, *reads, *[Atom("get", path="/metrics")] * 4]

    return Controller(_user(home, name), "scraper", frozenset(needs), daily)


def _reader(number: int, home: str, name: str) -> Controller:
    """Reads its own settings and credentials, by name."""
    own = [Atom("get", "", what, f"{name}-{what}", home) for what in ("configmaps", "secrets")]
    return Controller(_user(home, name), "reader", frozenset(own), lambda random, day: own * 6)


def _cleaner(number: int, home: str, name: str) -> Controller:
    """Deletes finished pods and jobs wherever they are."""
    watched = [("", "pods"), ("batch", "jobs")]
    needs = {
        *_elected(home, name),
        *(atom for one in watched for atom in _informed(*one)),
        *(Atom("delete", *one) for one in watched),
    }

    def daily(random: Random, day: int) -> list[Atom]:
        seen = [atom for one in watched for atom in _watching(*one, random)]
        done = [
            Atom(verb, *one, _name(random, day), _place(random, day))
            for one in watched
            for verb in ("get", "delete", "delete", "delete")
        ]
        return [*_renew(home, name), *seen, *done]

    return Controller(_user(home, name), "cleaner", frozenset(needs), daily, {"leader": _leader(home)})


def _labeller(number: int, home: str, name: str) -> Controller:
    """Patches every namespace that comes: a right that leads further, under ever new names."""
    needs = {*_elected(home, name), *_informed("", "namespaces"), Atom("patch", "", "namespaces")}

    def daily(random: Random, day: int) -> list[Atom]:
        newest = namespaces(day)[-1]
        return [*_renew(home, name), *_watching("", "namespaces", random), Atom("patch", "", "namespaces", newest, newest)]

    return Controller(_user(home, name), "labeller", frozenset(needs), daily, {"leader": _leader(home)})


def _user(home: str, name: str) -> str:
    return f"system:serviceaccount:{home}:{name}"


_PATTERNS = (
    *(_status, _operator, _certificates, _backup, _upgraded, _deployer, _scraper, _reader, _cleaner),
    *(_status, _operator, _upgraded, _scraper, _reader, _cleaner, _deployer),
)


def controllers(count: int) -> tuple[Controller, ...]:
    """So many controllers; one of fifty is the labeller."""
    made = [_PATTERNS[n % len(_PATTERNS)](n, f"sys-{n}", f"ctl-{n}") for n in range(count)]
    return (*made[:-1], _labeller(count - 1, f"sys-{count - 1}", f"ctl-{count - 1}")) if count >= 50 else tuple(made)


def cluster(every: tuple[Controller, ...], day: int) -> Cluster:
    """The cluster on a day: every controller holds nearly everything, cluster-wide."""
    homes = [f"sys-{n}" for n in range(len(every))]
    rules = (
        PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",)),
        PolicyRule(verbs=("get",), non_resource_urls=("/metrics", "/metrics/*")),
    )
    return Cluster(
        namespaces=tuple(Namespace(metadata=Meta(name=name)) for name in (*namespaces(day), *homes, "kube-system")),
        service_accounts=tuple(ServiceAccount(metadata=Meta(name=f"ctl-{n}", namespace=home)) for n, home in enumerate(homes)),
        custom_resource_definitions=tuple(
            _definition(plural) for plural in ("backups", *(f"widgets{n}" for n in range(len(every))))
        ),
        cluster_roles=(Role(metadata=Meta(name="too-much"), rules=rules),),
        cluster_role_bindings=tuple(_binding(n, one) for n, one in enumerate(every)),
        server_version="v1.37.2",
    )


def _definition(plural: str) -> CustomResourceDefinition:
    names = CRDNames(plural=plural, kind=plural.title())
    return CustomResourceDefinition(
        metadata=Meta(name=f"{plural}.{OWN}"), spec=CRDSpec(group=OWN, scope="Namespaced", names=names)
    )


def _binding(number: int, one: Controller) -> Binding:
    _, _, account = one.user.partition("system:serviceaccount:")
    home, _, name = account.partition(":")
    subject = (
        Subject(kind="ServiceAccount", name=name, namespace=home)
        if account
        else Subject(kind="User", name=one.user, api_group=RBAC)
    )
    return Binding(
        metadata=Meta(name=f"binding-{number}"),
        subjects=(subject,),
        role_ref=RoleRef(api_group=RBAC, kind="ClusterRole", name="too-much"),
    )


class Simulation:
    """Writes the log, day by day. ``busy`` multiplies the ordinary events of a day."""

    def __init__(self, every: tuple[Controller, ...], *, busy: int = 1, poison: float = 0.01, seed: int = 7) -> None:
        self._random, self._every, self._busy, self._poison = Random(seed), every, busy, poison
        self._pods = {one.user: 0 for one in every}
        self._stolen = {one.user for one in self._random.sample(every, max(1, len(every) // 5))}
        self._number = 0

    def day(self, day: int) -> Iterator[bytes]:
        """The lines of one day, in order of time."""
        done = [(one, pod, atom) for one in self._every for pod, atom in self._of(one, day)]
        self._random.shuffle(done)
        step = timedelta(days=1) / max(1, len(done))
        for number, (one, pod, atom) in enumerate(done):
            yield self._line(one.user, pod, atom, START + timedelta(days=day) + step * number)

    def _of(self, one: Controller, day: int) -> Iterator[tuple[str, Atom]]:
        random, kinds = self._random, self._events_of(day)
        if "upgrade" in kinds or random.random() < 1 / 6:
            self._pods[one.user] += 1
            kinds = (*kinds, "leader")
        pod = f"{one.user}-{self._pods[one.user]}"
        ordinary = [atom for _ in range(self._busy) for atom in one.daily(random, day)]
        ordinary += [atom for kind in kinds if kind in one.on for atom in one.on[kind](random, day)]
        yield from ((pod, atom) for atom in ordinary)
        if one.user in self._stolen and day % 3 == 0:
            share = self._poison * 3 * len(self._every) / len(self._stolen)
            attacks = max(1, round(len(ordinary) * share)) if self._poison else 0
            yield from ((f"{one.user}-0", random.choice(ATTACKS)) for _ in range(attacks))

    @staticmethod
    def _events_of(day: int) -> tuple[str, ...]:
        return tuple(kind for kind, when in (("backup", day % 7 == 5), ("upgrade", day % 14 == 9)) if when)

    def _line(self, user: str, pod: str, atom: Atom, when: datetime) -> bytes:
        self._number += 1
        return json.dumps(event(user, pod, atom, when, self._number), separators=(",", ":")).encode() + b"\n"


def event(user: str, pod: str, atom: Atom, when: datetime, number: int) -> dict[str, object]:
    """One event as an API server writes it."""
    resource, _, sub = atom.resource.partition("/")
    account = user.split(":")[2] if user.startswith("system:serviceaccount:") else ""
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{account}"] if account else []
    stamp = when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    ref = {
        "resource": resource,
        "namespace": atom.namespace,
        "name": atom.name,
        "apiGroup": atom.api_group,
        "apiVersion": "v1",
        "subresource": sub,
    }
    extra = {
        "authentication.kubernetes.io/credential-id": [f"JTI={pod}-{when.hour}"],
        "authentication.kubernetes.io/node-name": ["node-1"],
        "authentication.kubernetes.io/pod-name": [pod],
        "authentication.kubernetes.io/pod-uid": [pod],
    }
    where = f"/namespaces/{atom.namespace}" if atom.namespace else ""
    parts = "/".join(part for part in (resource, atom.name, sub) if part)
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": f"{number:032x}",
        "stage": "ResponseComplete",
        "requestURI": atom.path or f"/apis/{atom.api_group}/v1{where}/{parts}",
        "verb": atom.verb,
        "user": {"username": user, "uid": "3f0c5a9e-0001-4f62-9a2c-0f3d5a1c2b33", "groups": [*groups, "system:authenticated"]}
        | ({"extra": extra} if account else {}),
        "sourceIPs": ["10.0.0.7"],
        "userAgent": "controller/v1.9.2 (linux/amd64) kubernetes/$Format/leader-election",
        **({} if atom.path else {"objectRef": {key: value for key, value in ref.items() if value}}),
        "responseStatus": {"metadata": {}, "code": 201 if atom.verb == "create" else 200},
        "requestReceivedTimestamp": stamp,
        "stageTimestamp": stamp,
        "annotations": {
            "authorization.k8s.io/decision": "allow",
            "authorization.k8s.io/reason": 'RBAC: allowed by ClusterRoleBinding "binding" of ClusterRole "too-much" to ServiceAccount "ctl"',
        },
    }
