"""Something wrong now: what, where, why it matters, how to mend it."""

from dataclasses import dataclass
from enum import Enum

from ostiary.model.meta import Ref
from ostiary.model.value import Value


class Severity(Enum):
    """How bad, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding; ``severity`` is the worst that it can have."""

    code: str
    severity: Severity
    title: str
    reference: str


class Finding(Value, frozen=True, kw_only=True):
    """One thing that is wrong. ``witness`` names the very field or object that shows it; ``fix`` says what to do."""

    code: str  # stable, such as POD-002: people write exceptions against it
    severity: Severity
    subject: Ref
    reason: str
    witness: str = ""
    fix: str = ""
    references: tuple[str, ...] = ()
