"""From a World to its clauses: who is always in which group, which binding gives which right, and what the rights lead to.

>>> clauses(World.of(Cluster(), today=date(2026, 11, 24))).agenda
[]
"""

from collections.abc import Iterable, Iterator

from ostiary.model.meta import Ref
from ostiary.model.rbac import PolicyRule
from ostiary.model.rbac_intent import Assumed
from ostiary.model.world import World
from ostiary.pillars.rbac.defaults import CLUSTER_ADMIN
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE
from ostiary.pillars.rbac.escalations.facts import implied
from ostiary.pillars.rbac.escalations.primitive import Need, Place
from ostiary.pillars.rbac.grants import CLUSTER, Grant
from ostiary.pillars.rbac.identity import MASTERS
from ostiary.pillars.rbac.proving import effects, lateral
from ostiary.pillars.rbac.proving.atoms import ALL, AS, EVERY_NAMESPACE, ByGrant, ByRole, Said
from ostiary.pillars.rbac.proving.horn import Atom, Level
from ostiary.pillars.rbac.proving.scene import Scene
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.rule import ALL as STAR
from ostiary.pillars.rbac.rule import group_matches, resource_matches, verb_matches
from ostiary.pillars.rbac.subject import GROUP, SubjectKey

_ANYTHING = Request(STAR, STAR, STAR)


def clauses(world: World, assume: Iterable[Assumed] = ()) -> Scene:
    """Every clause of a World."""
    scene = Scene.of(world, assume)
    _memberships(scene)
    _everything(scene)
    _rights(scene)
    effects.standing(scene)
    lateral.by_one_identity(scene)
    _follow(scene)
    return scene


def _memberships(scene: Scene) -> None:
    """In which groups somebody always is."""
    for key in scene.keys:
        for group in implied(key):
            if group != key:
                scene.program.add(AS(group), AS(key), level=Level.BOUND)
    scene.sure(ALL(CLUSTER), AS(SubjectKey(GROUP, MASTERS)), note=Said(f"is in the group {MASTERS}, which may do anything"))


def allows_everything(rules: Iterable[PolicyRule]) -> bool:
    """Whether a rule allows every verb on every resource of every name."""
    return any(_limits((rule,), _ANYTHING) == ("",) for rule in rules)


def is_everything(scene: Scene, grant: Grant) -> bool:
    """Whether a grant allows everything where it counts; ``cluster-admin`` that manifests bind and do not hold does."""
    default = grant.dangling and not scene.world.cluster.server_version
    return allows_everything(grant.rules.sure) or (default and grant.role == Ref(CLUSTER_ROLE, "", CLUSTER_ADMIN))


def _everything(scene: Scene) -> None:
    for grant in scene.authorizer.grants.all:
        if is_everything(scene, grant):
            note = ByGrant(grant, _ANYTHING)
            scene.program.add(ALL(grant.scope), scene.holding(grant), level=Level.BOUND, cost=1, note=note)


def _rights(scene: Scene) -> None:
    """Which grants give which rights."""
    full = {id(grant) for grant in scene.authorizer.grants.all if is_everything(scene, grant)}
    for right, need in scene.rights.items():
        for request in need.requests:
            for grant, names in scene.columns.holding(request):
                if id(grant) in full or (need.place is Place.CLUSTER and grant.scope != CLUSTER):
                    continue
                for name in _counting(need, names):
                    scene.gives(scene.holding(grant), right, grant.scope, name, ByGrant(grant, request, name))


def _counting(need: Need, names: frozenset[str] | None) -> Iterable[str]:
    """The names by which a rule is worth something; the empty one stands for all. With ``only``, names do not limit what is gained."""
    if names is None:
        return ("",)
    if not need.named:
        return ()
    return ("",) if need.only and names & frozenset(need.only) else () if need.only else sorted(names)


def _follow(scene: Scene) -> None:
    """What rights lead to, and which further roles and rights come with that, until nothing new comes."""
    done: set[Atom] = set()
    while scene.agenda or scene.roles.keys() - done:
        while scene.agenda:
            now, scene.agenda = scene.agenda, []
            for right in now:
                effects.lead(scene, *right)
        for atom in [one for one in scene.roles if one not in done]:
            done.add(atom)
            _of_role(scene, atom, *scene.roles[atom])


def _of_role(scene: Scene, atom: Atom, role: Ref, scope: str) -> None:
    """What a role that somebody may bind gives."""
    rules = rules_of(scene, role)
    absent = not scene.world.cluster.server_version and scene.authorizer.grants.roles.find(role) is None
    places = scene.namespaces if scope == EVERY_NAMESPACE else (scope,)
    if absent and role.kind == CLUSTER_ROLE and role.name != CLUSTER_ADMIN:
        for place in places:
            scene.perhaps(ALL(place), atom, note=Said("{} is not in the source, and could be anything", (role,)))
    if allows_everything(rules) or (absent and role == Ref(CLUSTER_ROLE, "", CLUSTER_ADMIN)):
        for place in places:
            scene.sure(ALL(place), atom, note=ByRole(role, place, _ANYTHING))
        return
    given = CLUSTER if scope == EVERY_NAMESPACE else scope  # a right in every namespace is one in all of them
    for right, need in scene.rights.items():
        if need.place is Place.CLUSTER and scope != CLUSTER:
            continue
        for request in need.requests:
            for limit in _limits(rules, request):
                for name in _counting(need, frozenset((limit,)) if limit else None):
                    scene.gives(atom, right, given, name, ByRole(role, scope, request, name))


def rules_of(scene: Scene, role: Ref) -> tuple[PolicyRule, ...]:
    """The rules of a role that are sure; none where it is not there."""
    found = scene.authorizer.grants.roles.find(role)
    return found.sure if found else ()


def _limits(rules: Iterable[PolicyRule], request: Request) -> tuple[str, ...]:
    """The names for which rules allow a request whose name is left open; the empty one alone where some rule has none."""
    found = dict.fromkeys(_names(rules, request))
    return ("",) if "" in found else tuple(found)


def _names(rules: Iterable[PolicyRule], request: Request) -> Iterator[str]:
    for rule in rules:
        if verb_matches(rule, request.verb) and group_matches(rule, request.api_group) and resource_matches(rule, request):
            yield from rule.resource_names or ("",)


limits = _limits
