"""What ``ostiary check`` does beside the pillar's own check: comparisons with another source, and the severities that are shown."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ostiary.model.finding import Finding, Severity
    from ostiary.model.world import World


def drifted(pillar: str, world: "World", since: str) -> "Iterator[Finding]":
    """What became looser since an earlier look."""
    from ostiary.cli.source import read_world
    from ostiary.core.errors import BadInput
    from ostiary.pillars.pods import drift

    if pillar != "pods":
        raise BadInput(f"--since compares levels of pods, not {pillar}", todo="ostiary snapshot diff compares everything")
    return drift(world, read_world(since))


def beyond_declared(pillar: str, world: "World", declared: str) -> "Iterator[Finding]":
    """What service accounts hold beyond what manifests declare."""
    from ostiary.cli.source import read_world
    from ostiary.core.errors import BadInput
    from ostiary.pillars.rbac.detections.beyond import beyond

    if pillar != "rbac":
        raise BadInput(
            f"--declared compares rights of service accounts, not {pillar}", todo="ostiary check rbac --declared DIR"
        )
    return beyond(world, read_world(declared))


def at_least(severity: str) -> "set[Severity]":
    """The severities that are this bad or worse."""
    from ostiary.core.errors import BadInput
    from ostiary.model.finding import Severity

    worst_first = list(Severity)
    if severity not in map(str, worst_first):
        raise BadInput(f"there is no severity {severity!r}", todo=f"one of {', '.join(map(str, worst_first))}")
    return set(worst_first[: worst_first.index(Severity(severity)) + 1])
