"""What the control plane knows of a cluster behind the gateway: no secret, and nothing that the cluster itself says better.

>>> BehindGateway(name="prod", server="https://10.0.0.1:6443", certificate_authority="...", roles=("edit", "view")).grantable
('edit', 'view')
"""

from collections.abc import Iterable
from datetime import datetime

from ostiary.model.access import Grant, Upstream
from ostiary.model.rbac import PolicyRule
from ostiary.model.value import Value
from ostiary.pillars.access.bindings import few, never


class BehindGateway(Value, frozen=True, kw_only=True):
    """A cluster. ``roles`` may be granted; those of them that are ``powerful`` though they hand out rights. ``break_glass_role`` is for break-glass alone."""

    name: str
    server: str
    certificate_authority: str
    server_name: str = ""
    uid: str = ""  # of kube-system
    version: str = ""
    constrained: bool = False
    roles: tuple[str, ...] = ()
    powerful: tuple[str, ...] = ()
    break_glass_role: str = ""
    added_at: datetime | None = None
    added_by: str = ""

    @property
    def grantable(self) -> tuple[str, ...]:
        """Every role for which the cluster is prepared, break-glass included."""
        return tuple(sorted({*self.roles, *self.powerful, *filter(None, (self.break_glass_role,))}))

    @property
    def upstream(self) -> Upstream:
        """As Envoy has to know it."""
        return Upstream(
            name=self.name,
            server=self.server,
            certificate_authority=self.certificate_authority,
            server_name=self.server_name,
        )

    def refuses(self, role: str, rules: Iterable[PolicyRule], *, everywhere: bool, break_glass: bool) -> str:
        """Why a grant of this role, with the rules that it has now, is not given here; empty when it is."""
        if break_glass:
            return (
                ""
                if role == self.break_glass_role
                else f"break-glass gives {self.break_glass_role or 'nothing'} here, not {role}"
            )
        if role not in self.roles and role not in self.powerful:
            return f"{role} is not among the roles that may be granted here: {', '.join(sorted({*self.roles, *self.powerful}))}"
        reasons = () if role in self.powerful else never(rules, everywhere=everywhere)
        return f"{role} must not be granted{' everywhere' if everywhere else ''}: {few(reasons)}" if reasons else ""

    def refuses_grant(self, grant: Grant, rules: Iterable[PolicyRule]) -> str:
        """The same, of a grant."""
        return self.refuses(grant.role, rules, everywhere=grant.everywhere, break_glass=grant.break_glass)
