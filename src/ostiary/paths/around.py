"""Who can get round the Pod Security levels of a policy, and whether only those can who shall.

A way is direct (``direct``), or goes in the name of somebody who has one (``names``), through any number of names: breadth first, so that each subject's
shortest way is found. Exemptions in the API server's own configuration are not in any API, and the group ``system:masters`` is in no binding: both are
assumptions. What Kubernetes bound to identities of its own is told apart.

>>> around_pod_security(world, policy)[0].how  # doctest: +SKIP
<How.LABELS: ...>
"""

from collections.abc import Iterator

from ostiary.core.errors import BadInput
from ostiary.model.blind import Blind, Reason
from ostiary.model.meta import Ref
from ostiary.model.rbac_intent import SubjectKind
from ostiary.model.verdict import Missing, Refutation, Unknown, Witness
from ostiary.model.world import World
from ostiary.paths.direct import Scene, direct
from ostiary.paths.names import Names
from ostiary.paths.way import How, Way
from ostiary.pillars.pods import PodPolicy
from ostiary.pillars.rbac import check as rbac
from ostiary.pillars.rbac.identity import MASTERS, service_account_user
from ostiary.pillars.rbac.subject import GROUP, SubjectKey

CLAIM = "Nobody gets round these levels but those who may (pods.mayRelax) and Kubernetes' own identities."
ASSUMPTIONS = (
    f"nobody who should not carries the group {MASTERS}, which no binding shows",
    "nobody who should not holds a node, or an identity provider's word for a group that may",
    "operators that make pods of custom resources are asked only by those who may relax the levels",
)


def around_pod_security(world: World, policy: PodPolicy) -> tuple[Way, ...]:
    """Every direct way, and for everybody else the shortest that goes in another's name; shortest first."""
    scene = Scene.of(world, policy)
    found = list(dict.fromkeys(direct(scene)))
    known: dict[SubjectKey, Way] = {}
    for way in found:
        known.setdefault(way.subject, way)
    known.setdefault(SubjectKey(GROUP, MASTERS), _masters())
    names, grew = Names(scene), True
    while grew:
        further = {way.subject: way for way in _further(scene, names, known)}
        found += further.values()
        known |= further
        grew = bool(further)
    return tuple(sorted(found, key=lambda way: (len(way.through), way.scope, list(How).index(way.how), way.subject)))


def _masters() -> Way:
    return Way(SubjectKey(GROUP, MASTERS), How.LABELS, "everything", "", (), (), (), own=True)


def _further(scene: Scene, names: Names, known: dict[SubjectKey, Way]) -> Iterator[Way]:
    """Those who have no way yet, and can act in the name of somebody who has."""
    for fact in scene.facts:
        if fact.subject in known:
            continue
        shortest = min((known[key] for key in names.taken(fact, known)), key=_length, default=None)
        if shortest is not None:
            way = scene.way(fact, How.NAME)
            end = shortest.end if shortest.through else shortest.how
            yield Way(
                way.subject, How.NAME, way.primitive, way.scope, way.names, way.bindings, way.roles, way.own,
                (shortest.subject, *shortest.through), end,
            )  # fmt: skip


def _length(way: Way) -> tuple[int, SubjectKey]:
    return len(way.through), way.subject


def allowed(world: World) -> frozenset[SubjectKey]:
    """The subjects that the intent file lets relax levels. BadInput for a service account without its namespace: it would mean nobody."""
    for one in world.intent.pods.may_relax:
        if (one.kind is SubjectKind.SERVICE_ACCOUNT) is not bool(one.namespace):
            raise BadInput(
                f"pods.mayRelax: {one.kind} {one.name} {'has a' if one.namespace else 'has no'} namespace",
                todo="a ServiceAccount has one; a User and a Group have none",
            )
    return frozenset(
        SubjectKey("User", service_account_user(one.namespace, one.name))
        if one.kind is SubjectKind.SERVICE_ACCOUNT
        else SubjectKey(one.kind.value, one.name)
        for one in world.intent.pods.may_relax
    )


def closed(world: World, policy: PodPolicy) -> Refutation | Unknown | None:
    """Whether nobody else gets round; None when nobody does. A refutation names everybody who does, the shortest way first."""
    may = allowed(world)
    first: dict[SubjectKey, Way] = {}
    for way in around_pod_security(world, policy):
        if not way.own and way.subject not in may:
            first.setdefault(way.subject, way)
    if first:
        return Refutation(CLAIM, tuple(Witness(_ref(way), str(way)) for way in first.values()))
    missing = (*rbac.unseen(world), *_doubts(world, policy))
    return Unknown(CLAIM, missing) if missing else None


def _ref(way: Way) -> Ref:
    return way.bindings[0] if way.bindings else Ref(way.subject.kind, "", way.subject.name)


def _doubts(world: World, policy: PodPolicy) -> Iterator[Missing]:
    """Bindings and roles of manifests of which it is not known what they grant."""
    for grant in Scene.of(world, policy).authorizer.grants.doubtful:
        for doubt in grant.rules.doubts:
            blind = Blind(kind=grant.binding.kind, namespace=grant.binding.namespace, name=grant.binding.name, reason=Reason.UNREADABLE,
                          detail=doubt.what)  # fmt: skip
            yield Missing(blind, doubt.todo)
