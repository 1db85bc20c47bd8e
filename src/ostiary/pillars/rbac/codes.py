"""The findings of this pillar: their codes are stable, and each is described in docs/rbac.md."""

from ostiary.model.finding import Code, Severity

PRACTICES = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
REFERENCE = "https://kubernetes.io/docs/reference/access-authn-authz/rbac/"


EVERYTHING = Code("RBAC-001", Severity.CRITICAL, "role that allows everything is held", PRACTICES)
ESCALATES = Code("RBAC-002", Severity.CRITICAL, "role leads to more than it says", PRACTICES)
TOGETHER = Code("RBAC-003", Severity.CRITICAL, "roles that lead to more only together are held by one subject", PRACTICES)
EVERYBODY = Code("RBAC-004", Severity.CRITICAL, "everybody, or nobody in particular, holds a role", PRACTICES)
WILDCARD = Code("RBAC-005", Severity.MEDIUM, "role has a wildcard", PRACTICES)
HIDDEN_EXEC = Code("RBAC-006", Severity.HIGH, "role that otherwise only reads can run commands in pods", PRACTICES)
DANGLING = Code("RBAC-007", Severity.MEDIUM, "binding refers to a role that is not there", REFERENCE)
WAITING = Code("RBAC-008", Severity.HIGH, "binding waits for a service account that somebody may create", PRACTICES)
ABSENT = Code("RBAC-009", Severity.LOW, "binding is for a service account that is not there", REFERENCE)
FOREIGN = Code("RBAC-010", Severity.LOW, "binding is for a service account of another namespace", PRACTICES)
UNBOUND = Code("RBAC-011", Severity.INFO, "role that no binding refers to", REFERENCE)
NO_EFFECT = Code("RBAC-012", Severity.LOW, "binding that grants nothing", REFERENCE)
NEVER_MATCHES = Code("RBAC-013", Severity.LOW, "rule that matches no request", REFERENCE)
AGGREGATED = Code("RBAC-014", Severity.HIGH, "aggregation brings rights that lead further", REFERENCE)
CIRCLE = Code("RBAC-015", Severity.MEDIUM, "roles aggregate each other in a circle", REFERENCE)
REFUSED = Code("RBAC-016", Severity.MEDIUM, "object that an API server would refuse", REFERENCE)
UNUSED = Code("RBAC-017", Severity.MEDIUM, "binding that nobody used", PRACTICES)
SPARE = Code("RBAC-018", Severity.LOW, "binding that grants nothing which was used and is not granted elsewhere", PRACTICES)
UNDECLARED = Code("RBAC-019", Severity.HIGH, "service account holds more than its manifests declare", PRACTICES)

CODES: tuple[Code, ...] = (
    EVERYTHING,
    ESCALATES,
    TOGETHER,
    EVERYBODY,
    WILDCARD,
    HIDDEN_EXEC,
    DANGLING,
    WAITING,
    ABSENT,
    FOREIGN,
    UNBOUND,
    NO_EFFECT,
    NEVER_MATCHES,
    AGGREGATED,
    CIRCLE,
    REFUSED,
    UNUSED,
    SPARE,
    UNDECLARED,
)
