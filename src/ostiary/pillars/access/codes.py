"""The findings of this pillar: their codes are stable, and each is described in docs/clusters.md."""

from ostiary.model.finding import Code, Finding, Severity
from ostiary.model.meta import Ref

_PRACTICES = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
_IMPERSONATION = "https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/"


STANDING = Code("ACCESS-001", Severity.HIGH, "person or group holds a right that no grant gave", _PRACTICES)
FOREIGN = Code("ACCESS-002", Severity.CRITICAL, "somebody bound a role to a name of ostiary's", _IMPERSONATION)
OUTLIVED = Code("ACCESS-003", Severity.HIGH, "binding of a grant that has ended is still there", _PRACTICES)
UNEXPLAINED = Code("ACCESS-004", Severity.HIGH, "binding says that it is a grant's, and no live grant explains it", _PRACTICES)
NEIGHBOUR = Code("ACCESS-005", Severity.HIGH, "somebody else is at home in ostiary's namespace", _PRACTICES)
OLD_WAY = Code("ACCESS-006", Severity.LOW, "impersonation is not limited by request", _IMPERSONATION)
BECOMING = Code("ACCESS-007", Severity.HIGH, "others can act as the gateway's or the controller's account", _PRACTICES)

CODES: tuple[Code, ...] = (STANDING, FOREIGN, OUTLIVED, UNEXPLAINED, NEIGHBOUR, OLD_WAY, BECOMING)


def finding(code: Code, subject: Ref, reason: str, *, witness: str = "", fix: str, severity: Severity | None = None) -> Finding:
    """A finding of a code, as bad as the code says unless said otherwise."""
    return Finding(
        code=code.code,
        severity=severity or code.severity,
        subject=subject,
        reason=reason,
        witness=witness,
        fix=fix,
        references=(code.reference,),
    )
