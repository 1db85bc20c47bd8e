"""The smallest patch of a pod that reaches ``restricted``, found by evaluation and held to it.

Remedies are collected until evaluation has nothing more to say, or only what people must decide. Then each edit is left out in turn: one without which
evaluation says the same was not needed. So no field of the answer can be left out, and none is there that was right before.

There are two ways for a pod that asks for root: another user, or from v1.35 on a user namespace. The one with fewer fields is taken; of equal
ones, another user.

>>> found = search(PodTemplate(spec=PodSpec(containers=(Container(name="web"),))), NEWEST)
>>> [edit.path[-1] for edit in found.edits], found.left
(['allowPrivilegeEscalation', 'drop', 'runAsNonRoot', 'type'], ())
"""

from collections.abc import Iterable, Sequence

from ostiary.model.levels import NEWEST, Level, Version
from ostiary.model.pods import Container, Pod, PodSpec, PodTemplate
from ostiary.model.value import Value
from ostiary.pillars.pods.harden.decision import Decision
from ostiary.pillars.pods.harden.edit import Edit, Tree, merged, patch, value_at
from ostiary.pillars.pods.harden.remedies import remedy
from ostiary.pillars.pods.harden.tree import pod_of, tree_of
from ostiary.pillars.pods.standards import Violation, evaluate

__all__ = ["NEWEST", "Container", "Found", "PodSpec", "edited", "search"]

_ROUNDS = 6  # taking back hostNetwork shows the ports that it had hidden, and the like; two have always been enough
_USER_NAMESPACE = Edit(("spec", "hostUsers"), False)
_USER_NAMESPACE_SINCE = Version(35)
_OF_POD, _OF_CONTAINER = "seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/"
_SAME = ("runtime/default", "docker/default")  # what agrees with the field RuntimeDefault
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


class Found(Value, frozen=True, kw_only=True):
    """``edits``: the patch. ``decide``: the questions. ``left``: what is still said of the patched pod; each has a question that no patch answers.

    ``along``: what no level asks for and validation does, because of ``edits``.
    """

    edits: tuple[Edit, ...] = ()
    along: tuple[Edit, ...] = ()
    decide: tuple[Decision, ...] = ()
    left: tuple[Violation, ...] = ()


def edited(pod: Pod | PodTemplate, edits: Iterable[Edit]) -> PodTemplate:
    """The pod with the edits in it."""
    return pod_of(merged(tree_of(pod), patch(edits)))


def search(pod: Pod | PodTemplate, version: Version, level: Level = Level.RESTRICTED) -> Found:
    """The patch with the fewest fields; about a millisecond for a pod of one container."""
    tree = tree_of(pod)
    ways = [_way(tree, version, level, ())]
    if any(one.code == "root" for one in ways[0].decide) and _may_have_user_namespace(tree, version):
        ways.append(_way(tree, version, level, (_USER_NAMESPACE,), ways[0].decide))
    return min(ways, key=lambda way: (len(way.left), len(way.edits)))


def _may_have_user_namespace(tree: Tree, version: Version) -> bool:
    """Not where the kubelet would refuse root all the same, where somebody said no, or where a raw device is mapped."""
    if version < _USER_NAMESPACE_SINCE or tree["spec"].get("hostUsers") is True:
        return False
    of_pod = tree["spec"].get("securityContext") or {}
    containers = [one for key in _CONTAINERS for one in tree["spec"].get(key, ())]
    return not any(one.get("volumeDevices") or _refused_as_root(one.get("securityContext") or {}, of_pod) for one in containers)


def _refused_as_root(own: Tree, of_pod: Tree) -> bool:
    user, promise = (own.get(key, of_pod.get(key)) for key in ("runAsUser", "runAsNonRoot"))
    return user == 0 and promise is True


def _violations(tree: Tree, edits: Sequence[Edit], version: Version, level: Level) -> tuple[Violation, ...]:
    return evaluate(pod_of(merged(tree, patch(edits))), level, version)


def _way(tree: Tree, version: Version, level: Level, first: tuple[Edit, ...], known: tuple[Decision, ...] = ()) -> Found:
    """``first``: edits to begin with, that answer the questions ``known`` about root."""
    edits: list[Edit] = list(first)
    asked: list[Decision] = []
    for _ in range(_ROUNDS):
        now = merged(tree, patch(edits))
        found = [remedy(violation, now) for violation in evaluate(pod_of(now), level, version)]
        more = [edit for some, _ in found for edit in some if edit not in edits]
        asked += [question for _, some in found for question in some if question not in asked]
        if not more:
            break
        edits += more
    left = _violations(tree, edits, version, level)
    needed = _needed(tree, edits, left, version, level)
    root = tuple(one for one in known if one.code == "root")
    return Found(edits=needed, along=_along(tree, needed), decide=root + _still_asked(asked, needed), left=left)


def _needed(tree: Tree, edits: list[Edit], left: tuple[Violation, ...], version: Version, level: Level) -> tuple[Edit, ...]:
    """Those without which evaluation would say more."""
    needed = list(edits)
    for edit in edits:
        without = [one for one in needed if one is not edit]
        if _violations(tree, without, version, level) == left:
            needed = without
    return tuple(edit for edit in needed if not _stands(tree, edit))


def _along(tree: Tree, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Seccomp annotations that disagree with a field that is set: validation wants both to say the same, though only the field counts."""
    annotations = tree["metadata"].get("annotations") or {}
    keys = [_annotation(edit.path) for edit in edits if "seccompProfile" in edit.path]
    gone = (Edit(("metadata", "annotations", key), None) for key in keys if annotations.get(key, _SAME[0]) not in _SAME)
    return tuple(edit for edit in gone if edit not in edits)


def _annotation(path: tuple[str, ...]) -> str:
    """The annotation that says what the field at ``path`` says."""
    return _OF_POD if path[1] == "securityContext" else _OF_CONTAINER + path[2]


def _stands(tree: Tree, edit: Edit) -> bool:
    said = value_at(tree, edit.path)
    return bool(said == (list(edit.value) if isinstance(edit.value, tuple) else edit.value))


def _still_asked(asked: list[Decision], edits: tuple[Edit, ...]) -> tuple[Decision, ...]:
    """Without the questions about fields that turned out right once others were changed."""
    fields = {edit.field for edit in edits}
    return tuple(
        one
        for one in asked
        if not one.patched or any(field.startswith(one.field) or one.field.startswith(field) for field in fields)
    )
