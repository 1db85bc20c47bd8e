"""Intent: what the organisation wants, from its own file ``ostiary.yaml``. Absent keys mean "nothing said", never "anything goes".

Keys come with the pillar that reads them; an unknown key is an error, so that nothing people write is silently without effect.
"""

from datetime import date

from msgspec import field

from ostiary.core.canonical import digest
from ostiary.model.levels import Level
from ostiary.model.value import Value, always


class PodException(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A namespace that may stay looser than ``levels`` says, until a day; somebody answers for it."""

    namespace: str
    level: Level
    owner: str
    reason: str
    expires: date


class PodIntent(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pod Security levels that namespaces shall have at least; ``default`` is for those not named."""

    default: Level | None = None
    levels: dict[str, Level] = field(default_factory=dict)
    exceptions: tuple[PodException, ...] = ()


class Intent(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    api_version: str = always("ostiary.dev/v1")
    kind: str = always("Intent")
    pods: PodIntent = always(PodIntent())

    @property
    def digest(self) -> str:
        return digest(self)
