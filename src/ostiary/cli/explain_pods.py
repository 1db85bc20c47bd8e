"""``ostiary explain pods``: would these pods be admitted at a level, and which field of which owner stands in the way.

    ostiary explain pods --level restricted deploy.yaml cronjob.yaml
    helm template . | ostiary explain pods --level baseline --level-version v1.34 - --format json
    ostiary explain pods --level restricted --source live

As JSON: one array in input order, an entry for every pod or workload,
``{"file", "namespace", "name", "allowed", "violations": [{"control", "message"}]}``; ``allowed`` is null where the answer is unknown.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ostiary.cli.output import FINDINGS, HOLDS, UNKNOWN, Format, answer_json, block, say

if TYPE_CHECKING:
    from ostiary.model.blind import Blind
    from ostiary.model.levels import Level, Version
    from ostiary.pillars.pods.makers import Maker
    from ostiary.pillars.pods.standards import Violation


class Entry(NamedTuple):
    """One pod or workload. ``allowed`` None: unknown, for the reason given."""

    file: str
    what: str
    namespace: str
    name: str
    allowed: bool | None
    violations: "tuple[Violation, ...]" = ()
    maker: "Maker | None" = None
    reason: str = ""


def pods(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Manifest files or directories; - is stdin.", show_default=False),
    ] = None,
    level: Annotated[str, typer.Option("--level", help="privileged, baseline or restricted.")] = "restricted",
    level_version: Annotated[
        str,
        typer.Option(
            "--level-version", help="A version of the levels, such as v1.34; latest is the newest that ostiary knows."
        ),
    ] = "latest",
    source: Annotated[
        str | None, typer.Option("--source", help="Instead of files: a live cluster, a snapshot; anything that check takes.")
    ] = None,
    kubeconfig: Annotated[Path | None, typer.Option("--kubeconfig", help="A kubeconfig file.")] = None,
    context: Annotated[str | None, typer.Option("--context", help="A context of the kubeconfig.")] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")] = Format.TABLE,
) -> None:
    """Which pods and workloads a Pod Security level admits, and why not. Exit 0: all; 1: some not; 4: some unknown."""
    from ostiary.core.errors import BadInput

    wanted, version = _level(level), _version(level_version)
    if bool(files) == bool(source):
        raise BadInput(
            "nothing to explain" if not files else "files and --source were both given", todo="give files, or --source"
        )
    entries = list(
        _of_files(files, wanted, version) if files else _of_source(source or "", kubeconfig, context, wanted, version)
    )
    if form is Format.JSON:
        answer_json([_plain(entry) for entry in entries])
    else:
        for entry in entries:
            _show(entry)
        say(_sentence(entries, f"{wanted}:{version}"))
    refused, unknown = (any(entry.allowed is value for entry in entries) for value in (False, None))
    raise typer.Exit(FINDINGS if refused else UNKNOWN if unknown else HOLDS)


def _level(text: str) -> "Level":
    from ostiary.core.errors import BadInput
    from ostiary.model.levels import Level

    try:
        return Level(text)
    except ValueError:
        raise BadInput(f"there is no level {text!r}", todo=f"one of {', '.join(map(str, Level))}") from None


def _version(text: str) -> "Version":
    from ostiary.core.errors import BadInput
    from ostiary.model.levels import NEWEST, OLDEST_MINOR, Version

    if text == "latest":
        return NEWEST
    version = Version.parse(text)
    if version is None or version > NEWEST:
        raise BadInput(f"there is no version {text!r} of the levels", todo=f"v1.{OLDEST_MINOR} to {NEWEST}, or latest")
    return version


def _of_files(files: Iterable[Path], level: "Level", version: "Version") -> Iterator[Entry]:
    from ostiary.adapters.manifests.directory import manifest_files, read_in_order
    from ostiary.adapters.seal_key import seal_key
    from ostiary.core.errors import BadInput

    key = seal_key()
    for given in files:
        text = sys.stdin.buffer.read().decode("utf-8", "replace") if str(given) == "-" else None
        if text is None and not given.exists():
            raise BadInput(f"there is no file {given}", todo="check the path; - reads stdin")
        for path in manifest_files(given) if given.is_dir() else (given,):
            for found in read_in_order(path, text, key, say):
                yield from _entry(str(path), found, level, version)


def _of_source(
    source: str, kubeconfig: Path | None, context: str | None, level: "Level", version: "Version"
) -> Iterator[Entry]:
    from datetime import date

    from ostiary.cli.source import read_cluster
    from ostiary.model.world import World
    from ostiary.pillars.pods.makers import makers

    cluster = read_cluster(source, kubeconfig=kubeconfig, context=context)
    for maker in makers(World.of(cluster, today=date.min)):
        yield _judged(source, maker, level, version)
    for blind in cluster.blind:
        yield from _unknown(source, blind)


def _entry(file: str, found: "tuple[Any, Any] | Blind", level: "Level", version: "Version") -> Iterator[Entry]:
    from ostiary.model.blind import Blind
    from ostiary.pillars.pods.makers import maker_of

    if isinstance(found, Blind):
        yield from _unknown(file, found)
        return
    kind, value = found
    maker = maker_of(kind.kind, value)
    if maker is not None:
        yield _judged(file, maker, level, version)


def _judged(file: str, maker: "Maker", level: "Level", version: "Version") -> Entry:
    from ostiary.pillars.pods.standards import evaluate

    violations = evaluate(maker.pod, level, version)
    return Entry(file, str(maker.ref), maker.ref.namespace, maker.ref.name, not violations, violations, maker)


def _unknown(file: str, blind: "Blind") -> Iterator[Entry]:
    from ostiary.pillars.pods.blindness import concerns

    if concerns(blind, None) and blind.kind != "Namespace":
        namespace = blind.namespace or ("default" if blind.name else "")
        yield Entry(file, blind.kind or "an object", namespace, blind.name, None, reason=str(blind))


def _plain(entry: Entry) -> dict[str, object]:
    violations = [{"control": found.control, "message": found.message} for found in entry.violations]
    return {
        "file": entry.file,
        "namespace": entry.namespace,
        "name": entry.name,
        "allowed": entry.allowed,
        "violations": violations,
    }


def _show(entry: Entry) -> None:
    word = {True: "admitted", False: "refused", None: "unknown"}[entry.allowed]
    block((f"{word:8}", entry.what, f"({entry.file})"), _lines(entry))


def _lines(entry: Entry) -> Iterator[str]:
    if entry.reason:
        yield entry.reason
    for found in entry.violations:
        yield f"{found.control}: {found.message}"
        fields = ", ".join(entry.maker.field(path) for path in found.fields) if entry.maker else ""
        yield f"     {fields}: {found.change}"


def _sentence(entries: list[Entry], level: str) -> str:
    counts = [sum(entry.allowed is value for entry in entries) for value in (True, False, None)]
    return f"{level} admits {counts[0]} of {len(entries)}, refuses {counts[1]}, unknown {counts[2]}"
