"""Guardrails as goals: the clauses that say when one is reached, who must not reach it, and what cannot be a guardrail at all.

A goal is reached by a right to the request itself; by reading a secret otherwise than by request, through a pod say, where reading secrets is kept; by having
pods made, through a controller say, where making pods is kept; and by whatever gives everything. Whoever a guardrail allows, and whom Kubernetes runs by, is
not asked about; but what they hold counts for whoever gets to act as them.

>>> check(Guardrail(name="x", cluster_admin=True), Cluster())
()
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from ostiary.core.errors import BadInput
from ostiary.model.cluster import Cluster
from ostiary.model.rbac_intent import About, Guardrail, SubjectKind
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.identity import MASTERS, SERVICE_ACCOUNTS, service_account_user, split_service_account
from ostiary.pillars.rbac.proving.atoms import ALL, EVERY_NAMESPACE, RUN, ByGrant, ByRole, Said, account
from ostiary.pillars.rbac.proving.horn import Atom, Level
from ostiary.pillars.rbac.proving.own import is_own
from ostiary.pillars.rbac.proving.program import limits, rules_of
from ostiary.pillars.rbac.proving.scene import Scene
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.subject import GROUP, SubjectKey
from ostiary.pillars.rbac.vocabulary import find, scope

READS = frozenset({"get", "list", "watch"})


def allowed(guardrail: Guardrail) -> frozenset[SubjectKey]:
    """The subjects that a guardrail allows. BadInput for a service account without its namespace: it would mean nobody."""
    for one in guardrail.only:
        if (one.kind is SubjectKind.SERVICE_ACCOUNT) is not bool(one.namespace):
            raise BadInput(
                f"guardrail {guardrail.name}: {one.kind} {one.name} {'has a' if one.namespace else 'has no'} namespace",
                todo="a ServiceAccount has one; a User and a Group have none",
            )
    return frozenset(
        SubjectKey("User", service_account_user(one.namespace, one.name))
        if one.kind is SubjectKind.SERVICE_ACCOUNT
        else SubjectKey(one.kind.value, one.name)
        for one in guardrail.only
    )


def starts(scene: Scene, guardrail: Guardrail) -> tuple[SubjectKey, ...]:
    """Everybody who must not reach it. A service account that a running cluster does not have is nobody, until somebody makes it."""
    may = allowed(guardrail)
    nobody = {account(where, one) for where, names in scene.absent.items() for one in names} if scene.live else set()
    return tuple(key for key in scene.keys if key not in may and key not in nobody and asked_about(guardrail, key))


def asked_about(guardrail: Guardrail, key: SubjectKey) -> bool:
    """Whether a guardrail asks about somebody at all."""
    if is_own(key) or key == SubjectKey(GROUP, MASTERS):
        return False
    if guardrail.about is About.EVERYBODY:
        return True
    if key.kind == GROUP:
        return key.name == SERVICE_ACCOUNTS or key.name.startswith(f"{SERVICE_ACCOUNTS}:")
    return split_service_account(key.name) is not None


def requests(guardrail: Guardrail, cluster: Cluster) -> tuple[Request, ...]:
    """The requests that a guardrail keeps; their names are left open."""
    return tuple(
        Request(verb, *_resource(guardrail, word, cluster)) for word in guardrail.resources for verb in guardrail.verbs
    )


def _resource(guardrail: Guardrail, word: str, cluster: Cluster) -> tuple[str, str, str]:
    """Resource, group and subresource of ``RESOURCE[.GROUP][/SUBRESOURCE]``."""
    whole, _, subresource = word.partition("/")
    plain, dot, group = whole.partition(".")
    known = find(plain, cluster)
    if not dot and not known:
        raise BadInput(
            f"guardrail {guardrail.name}: nothing here knows the resource {plain!r}, so it would keep nothing",
            todo="write it in the plural, with its group where it is a custom resource: kustomizations.kustomize.toolkit.fluxcd.io",
        )
    return plain, group if dot else known[0].group, subresource


def check(guardrail: Guardrail, cluster: Cluster) -> tuple[str, ...]:
    """What keeps a guardrail from meaning anything."""
    said = bool(guardrail.verbs or guardrail.resources or guardrail.names or guardrail.namespaces or guardrail.everywhere)
    if guardrail.cluster_admin:
        return ("clusterAdmin stands alone: leave out verbs, resources, names, namespaces and everywhere",) if said else ()
    if not guardrail.verbs or not guardrail.resources:
        return ("it keeps nothing: give verbs and resources, or clusterAdmin: true",)
    if "*" in guardrail.verbs or any("*" in word for word in guardrail.resources):
        return ("a star would mean a rule with a star: name the verbs and resources, or write clusterAdmin: true",)
    inside = any(scope(one.api_group, one.resource, cluster) is not False for one in requests(guardrail, cluster))
    if inside and bool(guardrail.namespaces) is guardrail.everywhere:
        return ("it has to say where: namespaces, or everywhere: true",)
    return ()


def checked(guardrails: Iterable[Guardrail], cluster: Cluster) -> tuple[Guardrail, ...]:
    """The guardrails with their resources written out, when all of them mean something. BadInput otherwise, and where two have one name."""
    every = tuple(guardrails)
    names = [one.name for one in every]
    for one in every:
        if problems := check(one, cluster):
            raise BadInput(f"guardrail {one.name}: {problems[0]}", todo="the keys are in docs/guardrails.md")
        if names.count(one.name) > 1:
            raise BadInput(f"two guardrails are called {one.name}", todo="give each a name of its own")
        allowed(one)
    return tuple(replace(one, resources=tuple(_qualified(one, word, cluster) for word in one.resources)) for one in every)


def _qualified(guardrail: Guardrail, word: str, cluster: Cluster) -> str:
    """A resource with its group, so that the claim says which one is meant; without one it is of the core group."""
    resource, group, subresource = _resource(guardrail, word, cluster)
    return Request("", resource, group, subresource).qualified


def goal(scene: Scene, guardrail: Guardrail) -> Atom:
    """The goal's atom, its clauses put in."""
    atom: Atom = ("goal", guardrail.name)
    if guardrail.cluster_admin:
        scene.program.add(atom, ALL(CLUSTER), level=Level.BOUND)
        return atom
    wanted = requests(guardrail, scene.world.cluster)
    _by_request(scene, guardrail, wanted, atom)
    for place in _places(scene, guardrail):
        scene.program.add(atom, ALL(place), level=Level.BOUND)
    if any(one.resource == "secrets" and not one.api_group and one.verb in READS for one in wanted):
        _by_reading(scene, guardrail, atom)
    if any((one.verb, one.api_group, one.combined) == ("create", "", "pods") for one in wanted):
        for place in _places(scene, guardrail):
            scene.sure(atom, RUN(place), note=Said("so has pods made {}", (f"in namespace {place}" if place else "anywhere",)))
    return atom


