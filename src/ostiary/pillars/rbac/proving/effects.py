"""What rights lead to: the clauses, in the order of the catalogue of docs/rbac.md.

``standing`` are those of namespaces, accounts and nodes; ``lead`` makes those of one right that somebody turned out to have. Where it depends on what is
no object of the cluster, or on pods that come and go, the clause holds perhaps: enough to keep a proof from being given, not enough to refute.

Source: ``escalations.catalogue`` and what it names.
"""

from collections.abc import Callable, Mapping

from ostiary.model.rbac_intent import Assumed
from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.proving import becoming, insides
from ostiary.pillars.rbac.proving.atoms import (
    ALL,
    AS,
    DEBUG,
    IMPERSONATES,
    INSIDE,
    LOOSE,
    MAY,
    NODE_PODS,
    NODES,
    RUN,
    SECRETS,
    TOKENS,
    Said,
    account,
    where,
)
from ostiary.pillars.rbac.proving.horn import Level
from ostiary.pillars.rbac.proving.rights import TEMPLATES
from ostiary.pillars.rbac.proving.scene import CONTROL_PLANE, Scene

_JOINED = (
    "write-bindings",
    "create-secrets",
    "change-secrets",
    "create-accounts",
    "create-claims",
)  # rights that count beside another one, in a namespace
SOME_SECRET, SOME_PODS = "some-secret", "some-pods"


def standing(scene: Scene) -> None:
    """The clauses of namespaces, of the accounts in them, and of nodes."""
    for namespace in scene.namespaces:
        _namespace(scene, namespace)
        _accounts(scene, namespace)
    _nodes(scene)
    insides.standing(scene)


def _namespace(scene: Scene, namespace: str) -> None:
    everything, runs = ALL(namespace), RUN(namespace)
    scene.sure(everything, ALL(CLUSTER))
    for gained in (runs, TOKENS(namespace), LOOSE(namespace), SECRETS(namespace), MAY("create-accounts", namespace)):
        scene.sure(gained, everything)
    for atom in (RUN, TOKENS, IMPERSONATES, LOOSE, SECRETS, INSIDE):
        scene.sure(atom(namespace), atom(CLUSTER))
    for right in _JOINED:
        scene.sure(MAY(right, namespace), MAY(right, CLUSTER))
    scene.sure((SOME_PODS,), runs)
    if namespace == "kube-system":
        scene.perhaps(ALL(CLUSTER), everything, note=Said(_PERHAPS_ALL["cluster-settings"]))
    if "operators" in scene.rights and Assumed.OPERATORS not in scene.assume:
        scene.perhaps(ALL(CLUSTER), everything, note=Said("tells an operator what to do with the operator's rights"))
    scene.sure(SECRETS(namespace), runs, note=Said("mounts the secrets of namespace {} in a pod", (namespace,)))
    forged = Said("makes a token secret for a service account of namespace {} and reads it", (namespace,))
    scene.sure(TOKENS(namespace), MAY("create-secrets", namespace), SECRETS(namespace), note=forged)
    scene.perhaps(TOKENS(namespace), MAY("change-secrets", namespace), (SOME_SECRET, namespace), note=forged)
    scene.perhaps(TOKENS(namespace), MAY("create-secrets", namespace), (SOME_SECRET, namespace), note=forged)
    scene.sure((SOME_SECRET, namespace), SECRETS(namespace))
    scene.sure((SOME_SECRET, namespace), (SOME_SECRET, CLUSTER))
    if namespace in scene.loose:
        level = Level.SURE if scene.loose[namespace] else Level.PERHAPS
        scene.program.add(LOOSE(namespace), level=level)


def _accounts(scene: Scene, namespace: str) -> None:
    for name in scene.accounts.get(namespace, ()):
        here, shown = AS(account(namespace, name)), f"{namespace}/{name}"
        scene.sure(here, RUN(namespace), note=Said("runs a pod as service account {}", (shown,)))
        scene.sure(here, TOKENS(namespace), note=Said("gets a token of service account {}", (shown,)))
        scene.sure(here, IMPERSONATES(namespace), note=Said("impersonates service account {}", (shown,)))
    for name in scene.absent.get(namespace, ()):
        here, shown = AS(account(namespace, name)), f"{namespace}/{name}"
        made = Said("makes service account {}, for which a binding waits, and acts as it", (shown,))
        scene.sure(here, RUN(namespace), MAY("create-accounts", namespace), note=made)
        scene.sure(here, TOKENS(namespace), MAY("create-accounts", namespace), note=made)
        if not scene.live:
            elsewhere = Said("acts as service account {}, which is not in the source and may be there all the same", (shown,))
            scene.perhaps(here, RUN(namespace), note=elsewhere)
            scene.perhaps(here, TOKENS(namespace), note=elsewhere)
        waiting = Said("impersonates service account {}, which is not there and for which a binding waits", (shown,))
        scene.sure(here, IMPERSONATES(namespace), note=waiting)


