"""Which versions of Kubernetes the engines are pinned at, and what a pin means for a build.

``engines/kubernetes/go.mod`` is the newest; ``engines/kubernetes/versions/1.N.mod`` are older ones, used with ``go build
-modfile`` on the same sources. ``python -m ostiary.sandbox.pin`` makes them.

>>> # pin("1.37").version -> "1.37.2"
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ostiary.core.errors import BadInput, Unreachable

_REQUIREMENT = re.compile(r"^\s*k8s\.io/kubernetes v(\d+\.\d+\.\d+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pin:
    """A version of Kubernetes and the module file that pins it."""

    version: str
    modfile: Path

    @property
    def minor(self) -> str:
        """Major and minor, such as 1.37."""
        return self.version.rpartition(".")[0]

    @property
    def ldflags(self) -> tuple[str, ...]:
        """What makes the binaries say their version; without it they say v0.0.0 and clients refuse them."""
        major, minor, _ = self.version.split(".")
        values = {"gitVersion": f"v{self.version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        return tuple(part for name, value in values.items() for part in ("-X", f"k8s.io/component-base/version.{name}={value}"))


def modules_root() -> Path:
    """Where the Go modules of the engines are: in the package when installed from a wheel, else in the repository."""
    here = Path(__file__).resolve()
    for candidate in (here.parent / "_engines", here.parents[3] / "engines"):
        if (candidate / "kubernetes" / "go.mod").is_file():
            return candidate
    raise Unreachable("the Go modules of the engines are missing from this installation", todo="reinstall ostiary")


def pins() -> list[Pin]:
    """Every pinned version, the newest first."""
    directory = modules_root() / "kubernetes"
    found = [_read(directory / "go.mod"), *(_read(path) for path in (directory / "versions").glob("*.mod"))]
    return sorted(found, key=lambda item: tuple(map(int, item.version.split("."))), reverse=True)


def pin(version: str | None) -> Pin:
    """The pin for a version such as ``1.36``, ``1.36.3`` or ``v1.36.3``; the newest for None. BadInput when there is none."""
    known = pins()
    if version is None:
        return known[0]
    plain = version.removeprefix("v")
    for candidate in known:
        if plain in (candidate.version, candidate.minor):
            return candidate
    raise BadInput(
        f"Kubernetes {version} is not pinned here",
        todo=f"known: {', '.join(candidate.version for candidate in known)}; to add one: python -m ostiary.sandbox.pin VERSION",
    )


def _read(modfile: Path) -> Pin:
    match = _REQUIREMENT.search(modfile.read_text())
    if match is None:
        raise Unreachable(f"{modfile} does not require k8s.io/kubernetes", todo="reinstall ostiary")
    return Pin(match[1], modfile)
