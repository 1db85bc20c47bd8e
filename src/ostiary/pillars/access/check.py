"""What is wrong now with how people reach a cluster: rights that stand without a grant, names of ostiary's used by others, grants that were outlived.

A right of a person that no grant gave is a way past the gateway: nobody asked for it, nobody approved it, and it does not end. Kubernetes' own identities
(``system:...``) and service accounts are no people; what those hold is ``check rbac``'s to say.

>>> list(check(World.of(Cluster(), today=date(2026, 11, 24))))  # doctest: +SKIP
[]
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time

from ostiary.model.access import CONTROLLER_ACCOUNT, GATEWAY_ACCOUNT, GROUP, NAMESPACE, USER_PREFIX, Grant
from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.model.rbac import Binding, Subject
from ostiary.model.verdict import Missing
from ostiary.model.world import World
from ostiary.pillars.access.bindings import GRANT_BINDING, live, scopes, user_of
from ostiary.pillars.access.codes import FOREIGN, NEIGHBOUR, OLD_WAY, OUTLIVED, STANDING, UNEXPLAINED, finding
from ostiary.pillars.access.impersonation import GATEWAY_ROLE, ON_ROLE
from ostiary.pillars.access.installation import CONTROLLER_ROLE, TOKENS_ROLE
from ostiary.pillars.access.told import each_binding, ends_at, grant_of

_KINDS = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
_OWN_ROLES = {GATEWAY_ROLE: GATEWAY_ACCOUNT, CONTROLLER_ROLE: CONTROLLER_ACCOUNT, TOKENS_ROLE: CONTROLLER_ACCOUNT}
_ACCOUNTS = (GATEWAY_ACCOUNT, CONTROLLER_ACCOUNT)
_REMOVE = "remove the binding"


@dataclass(frozen=True, slots=True)
class Bound:
    """One binding, as the detections look at it."""

    scope: str
    binding: Binding

    @property
    def ref(self) -> Ref:
        return Ref("RoleBinding" if self.scope else "ClusterRoleBinding", self.scope, self.binding.metadata.name)

    @property
    def role(self) -> str:
        return f"{self.binding.role_ref.kind} {self.binding.role_ref.name}"

    @property
    def where(self) -> str:
        return f"in namespace {self.scope}" if self.scope else "in the whole cluster"


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the detections look at: bindings, the moment, and the live grants where the control plane was asked."""

    world: World
    at: datetime
    bindings: tuple[Bound, ...]
    grants: Mapping[str, Grant] | None  # by id

    @classmethod
    def of(cls, world: World) -> "Scene":
        word = world.evidence.access
        at = word.at if word else datetime.combine(world.today, time(), UTC)
        grants = {one.id: one for one in live(word.grants, at)} if word and word.grants is not None else None
        return cls(world, at, tuple(Bound(*one) for one in each_binding(world.cluster)), grants)

    def explained(self, bound: Bound) -> bool:
        """Whether a live grant gives exactly this; True where nobody was asked, and the binding has a grant's form."""
        binding, name = bound.binding, grant_of(bound.binding)
        formed = binding.metadata.name == GRANT_BINDING + name and len(binding.subjects) == 1 and ends_at(binding) is not None
        if self.grants is None or not formed:
            return formed
        one, subject, role = self.grants.get(name), binding.subjects[0], binding.role_ref
        return (
            one is not None
            and bound.scope in scopes(one)
            and (subject.kind, subject.name) == ("User", user_of(one.person))
            and (role.kind, role.name) == ("ClusterRole", one.role)
        )


def standing(scene: Scene) -> Iterator[Finding]:
    """One finding for a binding that gives people something without a grant."""
    for bound in scene.bindings:
        people = [subject for subject in bound.binding.subjects if _is_person(subject)]
        if people and not grant_of(bound.binding):
            yield finding(
                STANDING,
                bound.ref,
                f"{', '.join(sorted(f'{one.kind} {one.name}' for one in people))} holds {bound.role} {bound.where} for good",
                witness="subjects",
                fix=f"let them ask for a grant of it, and {_REMOVE}",
                severity=None if not bound.scope or bound.binding.role_ref.name == "cluster-admin" else Severity.MEDIUM,
            )


def foreign(scene: Scene) -> Iterator[Finding]:
    """Bindings to ostiary's people, group or accounts that are neither of a grant nor of the installation."""
    for bound in scene.bindings:
        ours = [subject for subject in bound.binding.subjects if _is_ours(subject, bound.scope)]
        if ours and not grant_of(bound.binding) and not _installed(bound):
            yield finding(
                FOREIGN,
                bound.ref,
                f"{', '.join(sorted(f'{one.kind} {one.name}' for one in ours))} holds {bound.role} {bound.where}, and no grant says so",
                witness="subjects",
                fix=f"{_REMOVE}, and ask who made it; see what it opened with: ostiary prove access",
            )


