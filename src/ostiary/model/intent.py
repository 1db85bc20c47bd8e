"""Intent: what the organisation wants, from its own file ``ostiary.yaml``. Absent keys mean "nothing said", never "anything goes".

Keys come with the pillar that reads them; an unknown key is an error, so that nothing people write is silently without effect.
"""

from datetime import date

from msgspec import field

from ostiary.core.canonical import digest
from ostiary.model.access_intent import AccessIntent
from ostiary.model.levels import Level
from ostiary.model.rbac_intent import RbacIntent, SubjectKind
from ostiary.model.value import Value, always


class PodException(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A namespace that may stay looser than ``levels`` says, until a day; somebody answers for it."""

    namespace: str
    level: Level
    owner: str
    reason: str
    expires: date


class Relaxing(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may change what a level holds back: a user, a group, or (with its namespace) a service account."""

    kind: SubjectKind
    name: str
    namespace: str = ""


class PodIntent(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pod Security levels that namespaces shall have at least; ``default`` is for those not named."""

    default: Level | None = None
    levels: dict[str, Level] = field(default_factory=dict)
    exceptions: tuple[PodException, ...] = ()
    may_relax: tuple[Relaxing, ...] = ()


class AdmissionException(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workload that may violate some of the controls, until a day; somebody answers for it."""

    namespace: str
    kind: str
    name: str
    controls: tuple[str, ...]
    owner: str
    reason: str
    expires: date


class AdmissionIntent(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Controls that the API server shall hold, and where: exactly one of ``namespaces``, ``labels`` and ``everywhere``."""

    controls: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    everywhere: bool = False
    control_plane: bool = False
    exceptions: tuple[AdmissionException, ...] = ()
    registries: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()


class Intent(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    api_version: str = always("ostiary.dev/v1")
    kind: str = always("Intent")
    pods: PodIntent = always(PodIntent())
    admission: AdmissionIntent | None = None
    rbac: RbacIntent = always(RbacIntent())
    access: AccessIntent | None = None

    @property
    def digest(self) -> str:
        return digest(self)
