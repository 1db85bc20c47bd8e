"""Applies a directory of manifests to a new cluster, in an order that works: namespaces, definitions, everything else.

Objects go through kubectl by server-side apply. When the API server refuses one, the error names file and object. Namespaces
are waited for until pods can be made in them, definitions until they are served.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ostiary.core.errors import BadInput, Unreachable
from ostiary.sandbox.supervisor import Supervisor

ENDINGS = (".yaml", ".yml", ".json")


class _Loader(yaml.CSafeLoader):
    """YAML 1.1 as the API server reads it: a date is a string."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object and the file that it came from."""

    file: Path
    value: dict[str, Any]

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.value.get("kind"))

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.value["metadata"]["name"])

    def __str__(self) -> str:
        namespace = self.value["metadata"].get("namespace")
        return f"{self.kind} {namespace + '/' if namespace else ''}{self.name}"


def read(path: Path) -> list[Manifest]:
    """Every object of a file, or of all files below a directory in the order of their names;

    BadInput names file and document.
    """
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.suffix in ENDINGS and file.is_file())
    if not files:
        raise BadInput(f"{path} holds no manifests", todo=f"files of manifests end in {', '.join(ENDINGS)}")
    return [manifest for file in files for manifest in _read_file(file)]


def _read_file(file: Path) -> Iterator[Manifest]:
    try:
        documents = list(yaml.load_all(file.read_bytes(), Loader=_Loader))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        why = " ".join(str(error).split())
        raise BadInput(
            f"{file} cannot be read: {why}", todo="mend it there; every file below --load has to be whole"
        ) from error
    for number, document in enumerate(documents, 1):
        if document is not None:
            yield from _objects(file, document, number)


def _objects(file: Path, document: Any, number: int) -> Iterator[Manifest]:
    where = f"{file}, document {number}"
    if (
        not isinstance(document, dict)
        or not isinstance(document.get("kind"), str)
        or not isinstance(document.get("apiVersion"), str)
    ):
        raise BadInput(f"{where} is no Kubernetes object: it needs apiVersion and kind")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _objects(file, item, number)
        return
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise BadInput(f"{where}: {document['kind']} has no metadata.name")
    yield Manifest(file, document)


def load(path: Path, supervisor: Supervisor, kubectl: Path, kubeconfig: Path) -> None:
    """Apply everything below ``path``. Raises BadInput naming file and object when the API server does not take one."""

    def call(*arguments: str, stdin: bytes = b"") -> bytes:
        return supervisor.call((str(kubectl), f"--kubeconfig={kubeconfig}", *arguments), within=120, stdin=stdin)

    found = read(path)
    namespaces = [manifest for manifest in found if manifest.kind == "Namespace"]
    definitions = [manifest for manifest in found if manifest.kind == "CustomResourceDefinition"]
    _apply(namespaces, call)
    for manifest in namespaces:
        call("wait", "--for=create", "serviceaccount/default", f"--namespace={manifest.name}", "--timeout=60s")
    _apply(definitions, call)
    if definitions:
        names = [f"crd/{manifest.name}" for manifest in definitions]
        call("wait", "--for=condition=Established", *names, "--timeout=60s")
    _apply([manifest for manifest in found if manifest not in namespaces and manifest not in definitions], call)


def _apply(found: Sequence[Manifest], call: Callable[..., bytes]) -> None:
    """All at once; and one by one when that fails, to know which it was."""
    if not found:
        return
    try:
        _apply_together(found, call)
    except Unreachable:
        for manifest in found:
            try:
                _apply_together([manifest], call)
            except Unreachable as error:
                said = error.happened.partition(": ")[2] or error.happened
                raise BadInput(
                    f"{manifest.file}: {manifest} cannot be applied: {said}", todo="correct it and run sandbox up again"
                ) from error


def _apply_together(found: Sequence[Manifest], call: Callable[..., bytes]) -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": [manifest.value for manifest in found]}
    call("apply", "--server-side", "--field-manager=ostiary-sandbox", "--filename=-", stdin=json.dumps(items).encode())
