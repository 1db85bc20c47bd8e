"""What every detection looks at: the Cluster, its grants, the facts, the holders, and what happened; made once."""

from dataclasses import dataclass

from ostiary.model.cluster import Cluster
from ostiary.model.evidence import Evidence
from ostiary.model.finding import Code, Finding, Severity
from ostiary.model.meta import Ref
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.columns import Columns
from ostiary.pillars.rbac.defaults import is_default
from ostiary.pillars.rbac.doubt import CLUSTER_ROLE
from ostiary.pillars.rbac.escalations import Fact, facts
from ostiary.pillars.rbac.grants import Grant
from ostiary.pillars.rbac.holders import Holders


@dataclass(frozen=True, slots=True)
class Scene:
    """One Cluster, looked at once."""

    cluster: Cluster
    authorizer: Authorizer
    columns: Columns
    facts: tuple[Fact, ...]
    holders: Holders
    evidence: Evidence

    @classmethod
    def of(cls, cluster: Cluster, evidence: Evidence | None = None) -> "Scene":
        """A second or two for 44,000 roles and bindings."""
        authorizer = Authorizer(cluster)
        columns = Columns(authorizer.grants)
        return cls(cluster, authorizer, columns, facts(authorizer, columns), Holders.of(cluster), evidence or Evidence())

    def by_default(self, grant: Grant) -> bool:
        """Whether a grant of manifests refers to a ClusterRole that is not among them and that every server has."""
        return (
            grant.dangling
            and not self.cluster.server_version
            and grant.role.kind == CLUSTER_ROLE
            and is_default(grant.role.name)
        )

    @property
    def grants(self) -> tuple[Grant, ...]:
        return self.authorizer.grants.all


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
