"""What a namespace's labels say to Pod Security, read as the API server reads them.

An enforce level that is no level counts as ``restricted``; a warn or audit level that is none counts as nothing; a version that is none counts as
``latest``. Without a label the API server's own default holds, which no API shows: ``privileged`` unless it was configured.

Source: KEP-2579 and ``PolicyToEvaluate`` in ``k8s.io/pod-security-admission/api``.

>>> stance({"pod-security.kubernetes.io/enforce": "baseline"}, newest=Version(37)).enforce
Mode(level=<Level.BASELINE: 'baseline'>, version=Version(minor=37), declared=True, pinned=False)
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.model.levels import NEWEST, Level, Version
from ostiary.model.world import World

PREFIX = "pod-security.kubernetes.io/"
ENFORCE, WARN, AUDIT = "enforce", "warn", "audit"
MODES = (ENFORCE, WARN, AUDIT)
KNOWN = frozenset(f"{mode}{suffix}" for mode in MODES for suffix in ("", "-version"))
LEVELS = {level.value: level for level in Level}


@dataclass(frozen=True, slots=True)
class Mode:
    """One mode of a namespace as it takes effect. ``declared``: a label names the level; ``pinned``: a label names a version other than latest."""

    level: Level = Level.PRIVILEGED
    version: Version = NEWEST
    declared: bool = False
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Mistake:
    """A Pod Security label that does not say what somebody meant. ``key`` is without the prefix."""

    key: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stance:
    """All modes of a namespace, and what is wrong with its labels."""

    enforce: Mode
    warn: Mode
    audit: Mode
    wrong_levels: tuple[Mistake, ...] = ()
    wrong_versions: tuple[Mistake, ...] = ()
    wrong_keys: tuple[Mistake, ...] = ()

    @property
    def invalid(self) -> tuple[Mistake, ...]:
        """What the API server itself calls invalid; it takes no change of the namespace's labels that leaves other invalid ones behind."""
        return self.wrong_levels + tuple(found for found in self.wrong_versions if Version.parse(found.value) is None)


def newest(world: World) -> Version:
    """What ``latest`` means on this server, as far as ostiary knows it; the newest known when the server is not known."""
    server = server_version(world)
    return min(server, NEWEST) if server else NEWEST


def server_version(world: World) -> Version | None:
    """The API server's minor version; None when the source is files."""
    parts = world.cluster.server_version.split(".")
    return Version.parse(".".join(parts[:2])) if len(parts) > 1 else None


def stance(labels: Mapping[str, str], *, newest: Version) -> Stance:
    """Read a namespace's labels; ``newest`` is what ``latest`` means."""
    said = {key.removeprefix(PREFIX): value for key, value in labels.items() if key.startswith(PREFIX)}
    modes = {mode: _mode(said, mode, newest) for mode in MODES}
    return Stance(
        **modes,
        wrong_levels=tuple(
            Mistake(mode, said[mode], "no level") for mode in MODES if mode in said and said[mode] not in LEVELS
        ),
        wrong_versions=tuple(
            Mistake(f"{mode}-version", said[f"{mode}-version"], reason)
            for mode in MODES
            if (reason := _wrong_version(said.get(f"{mode}-version", "latest"), newest))
        ),
        wrong_keys=tuple(Mistake(key, said[key], "no label of Pod Security") for key in sorted(said) if key not in KNOWN),
    )


def _mode(said: Mapping[str, str], mode: str, newest: Version) -> Mode:
    at_fault = Level.RESTRICTED if mode == ENFORCE else Level.PRIVILEGED
    level = LEVELS.get(said[mode], at_fault) if mode in said else Level.PRIVILEGED
    version = Version.parse(said.get(f"{mode}-version", "latest"))
    pinned = version is not None and version <= newest
    return Mode(level, version if version is not None and pinned else newest, mode in said, pinned)


def _wrong_version(text: str, newest: Version) -> str:
    if text == "latest":
        return ""
    version = Version.parse(text)
    if version is None:
        return "no version"
    return f"newer than {newest}, the newest that is known here" if version > newest else ""
