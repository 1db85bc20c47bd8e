"""Whom somebody becomes, and which roles it gets, by rights over identities and roles: impersonation, bind, escalate.

Source: ``escalations.catalogue``; KEP-5284 for the constrained modes.
"""

from collections.abc import Callable

from ostiary.model.meta import Ref
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.identity import MASTERS, split_service_account
from ostiary.pillars.rbac.proving import lateral
from ostiary.pillars.rbac.proving.atoms import ALL, AS, IMPERSONATES, MAY, Said, account, where
from ostiary.pillars.rbac.proving.scene import Scene
from ostiary.pillars.rbac.subject import GROUP, USER, SubjectKey


def impersonate_accounts(scene: Scene, scope: str, name: str, right: str = "impersonate-accounts") -> None:
    """Service accounts by impersonation, also those that are not there."""
    held, sure = MAY(right, scope, name), right == "impersonate-accounts"
    if not name:
        add = scene.sure if sure else scene.perhaps
        add(
            IMPERSONATES(scope), held, note=None if sure else Said("impersonates service accounts, in part of what they may do")
        )
        return
    for namespace in scene.places(scope):
        if name in (*scene.accounts.get(namespace, ()), *scene.absent.get(namespace, ())):
            note = Said("impersonates service account {}/{}", (namespace, name))
            (scene.sure if sure else scene.perhaps)(AS(account(namespace, name)), held, note=note)


def constrained_accounts(scene: Scene, scope: str, name: str) -> None:
    """The same in the constrained mode, in which only part of what they may do can be done."""
    impersonate_accounts(scene, scope, name, "constrained-accounts")


def users(right: str, sure: bool) -> Callable[[Scene, str, str], None]:
    """Users by impersonation; all of them are those by which Kubernetes runs too."""

    def made(scene: Scene, scope: str, name: str) -> None:
        held, add = MAY(right, scope, name), scene.sure if sure else scene.perhaps
        if not name:
            add(ALL(CLUSTER), held, note=Said("impersonates any user, those by which Kubernetes itself runs among them"))
        elif split_service_account(name) is None:
            add(AS(SubjectKey(USER, name)), held, note=Said("impersonates the user {}", (name,)))

    return made


def groups(right: str) -> Callable[[Scene, str, str], None]:
    """Groups by impersonation, which takes a user beside: ``lateral`` says who has both for sure."""

    def made(scene: Scene, scope: str, name: str) -> None:
        note = Said("impersonates the group {}, beside some user", (name or MASTERS,))
        scene.perhaps(AS(SubjectKey(GROUP, name or MASTERS)), MAY(right, scope, name), note=note)

    return made


def bind_roles(scene: Scene, scope: str, name: str) -> None:
    """Roles that may be bound, if somebody may write the binding."""
    if name:
        for role in scene.roles_in(scope, name):
            _bind(scene, "bind-roles", scope, name, role, role.namespace)
    else:
        note = Said("binds any Role to itself {}, where it may write the binding", (where(scope),))
        scene.perhaps(ALL(scope), MAY("bind-roles", scope), note=note)


def bind_cluster_roles(scene: Scene, scope: str, name: str) -> None:
    """ClusterRoles that may be bound, if somebody may write the binding; any of them is cluster-admin."""
    if name:
        _bind(scene, "bind-clusterroles", scope, name, Ref(CLUSTER_ROLE, "", name), scope)
    else:
        note = Said("binds cluster-admin to itself {}, where it may write the binding", (where(scope),))
        scene.perhaps(ALL(scope), MAY("bind-clusterroles", scope), note=note)


def _bind(scene: Scene, right: str, scope: str, name: str, role: Ref, place: str) -> None:
    note = Said("binds {} to itself {}, where it may write the binding", (role, where(place)))
    scene.perhaps(lateral.bound(scene, role, place), MAY(right, scope, name), note=note)


def escalate(scene: Scene, scope: str, name: str, right: str = "escalate-roles") -> None:
    """Roles that may be made to hold more than their writer, if somebody may write them."""
    note = Said("escalates a role {}, where it may write it", (where(scope),))
    scene.perhaps(ALL(scope), MAY(right, scope, name), note=note)


def escalate_cluster_roles(scene: Scene, scope: str, name: str) -> None:
    """The same of ClusterRoles."""
    escalate(scene, scope, name, "escalate-clusterroles")
