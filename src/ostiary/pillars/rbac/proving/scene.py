"""The clauses of one World as they grow, and what is looked up to make them.

Clauses about a right are made when somebody turns out to have it (``agenda``), so that their number is that of bindings, service accounts and pods, not of
their products.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ostiary.model.levels import Level
from ostiary.model.meta import Ref
from ostiary.model.rbac import Role
from ostiary.model.rbac_intent import Assumed
from ostiary.model.workloads import AnyWorkload
from ostiary.model.world import World
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.columns import Columns
from ostiary.pillars.rbac.doubt import ROLE
from ostiary.pillars.rbac.escalations.primitive import Need
from ostiary.pillars.rbac.grants import Grant
from ostiary.pillars.rbac.identity import split_service_account
from ostiary.pillars.rbac.proving import horn
from ostiary.pillars.rbac.proving.atoms import AS, HOLDS, MAY
from ostiary.pillars.rbac.proving.carried import Carried, carried
from ostiary.pillars.rbac.proving.horn import Atom, Program
from ostiary.pillars.rbac.proving.rights import rights
from ostiary.pillars.rbac.subject import USER, SubjectKey

ENFORCE = "pod-security.kubernetes.io/enforce"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
Leads = tuple[str, str, str]  # right, scope, name
_SECTIONS = {
    "deployments": "deployments",
    "daemonsets": "daemon_sets",
    "statefulsets": "stateful_sets",
    "replicasets": "replica_sets",
    "replicationcontrollers": "replication_controllers",
    "cronjobs": "cron_jobs",
}


@dataclass(slots=True)
class Scene:
    """What clauses are made from, and the clauses."""

    world: World
    assume: frozenset[Assumed]
    authorizer: Authorizer
    columns: Columns
    rights: dict[str, Need]
    keys: tuple[SubjectKey, ...]  # everybody: whom bindings name, every service account, and who has no name
    namespaces: tuple[str, ...]
    accounts: dict[str, tuple[str, ...]]  # that are there
    absent: dict[str, tuple[str, ...]]  # that bindings name and that are not there
    pods: tuple[Carried, ...]
    own_roles: dict[str, tuple[str, ...]]  # names of the Roles of each namespace
    templates: dict[str, dict[str, tuple[str, ...]]]  # names of the workloads there, by resource and namespace
    loose: dict[str, bool]  # namespaces without a level, and whether that is sure
    program: Program = field(default_factory=Program)
    agenda: list[Leads] = field(default_factory=list)
    roles: dict[Atom, tuple[Ref, str]] = field(default_factory=dict)  # that somebody may bind, and where
    numbers: dict[int, int] = field(default_factory=dict)  # of grants, by id
    given: set[tuple[Atom, Atom]] = field(default_factory=set)

    @classmethod
    def of(cls, world: World, assume: Iterable[Assumed] = ()) -> "Scene":
        """Resolve every binding and look up what is needed; no clause yet."""
        authorizer = Authorizer(world.cluster)
        keys = {key for grant in authorizer.grants.all for key in grant.keys if key is not None}
        accounts, absent = _accounts(world, keys)
        every = keys | {
            SubjectKey(USER, f"system:serviceaccount:{ns}:{one}") for ns, names in accounts.items() for one in names
        }
        every |= {SubjectKey("Group", name) for name in ("system:authenticated", "system:unauthenticated")}
        every |= {SubjectKey(USER, "system:anonymous")}
        namespaces = {one.metadata.name for one in world.cluster.namespaces} | accounts.keys() | absent.keys()
        namespaces |= {grant.scope for grant in authorizer.grants.all if grant.scope}
        return cls(
            world=world,
            assume=frozenset(assume),
            authorizer=authorizer,
            columns=Columns(authorizer.grants),
            rights=rights(authorizer.server, world.cluster),
            keys=tuple(sorted(every)),
            namespaces=tuple(sorted(namespaces)),
            accounts=accounts,
            absent=absent,
            pods=carried(world.cluster),
            own_roles=_names(world.cluster.roles),
            templates={resource: _names(getattr(world.cluster, section)) for resource, section in _SECTIONS.items()},
            loose=_loose(world, namespaces),
            numbers={id(grant): number for number, grant in enumerate(authorizer.grants.all)},
        )

    @property
    def live(self) -> bool:
        """Whether an API server was seen, which shows everything; manifests may be part of what there will be."""
        return bool(self.world.cluster.server_version)

    def sure(self, head: Atom, *body: Atom, note: object = None) -> None:
        """A clause that holds for sure; it is a step of a chain when it says something."""
        self.program.add(head, *body, level=horn.Level.SURE, cost=int(note is not None), note=note)

    def perhaps(self, head: Atom, *body: Atom, note: object) -> None:
        """A clause of which the objects of the cluster do not say whether it holds."""
        self.program.add(head, *body, level=horn.Level.PERHAPS, cost=1, note=note)

    def holding(self, grant: Grant) -> Atom:
        """The atom of a grant; its holders are put in the first time."""
        atom = HOLDS(self.numbers[id(grant)])
        if not self.program.known(atom):
            for key in dict.fromkeys(grant.keys):
                if key is not None:
                    self.program.add(atom, AS(key), level=horn.Level.BOUND)
        return atom

    def gives(self, owner: Atom, right: str, scope: str, name: str, note: object) -> None:
        """That whoever has the owner atom has a right."""
        atom = MAY(right, scope, name)
        if (owner, atom) not in self.given:
            self.given.add((owner, atom))
            if not self.program.known(atom):
                self.agenda.append((right, scope, name))
            self.program.add(atom, owner, level=horn.Level.BOUND, cost=1, note=note)

    def roles_in(self, scope: str, name: str) -> tuple[Ref, ...]:
        """The Roles of that name (empty: all) in a scope."""
        found = (Ref(ROLE, place, one) for place in self.places(scope) for one in self.own_roles.get(place, ()))
        return tuple(role for role in found if name in ("", role.name))

    def places(self, scope: str) -> tuple[str, ...]:
        """The namespaces of a scope."""
        return (scope,) if scope else self.namespaces


def _accounts(world: World, keys: Iterable[SubjectKey]) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """By namespace, the accounts that are there (one called default is in each) and those that only bindings name."""
    there: defaultdict[str, set[str]] = defaultdict(set)
    for namespace in world.cluster.namespaces:
        there[namespace.metadata.name].add("default")
    for account in world.cluster.service_accounts:
        there[account.metadata.namespace] |= {account.metadata.name, "default"}
    absent: defaultdict[str, set[str]] = defaultdict(set)
    for key in keys:
        split = split_service_account(key.name) if key.kind == USER else None
        if split is not None and split[1] not in there.get(split[0], ()):
            absent[split[0]].add(split[1])
    return (
        {namespace: tuple(sorted(names)) for namespace, names in there.items()},
        {namespace: tuple(sorted(names)) for namespace, names in absent.items()},
    )


def _names(workloads: Iterable[AnyWorkload | Role]) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in workloads:
        found[one.metadata.namespace].append(one.metadata.name)
    return {namespace: tuple(names) for namespace, names in found.items()}


def _loose(world: World, namespaces: Iterable[str]) -> dict[str, bool]:
    """A namespace that is not seen, and one whose pods something else may judge too, is loose perhaps. A level that is none counts as restricted."""
    labels = {one.metadata.name: one.metadata.labels for one in world.cluster.namespaces}
    judged = bool(world.cluster.validating_webhooks or world.cluster.validating_admission_policies)
    found = {}
    for namespace in sorted(namespaces):
        if labels.get(namespace, {}).get(ENFORCE, Level.PRIVILEGED.value) == Level.PRIVILEGED.value:
            found[namespace] = namespace in labels and not judged
    return found
