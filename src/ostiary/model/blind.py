"""What could not be seen, and why. A verdict that needed it is unknown, never green."""

from enum import Enum

from ostiary.model.value import Value


class Reason(Enum):
    """Why something could not be seen: a closed list, so that every consumer decides about every case."""

    UNREADABLE = "unreadable"  # the bytes are not YAML or JSON, or a field has a type that it cannot have
    UNKNOWN_KIND = "unknown-kind"  # a kind that ostiary has no model of
    UNKNOWN_TEMPLATE = "unknown-kind-with-pod-template"  # as above, but it carries a pod template, so it makes pods
    UNKNOWN_VERSION = "unknown-version"  # a known kind in an apiVersion that ostiary does not read
    FORBIDDEN = "forbidden"  # the API server answered 401 or 403
    MISSING_RESOURCE = "missing-resource"  # the API server does not serve this kind
    TRUNCATED = "truncated"  # a list that ended before its end
    UNREACHABLE = "unreachable"  # no answer, in the middle of reading
    DUPLICATE = "duplicate"  # two objects of one name that are not equal
    MISSING_NAMESPACE = "missing-namespace"  # objects stand in a namespace that is nowhere declared
    TOO_LARGE = "too-large"  # over what an API server would take
    UNKNOWN_FIELD = "unknown-field"  # a field that ostiary's Kubernetes does not know: misspelt, or of a later version
    UNOBSERVED = "unobserved"  # something may change it when it is created, and no running instance shows into what

    def __str__(self) -> str:
        return self.value


class Blind(Value, frozen=True, kw_only=True):
    """One thing that could not be seen. ``kind`` empty: it could have been anything; ``name`` empty: all of that kind (in ``namespace``, if given)."""

    kind: str = ""
    group: str = ""
    namespace: str = ""
    name: str = ""
    reason: Reason
    where: str = ""  # file and document, or request: for people, not part of the digest
    detail: str = ""  # what exactly happened: for people, not part of the digest

    def __str__(self) -> str:
        what = self.kind or "an object"
        if self.name:
            what += f" {self.namespace}/{self.name}" if self.namespace else f" {self.name}"
        elif self.namespace:
            what += f" in {self.namespace}"
        return (
            f"{what}: {self.reason}" + (f" ({self.detail})" if self.detail else "") + (f" [{self.where}]" if self.where else "")
        )
