"""The corpus: one small cluster a pitfall, with questions and the answers of a real API server.

``corpus/NNN-name/cluster.yaml`` is what stands in the cluster beside what every cluster has; ``verdicts.yaml`` names the
pitfall, where it is decided upstream, and the questions, in the words of ``ostiary explain rbac --batch`` plus ``answer``.
Nothing in it is of ostiary: it can be used by itself.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.request import Request

CORPUS = Path(__file__).with_name("corpus")


@dataclass(frozen=True)
class Case:
    """One pitfall."""

    name: str
    directory: Path
    pitfall: str
    questions: tuple[tuple[Identity, Request, str], ...]

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The objects of the cluster, as they are sent to an API server."""
        return [one for one in yaml.safe_load_all((self.directory / "cluster.yaml").read_text()) if one]

    @property
    def aggregates(self) -> bool:
        """Whether a controller has something to do before the answers hold."""
        return any("aggregationRule" in one for one in self.objects)


def cases() -> list[Case]:
    """All cases, by number."""
    return [_case(directory) for directory in sorted(CORPUS.iterdir()) if directory.is_dir()]


def _case(directory: Path) -> Case:
    said = yaml.safe_load((directory / "verdicts.yaml").read_text())
    return Case(directory.name, directory, said["pitfall"], tuple(map(_question, said["questions"])))


def _question(said: dict[str, Any]) -> tuple[Identity, Request, str]:
    identity = Identity(said.get("user", ""), tuple(said.get("groups", ())))
    request = Request(
        verb=said.get("verb", ""),
        resource=said.get("resource", ""),
        api_group=said.get("apiGroup", ""),
        subresource=said.get("subresource", ""),
        name=said.get("name", ""),
        namespace=said.get("namespace", ""),
        path=said.get("path", ""),
        fields=tuple(said.get("fields", {}).items()),
    )
    return identity, request, said["answer"]
