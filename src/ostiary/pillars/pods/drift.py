"""What became looser since an earlier look: levels lowered, versions let go, namespaces that came without a level.

Compares what namespaces enforce now with what they enforced in an earlier World, say a snapshot. Becoming stricter is no drift, and a namespace that is
gone is none. Who did it stands in no object; where there is evidence, those who wrote the namespace are named (``authors``). Policies and exceptions
that no longer hold are found without an earlier look (POD-009, POD-221 and on).
"""

from collections.abc import Iterator

from msgspec.structs import replace

from ostiary.core.errors import BadInput
from ostiary.model.finding import Code, Finding
from ostiary.model.meta import Ref
from ostiary.model.world import World
from ostiary.pillars.pods import codes
from ostiary.pillars.pods.authors import CHANGING, Written, authors
from ostiary.pillars.pods.labels import ENFORCE, PREFIX, Mode, newest, stance

Enforced = dict[str, Mode]


def drift(world: World, before: World) -> Iterator[Finding]:
    """Every finding, by namespace. BadInput when the earlier World could not see every namespace: then nothing can be said to be new."""
    unseen = [blind for blind in before.cluster.blind if blind.kind in ("Namespace", "")]
    if unseen:
        raise BadInput(f"the earlier source does not show every namespace: {unseen[0]}", todo="compare with a whole snapshot")
    then = _enforced(before)
    for namespace, now in sorted(_enforced(world).items()):
        earlier = then.get(namespace)
        verbs = ("create",) if earlier is None else CHANGING
        by = authors(world.evidence, Written("namespaces", name=namespace, verbs=verbs))
        for finding in _came(namespace, now) if earlier is None else _loosened(namespace, earlier, now):
            yield replace(finding, reason=f"{finding.reason}{by}")


def _enforced(world: World) -> Enforced:
    latest = newest(world)
    return {
        namespace.metadata.name: stance(namespace.metadata.labels, newest=latest).enforce
        for namespace in world.cluster.namespaces
    }


def _came(namespace: str, now: Mode) -> Iterator[Finding]:
    if not now.declared:
        yield _finding(
            codes.CAME_UNDECLARED,
            namespace,
            "it came since, and no label says what pods in it may do",
            "ostiary learn pods, then ostiary enforce pods",
        )


def _loosened(namespace: str, then: Mode, now: Mode) -> Iterator[Finding]:
    if now.level < then.level:
        yield _finding(
            codes.LOWERED,
            namespace,
            f"it enforces {_said(now)} and enforced {_said(then)}",
            f"set {PREFIX}{ENFORCE} back to {then.level}, or have an exception written down in the intent file",
        )
    elif then.pinned and now.declared and (not now.pinned or now.version < then.version):
        version = str(now.version) if now.pinned else "the latest version, whatever that becomes,"
        yield _finding(
            codes.LET_GO,
            namespace,
            f"it enforces {now.level} at {version} and was pinned to {then.version}",
            f"set {PREFIX}{ENFORCE}-version back to {then.version}",
        )


def _said(mode: Mode) -> str:
    if not mode.declared:
        return "no level"
    return f"{mode.level}:{mode.version}" if mode.pinned else f"{mode.level}:latest"


def _finding(code: Code, namespace: str, reason: str, fix: str) -> Finding:
    return Finding(
        code=code.code,
        severity=code.severity,
        subject=Ref("Namespace", "", namespace),
        reason=reason,
        witness=f"metadata.labels[{PREFIX}{ENFORCE}]",
        fix=fix,
        references=(code.reference,),
    )