def _places(scene: Scene, guardrail: Guardrail) -> tuple[str, ...]:
    return (CLUSTER, *(scene.namespaces if guardrail.everywhere else guardrail.namespaces))


def _by_request(scene: Scene, guardrail: Guardrail, wanted: Iterable[Request], atom: Atom) -> None:
    for request in wanted:
        for grant, names in scene.columns.holding(request):
            if _counts(guardrail, request, grant.scope, names):
                shown = ", ".join(sorted(names or ()))
                note = ByGrant(grant, request, shown)
                scene.program.add(atom, scene.holding(grant), level=Level.BOUND, cost=1, note=note)
        for bound, (role, where) in scene.roles.items():
            found = limits(rules_of(scene, role), request)
            if found and _counts(guardrail, request, where, None if "" in found else frozenset(found)):
                scene.sure(atom, bound, note=ByRole(role, where, request))


def _counts(guardrail: Guardrail, request: Request, place: str, names: frozenset[str] | None) -> bool:
    """Whether a rule with these names, in that scope, is one that the guardrail keeps from people."""
    everywhere = guardrail.everywhere or (place == EVERY_NAMESPACE and bool(guardrail.namespaces))
    if not (place == CLUSTER or everywhere or place in guardrail.namespaces):
        return False
    if names is None:
        return True
    nameless = request.verb == "deletecollection" or (request.verb == "create" and not request.subresource)
    return not nameless and (not guardrail.names or bool(names & frozenset(guardrail.names)))


def _by_reading(scene: Scene, guardrail: Guardrail, atom: Atom) -> None:
    """By every way to the contents of a secret that some clause speaks of."""
    kept = frozenset(guardrail.names)
    for known in _secret_atoms(scene):
        _, place, name = known
        here = place == CLUSTER or guardrail.everywhere or place in guardrail.namespaces
        if here and (not name or not kept or name in kept):
            scene.sure(atom, known)


def _secret_atoms(scene: Scene) -> Iterator[tuple[object, str, str]]:
    for known in tuple(scene.program.atoms):
        if known[0] == "secrets":
            yield known[0], str(known[1]), str(known[2])