def _nodes(scene: Scene) -> None:
    """From pods to nodes, where nobody holds them back; and from nodes to everything, or to what their pods carry."""
    if Assumed.PODS_STAY_INSIDE not in scene.assume:
        for namespace in scene.namespaces:
            taken = Said(
                "runs a privileged pod in namespace {}, which no level of Pod Security refuses, and takes its node",
                (namespace,),
            )
            scene.sure(NODES, RUN(namespace), LOOSE(namespace), note=taken)
            debugged = Said("puts a privileged container into a pod of namespace {} and takes its node", (namespace,))
            scene.perhaps(NODES, DEBUG(namespace), LOOSE(namespace), note=debugged)
            volume = Said("mounts the files of a node through a volume, in namespace {}", (namespace,))
            scene.sure(NODES, MAY("create-volumes", CLUSTER), MAY("create-claims", namespace), RUN(namespace), note=volume)
        scene.perhaps(
            NODES, MAY("create-volumes", CLUSTER), (SOME_PODS,), note=Said("mounts the files of a node through a volume")
        )
        fresh = Said("makes a namespace, which has no level of Pod Security, runs a privileged pod in it and takes its node")
        scene.sure(NODES, MAY("create-namespaces", CLUSTER), RUN(CLUSTER), note=fresh)
    planes = [one.metadata.name for one in scene.world.cluster.nodes if CONTROL_PLANE in one.metadata.labels]
    if planes:
        scene.sure(ALL(CLUSTER), NODES, note=Said("finds the keys of the control plane on node {}", (planes[0],)))
    scene.sure(NODE_PODS(), NODES)
    scene.perhaps(ALL(CLUSTER), NODES, note=Said("holds nodes, and whatever is on them by then"))


def lead(scene: Scene, right: str, scope: str, name: str) -> None:
    """The clauses of a right in a scope, for one name or (empty) for all."""
    held = MAY(right, scope, name)
    if right == "cluster-settings" and scope not in (CLUSTER, "kube-system"):
        return
    if right in _PERHAPS_ALL:
        scene.perhaps(ALL(CLUSTER), held, note=Said(_PERHAPS_ALL[right]))
    elif right.startswith("change-") and right.removeprefix("change-") in TEMPLATES:
        insides.change_templates(scene, right.removeprefix("change-"), scope, name)
    elif right in _LEADS:
        _LEADS[right](scene, scope, name)
    elif right == "operators" and Assumed.OPERATORS not in scene.assume:
        scene.perhaps(ALL(CLUSTER), held, note=Said("tells an operator what to do with the operator's rights"))


# What is done with it depends on what is no object of the cluster.
_PERHAPS_ALL = {
    "api-services": "puts a server of its own in the place of a part of the API",
    "definitions": "changes custom resources as they are converted, on which operators act",
    "cluster-settings": "changes settings by which the cluster, or the service that runs it, tells who is who",
}


def _make_pods(scene: Scene, scope: str, _: str) -> None:
    scene.sure(RUN(scope), MAY("make-pods", scope))


def _read_secrets(scene: Scene, scope: str, name: str) -> None:
    scene.sure(SECRETS(scope, name), MAY("read-secrets", scope, name))
    if name:
        insides.tokens_in_secret(scene, scope, name)
        scene.sure((SOME_SECRET, scope), SECRETS(scope, name))


def _tokens(scene: Scene, scope: str, name: str) -> None:
    held = MAY("mint-tokens", scope, name)
    if not name:
        scene.sure(TOKENS(scope), held)
        return
    for namespace in scene.places(scope):
        if name in scene.accounts.get(namespace, ()):
            note = Said("asks for a token of service account {}/{}", (namespace, name))
            scene.sure(AS(account(namespace, name)), held, note=note)
        elif name in scene.absent.get(namespace, ()):
            note = Said("makes service account {}/{}, for which a binding waits, and asks for its token", (namespace, name))
            scene.sure(AS(account(namespace, name)), held, MAY("create-accounts", namespace), note=note)
            if not scene.live:
                scene.perhaps(AS(account(namespace, name)), held, note=note)


