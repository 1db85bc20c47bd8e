"""What the organisation wants of RBAC: guardrails. Each says who alone may do something, or that nobody may.

    rbac:
      guardrails:
        - name: payments-secrets              only group sre reads secrets in payments
          only: [{kind: Group, name: sre}]
          verbs: [get, list, watch]
          resources: [secrets]
          namespaces: [payments]
        - name: control-plane-pods            no service account can create pods in kube-system
          about: service-accounts
          verbs: [create]
          resources: [pods]
          namespaces: [kube-system]
        - name: cluster-admin                 nobody but break-glass reaches cluster-admin
          only: [{kind: User, name: break-glass}]
          clusterAdmin: true

``only`` left out means nobody. Kubernetes' own identities are not asked about; whoever gets to act as one of them is.
"""

from enum import Enum

from ostiary.model.value import Value


class SubjectKind(Enum):
    """Whom RBAC knows."""

    USER = "User"
    GROUP = "Group"
    SERVICE_ACCOUNT = "ServiceAccount"

    def __str__(self) -> str:
        return self.value


class Allowed(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody whom a guardrail allows what it keeps from others: a user, a group, or (with its namespace) a service account."""

    kind: SubjectKind
    name: str
    namespace: str = ""


class About(Enum):
    """Whom a guardrail asks about."""

    EVERYBODY = "everybody"
    SERVICE_ACCOUNTS = "service-accounts"

    def __str__(self) -> str:
        return self.value


class Assumed(Enum):
    """What people may take for granted, because something else sees to it; each is said with every proof."""

    PODS_STAY_INSIDE = "pods-stay-inside"
    OPERATORS = "operators"

    def __str__(self) -> str:
        return self.value


class Guardrail(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only these may do this, there: ``verbs`` on ``resources`` in ``namespaces`` (or ``everywhere``), or everything (``clusterAdmin``).

    ``directly``: by what bindings give, without any chain. ``names`` limits it to objects of these names.
    """

    name: str
    only: tuple[Allowed, ...] = ()
    about: About = About.EVERYBODY
    verbs: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    everywhere: bool = False
    cluster_admin: bool = False
    directly: bool = False


class RbacIntent(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All guardrails, and what is taken for granted with them. ``canary``: the namespaces whose subjects get learned roles first; ``leave``: who gets none,
    whatever is learned, beside the service accounts of ``leave_namespaces``.
    """

    guardrails: tuple[Guardrail, ...] = ()
    assume: tuple[Assumed, ...] = ()
    canary: tuple[str, ...] = ()
    leave: tuple[Allowed, ...] = ()
    leave_namespaces: tuple[str, ...] = ()
