"""What the organisation wants of access, the section ``access`` of the intent file: who may ask for what, who decides, and for how long at most.

People are written by name, groups of the identity provider as ``group:NAME``, everybody who is signed in as ``*``. Nothing else is a pattern: a cluster
or a namespace is its name, or ``*`` for any one. What no rule allows cannot even be asked for.

    access:
      administrators: [group:platform]
      rules:
        - who: [group:shop-dev]
          roles: [view, edit]
          clusters: [prod]
          namespaces: [shop]
          maximum: 4h
          approvers: [group:shop-leads]
"""

from ostiary.model.value import Value

ANY = "*"
GROUP_MARK = "group:"


class AccessRule(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some people may ask for some ClusterRoles on some clusters; as many of ``approvers`` as ``approvals`` says have to agree."""

    who: tuple[str, ...]
    roles: tuple[str, ...]
    clusters: tuple[str, ...]
    approvers: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    everywhere: bool = False  # may also ask for the whole cluster
    maximum: str = "1h"
    approvals: int = 1


class AccessIntent(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole section. ``administrators`` see and end everything; ``viewers`` see everything. Neither approves unless a rule says so.

    ``break_glass``: who may enrol for it, two of whom open a cluster together; nobody named: administrators.
    """

    administrators: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    break_glass: tuple[str, ...] = ()
    rules: tuple[AccessRule, ...] = ()