def _certificates(scene: Scene, *_: str) -> None:
    body = (MAY("request-certificates", CLUSTER), MAY("approve-requests", CLUSTER), MAY("approve-clients", CLUSTER))
    if not scene.program.known(("certificates",)):
        scene.sure(("certificates",), *body)
        note = Said(
            "has a client certificate made and approved in the name of any user, those by which Kubernetes runs among them"
        )
        scene.sure(ALL(CLUSTER), ("certificates",), note=note)


def _approvals(scene: Scene, scope: str, name: str) -> None:
    """One request may be approved by its name; whoever makes it chooses the name."""
    if name:
        scene.sure(MAY("approve-requests", CLUSTER), MAY("approve-requests", scope, name))
    _certificates(scene)


def _pod_certificates(scene: Scene, scope: str, name: str) -> None:
    """A kubelet asks in the name of its pods; whether the server takes it from others depends on its admission plugins."""
    note = Said("has a certificate made in the name of a pod {}, and of its service account", (where(scope),))
    scene.perhaps(TOKENS(scope), MAY("pod-certificates", scope, name), note=note)


def _nodes_proxy(scene: Scene, scope: str, name: str) -> None:
    held = MAY("nodes-proxy", scope, name)
    insides.pods_of_node(scene, name)
    scene.sure(
        NODE_PODS(name),
        held,
        note=Said("reaches into the pods of {} through its kubelet", (f"node {name}" if name else "any node",)),
    )
    scene.perhaps(ALL(CLUSTER), held, note=Said("reaches through kubelets into whatever pods run by then"))


def _namespaces(scene: Scene, scope: str, name: str) -> None:
    place = scope or name
    if name in ("", place):
        note = Said("takes the level of Pod Security off {}", (f"namespace {place}" if place else "any namespace",))
        scene.sure(LOOSE(place), MAY("change-namespaces", scope, name), note=note)


def _webhooks(scene: Scene, scope: str, name: str) -> None:
    note = Said("changes objects as they are written, through a webhook of its own")
    scene.sure(ALL(CLUSTER), MAY("mutating-webhooks", scope, name), note=note)


def _policies(scene: Scene, scope: str, name: str) -> None:
    note = Said("changes objects as they are written, through a mutating admission policy of its own")
    for right in ("mutating-policies", "mutating-policy-bindings"):
        if name:
            scene.perhaps(MAY(right, CLUSTER), MAY(right, scope, name), note=Said("changes the one of the name {}", (name,)))
    if not scene.program.known(("policies",)):
        scene.sure(("policies",), MAY("mutating-policies", CLUSTER), MAY("mutating-policy-bindings", CLUSTER))
        scene.sure(ALL(CLUSTER), ("policies",), note=note)


def _observers(scene: Scene, scope: str, name: str) -> None:
    note = Said("sees secrets as they are written, through a webhook of its own")
    scene.sure(SECRETS(CLUSTER), MAY("validating-webhooks", scope, name), note=note)


def _constrained_nodes(scene: Scene, scope: str, name: str) -> None:
    scene.perhaps(NODES, MAY("constrained-nodes", scope, name), note=Said("impersonates nodes, in part of what they may do"))


def _any_write(right: str) -> Callable[[Scene, str, str], None]:
    """A right that stands beside another one, of whatever name it is."""

    def made(scene: Scene, scope: str, name: str) -> None:
        if name:
            scene.perhaps(MAY(right, scope), MAY(right, scope, name), note=Said("changes the one of the name {}", (name,)))

    return made


_LEADS: Mapping[str, Callable[[Scene, str, str], None]] = {
    "make-pods": _make_pods,
    "enter-pods": insides.enter,
    "debug-pods": insides.debug,
    "read-secrets": _read_secrets,
    "change-secrets": _any_write("change-secrets"),
    "mint-tokens": _tokens,
    "impersonate-accounts": becoming.impersonate_accounts,
    "impersonate-users": becoming.users("impersonate-users", sure=True),
    "impersonate-groups": becoming.groups("impersonate-groups"),
    "constrained-users": becoming.users("constrained-users", sure=False),
    "constrained-groups": becoming.groups("constrained-groups"),
    "constrained-accounts": becoming.constrained_accounts,
    "constrained-nodes": _constrained_nodes,
    "bind-roles": becoming.bind_roles,
    "bind-clusterroles": becoming.bind_cluster_roles,
    "escalate-roles": becoming.escalate,
    "escalate-clusterroles": becoming.escalate_cluster_roles,
    "request-certificates": _certificates,
    "approve-requests": _approvals,
    "pod-certificates": _pod_certificates,
    "nodes-proxy": _nodes_proxy,
    "change-namespaces": _namespaces,
    "mutating-webhooks": _webhooks,
    "mutating-policies": _policies,
    "mutating-policy-bindings": _policies,
    "validating-webhooks": _observers,
}
