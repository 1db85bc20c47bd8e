"""Names and metadata: what every object carries, and how people are told which object is meant."""

from msgspec import field

from ostiary.model.sealed import NO_ANNOTATIONS, Annotations
from ostiary.model.value import Value


class Ref(Value, frozen=True, kw_only=False, order=True):
    """Which object: ``Deployment shop/web``, ``Namespace shop``."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class OwnerReference(Value, frozen=True, kw_only=True):
    """Who made this object; the one with ``controller`` set is the one to change."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    controller: bool = False


class Meta(Value, frozen=True, kw_only=True):
    """The part of ObjectMeta that some pillar reads. No uid, no resourceVersion: the same objects from a file are the same objects."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: Annotations = NO_ANNOTATIONS
    owner_references: tuple[OwnerReference, ...] = ()

    @property
    def controller(self) -> OwnerReference | None:
        return next((owner for owner in self.owner_references if owner.controller), None)
