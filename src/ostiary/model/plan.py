"""A Plan: ordered changes to native objects, each with its precondition, its undo and a sentence for people; and trials that show it worked.

Pure values. ``apply`` performs them.

A patch changes exactly the fields that it names (RFC 7386: null removes). ``before`` holds the same fields as they were: it is the precondition
and the undo at once.
"""

from enum import Enum
from typing import Any

from msgspec import field

from ostiary.model.meta import Ref
from ostiary.model.value import Value


class Action(Enum):
    """What is done to the object."""

    CREATE = "create"
    PATCH = "patch"
    DELETE = "delete"

    def __str__(self) -> str:
        return self.value


class Target(Value, frozen=True, kw_only=True):
    """An object by the address that the API server knows it by."""

    api_version: str
    kind: str
    resource: str
    namespace: str = ""
    name: str

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.namespace, self.name)


class Change(Value, frozen=True, kw_only=True):
    """One change. CREATE: ``after`` is the object; PATCH: ``after`` and ``before`` are merge patches of the same fields; DELETE: ``before`` is the object."""

    stage: str
    action: Action
    target: Target
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    sentence: str


class Trial(Value, frozen=True, kw_only=True):
    """A server-side dry-run create that shows whether a stage does what it was proved to do: the real judge's word, after the change.

    What is created may be a question, such as an access review: then ``answer`` holds the fields that the server must fill in.
    """

    stage: str
    sentence: str
    target: Target
    body: dict[str, Any]
    admitted: bool  # what the API server must answer
    because: str = ""  # text that a refusal must contain
    answer: dict[str, Any] = field(default_factory=dict)


class Plan(Value, frozen=True, kw_only=True):
    """What ``enforce`` proposes. ``premises`` are those of the proof: a World that shows others makes the plan stale."""

    pillar: str
    world: str
    claim: str
    stages: tuple[str, ...]
    changes: tuple[Change, ...]
    trials: tuple[Trial, ...] = ()
    premises: dict[str, Ref] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    certificate: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)  # as plain JSON, where no certificate holds it