def outlived(scene: Scene) -> Iterator[Finding]:
    """Bindings that say themselves that they have ended."""
    for bound in scene.bindings:
        ends = ends_at(bound.binding)
        if ends is not None and ends <= scene.at:
            yield finding(
                OUTLIVED,
                bound.ref,
                f"it ended at {ends:%Y-%m-%d %H:%M:%S}Z and still gives {bound.role} {bound.where}",
                witness="metadata.annotations[ostiary.dev/expires]",
                fix="start ostiary, which sweeps at its start; or remove the binding",
            )


def unexplained(scene: Scene) -> Iterator[Finding]:
    """Bindings that carry a grant's label and are none."""
    for bound in scene.bindings:
        if grant_of(bound.binding) and not scene.explained(bound):
            yield finding(
                UNEXPLAINED,
                bound.ref,
                f"it calls itself of grant {grant_of(bound.binding)}, which {_no_such(scene)}; it gives {bound.role} {bound.where}",
                witness="metadata.labels[ostiary.dev/grant]",
                fix="start ostiary, which removes it; and ask who made it",
            )


def _no_such(scene: Scene) -> str:
    return "gives no such right now" if scene.grants is not None else "has another form"


def neighbour(scene: Scene) -> Iterator[Finding]:
    """Whoever holds something in ostiary's own namespace, or runs there, is near its credentials."""
    for bound in scene.bindings:
        if bound.scope == NAMESPACE and not grant_of(bound.binding) and not _installed(bound):
            yield finding(
                NEIGHBOUR,
                bound.ref,
                f"it gives {bound.role} in {NAMESPACE}, where the gateway's and the controller's accounts are",
                witness="roleRef",
                fix=f"{_REMOVE}: nothing but ostiary belongs there",
            )
    for pod in scene.world.cluster.pods:
        if pod.metadata.namespace == NAMESPACE and pod.spec.service_account in _ACCOUNTS:
            yield finding(
                NEIGHBOUR,
                Ref("Pod", NAMESPACE, pod.metadata.name),
                f"it runs as {pod.spec.service_account}, whose tokens only the control plane should hold",
                witness="spec.serviceAccountName",
                fix="remove the pod, and ask who made it",
            )


def old_way(scene: Scene) -> Iterator[Finding]:
    """The gateway's role holds the old verb: the server has no other, or had none when the cluster was added."""
    for role in scene.world.cluster.cluster_roles:
        if role.metadata.name == GATEWAY_ROLE and any("impersonate" in rule.verbs for rule in role.rules):
            yield finding(
                OLD_WAY,
                Ref("ClusterRole", "", GATEWAY_ROLE),
                "the gateway may be each person of a live grant for any request: whatever else that person holds is in its reach",
                witness="rules",
                fix="upgrade to 1.36 or later; ostiary then limits the gateway by request of itself",
            )


def _is_person(subject: Subject) -> bool:
    """A user or group of people: nothing of Kubernetes' own and nothing of ostiary's."""
    return subject.kind in ("User", "Group") and not subject.name.startswith(("system:", USER_PREFIX))


def _is_ours(subject: Subject, scope: str) -> bool:
    if subject.kind == "ServiceAccount":
        return (subject.namespace or scope) == NAMESPACE and subject.name in _ACCOUNTS
    if subject.kind == "Group":
        return subject.name == GROUP or subject.name == f"system:serviceaccounts:{NAMESPACE}"
    account = subject.name.removeprefix(f"system:serviceaccount:{NAMESPACE}:")
    return subject.kind == "User" and (subject.name.startswith(USER_PREFIX) or account in _ACCOUNTS)


def _installed(bound: Bound) -> bool:
    """Whether it is one of the bindings that the installation and the live grants need: name, role and subject as ostiary writes them."""
    binding, role = bound.binding, bound.binding.role_ref.name
    account = GATEWAY_ACCOUNT if role.startswith(ON_ROLE) else _OWN_ROLES.get(role, "")
    subject = Subject(kind="ServiceAccount", name=account, namespace=NAMESPACE)
    return bool(account) and binding.metadata.name == role and binding.subjects == (subject,)


DETECTIONS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (foreign, standing, outlived, unexplained, neighbour, old_way)


def check(world: World) -> Iterator[Finding]:
    """Every finding, worst first."""
    scene = Scene.of(world)
    found = [one for detection in DETECTIONS for one in detection(scene)]
    order = list(Severity)
    return iter(sorted(found, key=lambda one: (order.index(one.severity), one.code, one.subject, one.reason)))


def unseen(world: World) -> tuple[Missing, ...]:
    """Bindings and roles that could not be read."""
    todo = "ask as somebody who may list roles and bindings of all namespaces"
    return tuple(Missing(blind, todo) for blind in world.cluster.blind if not blind.kind or blind.kind in _KINDS)
