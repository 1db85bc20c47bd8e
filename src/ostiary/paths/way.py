"""A way round a Pod Security level: whose it is, what it takes, which bindings give it, and in whose names it goes.

>>> LABELS.value
"changes the labels of the namespace, its level among them"
"""

from dataclasses import dataclass
from enum import Enum

from ostiary.model.meta import Ref
from ostiary.pillars.rbac.subject import SubjectKey


class How(Enum):
    """The last step of a way: what gets somebody past a level."""

    LABELS = "changes the labels of the namespace, its level among them"
    NEW_NAMESPACE = "makes a namespace, which has no level, and pods in it"
    LOOSE_NAMESPACE = "makes pods in a namespace that enforces no level, and takes a node with them"
    NODE = "reaches into the pods of nodes through the kubelet, past admission"
    MUTATION = "changes objects as they are written: a namespace loses its label so (pods are judged after such changes)"
    HOST_VOLUME = "mounts files of a node through a claim, at which no level looks"
    GRANT = "gives itself the right to change the namespace"
    SETTINGS = "changes settings by which the cluster tells who is who"
    NAME = "acts in the name of somebody who can"

    def __str__(self) -> str:
        return self.value


LABELS = How.LABELS


@dataclass(frozen=True, slots=True)
class Way:
    """One way. ``scope``: the namespace that it is held in, empty for the cluster. ``through``: in whose names it goes, nearest first."""

    subject: SubjectKey
    how: How
    primitive: str
    scope: str
    names: tuple[str, ...]
    bindings: tuple[Ref, ...]
    roles: tuple[Ref, ...]
    own: bool = False  # whether Kubernetes itself bound it to one of its own identities
    through: tuple[SubjectKey, ...] = ()
    end: How = How.LABELS  # what the last of them does

    def __str__(self) -> str:
        where = f"in namespace {self.scope}" if self.scope else "cluster-wide"
        only = f" ({', '.join(self.names)} only)" if self.names else ""
        given = " and ".join(f"{binding} of {role}" for binding, role in zip(self.bindings, self.roles, strict=False))
        name = f" ({' -> '.join(map(str, self.through))}, who {self.end})" if self.through else ""
        return f"{self.subject} {self.how}{name}: {self.primitive} {where}{only}, by {given}"
