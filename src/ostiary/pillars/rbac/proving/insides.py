"""What is inside pods and secrets, and what changing a workload gives: clauses about things that are there, one by one.

Pods and workloads come and go: for sure is what those give that are there now; perhaps, that others will be there. A proof therefore does not rest on which
pods run.
"""

from collections import defaultdict
from collections.abc import Iterable

from ostiary.pillars.rbac.grants import CLUSTER
from ostiary.pillars.rbac.proving.atoms import AS, DEBUG, INSIDE, MAY, NODE_PODS, RUN, SECRETS, TOKENS, Said, account, where
from ostiary.pillars.rbac.proving.carried import Carried
from ostiary.pillars.rbac.proving.horn import Atom
from ostiary.pillars.rbac.proving.scene import Scene

_ACCOUNT_OF_SECRET = "kubernetes.io/service-account.name"  # noqa: S105, the key of an annotation


def standing(scene: Scene) -> None:
    """What being inside the pods of a namespace, or reading its secrets, gives."""
    by_namespace: defaultdict[str, list[Carried]] = defaultdict(list)
    for pod in scene.pods:
        by_namespace[pod.namespace].append(pod)
    for namespace, pods in by_namespace.items():
        _inside(scene, INSIDE(namespace), pods)
    _inside(scene, NODE_PODS(), scene.pods)
    for namespace, secret, name in _token_secrets(scene):
        _found(scene, SECRETS(namespace), namespace, secret, name)


def _inside(scene: Scene, atom: Atom, pods: Iterable[Carried]) -> None:
    """What pods carry, each thing once."""
    seen: set[tuple[str, str, str]] = set()
    for pod in pods:
        for kind, name in (("account", pod.account), *(("secret", one) for one in pod.secrets)):
            if name and (kind, pod.namespace, name) not in seen:
                seen.add((kind, pod.namespace, name))
                about = (
                    f"{pod.namespace}/{pod.name}" if pod.name else f"of namespace {pod.namespace}",
                    f"{pod.namespace}/{name}",
                )
                if kind == "account":
                    note = Said("takes from pod {} the token of service account {}", about)
                    scene.sure(AS(account(pod.namespace, name)), atom, note=note)
                else:
                    scene.sure(SECRETS(pod.namespace, name), atom, note=Said("reads in pod {} the secret {}", about))


def _token_secrets(scene: Scene) -> Iterable[tuple[str, str, str]]:
    for secret in scene.world.cluster.secrets:
        name = secret.metadata.annotations.kept.get(_ACCOUNT_OF_SECRET)
        if name:
            yield secret.metadata.namespace, secret.metadata.name, name


def _found(scene: Scene, atom: Atom, namespace: str, secret: str, name: str) -> None:
    note = Said("finds in secret {} the token of service account {}", (f"{namespace}/{secret}", f"{namespace}/{name}"))
    scene.sure(AS(account(namespace, name)), atom, note=note)


def tokens_in_secret(scene: Scene, scope: str, wanted: str) -> None:
    """The token in a secret of this name, if there is one."""
    for namespace, secret, name in _token_secrets(scene):
        if secret == wanted and scope in (CLUSTER, namespace):
            _found(scene, SECRETS(scope, wanted), namespace, secret, name)


def pods_of_node(scene: Scene, node: str) -> None:
    """What the pods of one node carry."""
    if node and not scene.program.known(NODE_PODS(node)):
        _inside(scene, NODE_PODS(node), (pod for pod in scene.pods if pod.node == node))


def enter(scene: Scene, scope: str, name: str) -> None:
    """Into the pods that are there; and perhaps into pods of any account of the namespace, with any secret."""
    held = MAY("enter-pods", scope, name)
    _enter(scene, held, scope, name)


def _enter(scene: Scene, held: Atom, scope: str, name: str) -> None:
    note = Said("gets into {} {}", (f"pod {name}" if name else "the pods", where(scope)))
    if not scene.program.known(INSIDE(scope, name)) and name:
        _inside(
            scene, INSIDE(scope, name), (one for one in scene.pods if one.name == name and scope in (CLUSTER, one.namespace))
        )
    scene.sure(INSIDE(scope, name), held, note=note)
    later = Said("gets into pods that run by then {}, of whatever service account", (where(scope),))
    scene.perhaps(TOKENS(scope), held, note=later)
    scene.perhaps(SECRETS(scope), held, note=later)


def debug(scene: Scene, scope: str, name: str) -> None:
    """As ``enter``, with a container of one's own choice."""
    held = MAY("debug-pods", scope, name)
    _enter(scene, held, scope, name)
    for namespace in scene.places(scope):
        scene.sure(DEBUG(namespace), held)


def change_templates(scene: Scene, resource: str, scope: str, name: str) -> None:
    """A workload that is there makes pods as somebody else wants them; perhaps one will be there."""
    held = MAY(f"change-{resource}", scope, name)
    there = scene.templates[resource]
    for namespace in there if scope == CLUSTER else (scope,):
        found = next((one for one in there.get(namespace, ()) if name in ("", one)), None)
        if found is not None:
            note = Said("changes the pod template of {} {}/{}", (resource, namespace, found))
            scene.sure(RUN(namespace), held, note=note)
    scene.perhaps(
        RUN(scope), held, note=Said("changes pod templates of {} that are there by then {}", (resource, where(scope)))
    )
