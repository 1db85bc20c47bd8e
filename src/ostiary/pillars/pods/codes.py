"""The findings of this pillar: their codes are stable, and each is described in docs/pods.md."""

from ostiary.model.finding import Code, Severity
from ostiary.pillars.pods.standards.control import STANDARDS

LABELS = "https://kubernetes.io/docs/concepts/security/pod-security-admission/"


UNDECLARED = Code("POD-001", Severity.MEDIUM, "namespace declares no level to enforce", LABELS)
ABOVE_BASELINE = Code("POD-002", Severity.HIGH, "pod that only privileged admits", STANDARDS)
ABOVE_RESTRICTED = Code("POD-003", Severity.LOW, "pod that restricted does not admit", STANDARDS)
NO_LONGER_ADMITTED = Code("POD-004", Severity.HIGH, "pod that its own namespace would no longer admit", LABELS)
WRONG_LEVEL = Code("POD-005", Severity.MEDIUM, "label names a level that does not exist", LABELS)
WRONG_VERSION = Code("POD-006", Severity.MEDIUM, "label names a version that does not exist", LABELS)
WRONG_KEY = Code("POD-007", Severity.MEDIUM, "Pod Security label that means nothing", LABELS)
INTENT_NOT_MET = Code("POD-008", Severity.HIGH, "namespace is looser than the intent file says", LABELS)
EXCEPTION_EXPIRED = Code("POD-009", Severity.MEDIUM, "exception is past its day", LABELS)
INTENT_NAMES_NOTHING = Code("POD-010", Severity.LOW, "intent file names a namespace that is not there", LABELS)
NOT_PINNED = Code("POD-011", Severity.INFO, "enforced version follows the cluster's upgrades", LABELS)
LOWERED = Code("POD-012", Severity.HIGH, "namespace enforces a looser level than before", LABELS)
LET_GO = Code("POD-013", Severity.MEDIUM, "namespace let go of the version that it was pinned to", LABELS)
CAME_UNDECLARED = Code("POD-014", Severity.MEDIUM, "namespace came since, and declares no level", LABELS)

CODES: tuple[Code, ...] = (
    UNDECLARED,
    ABOVE_BASELINE,
    ABOVE_RESTRICTED,
    NO_LONGER_ADMITTED,
    WRONG_LEVEL,
    WRONG_VERSION,
    WRONG_KEY,
    INTENT_NOT_MET,
    EXCEPTION_EXPIRED,
    INTENT_NAMES_NOTHING,
    NOT_PINNED,
    LOWERED,
    LET_GO,
    CAME_UNDECLARED,
)
