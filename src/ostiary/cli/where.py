"""From where a verb reads: the options that all verbs share, told once, and the World that they mean.

A verb takes one ``Where``; on the command line that is SOURCE and the options below. ``with_where`` shows them to typer in its place.

>>> @with_where
... def look(where: Where, deep: bool = False) -> str:
...     return f"{where.place} {deep}"
>>> look(source="live", deep=True)
'live True'
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from ostiary.model.world import World

R = TypeVar("R")

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="A directory of manifests, a manifest, a snapshot, a kubeconfig, `live`, or - for manifests on stdin. "
        "Without it: the cluster of the current kubeconfig context.",
        show_default=False,
    ),
]
SourceOption = Annotated[str | None, typer.Option("--source", metavar="SOURCE", help="The same as the argument SOURCE.")]
Kubeconfig = Annotated[
    Path | None, typer.Option("--kubeconfig", help="A kubeconfig file, instead of $KUBECONFIG or ~/.kube/config.")
]
Context = Annotated[str | None, typer.Option("--context", help="A context of the kubeconfig, instead of its current one.")]
IntentFile = Annotated[Path | None, typer.Option("--intent", help="The intent file; ./ostiary.yaml is read if it is there.")]
EvidenceFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence",
        metavar="PATH",
        help="What happened: an audit log, a directory of rotated ones, gzipped or not, or - for stdin. May be repeated.",
    ),
]


@dataclass(frozen=True, slots=True)
class Where:
    """What people said about where to read."""

    source: str | None = None
    source_option: str | None = None
    kubeconfig: Path | None = None
    context: str | None = None
    intent: Path | None = None
    evidence: list[str] | None = None

    @property
    def place(self) -> str | None:
        """The source; BadInput where two were given."""
        from ostiary.core.errors import BadInput

        if self.source and self.source_option and self.source != self.source_option:
            raise BadInput(f"two sources were given, {self.source!r} and {self.source_option!r}", todo="give one")
        return self.source or self.source_option

    def world(self) -> "World":
        """Read it all."""
        from ostiary.cli.source import read_world

        return read_world(
            self.place, kubeconfig=self.kubeconfig, context=self.context, intent=self.intent, evidence=self.evidence or ()
        )


_SHARED: dict[str, Any] = {
    "source": Source,
    "source_option": SourceOption,
    "kubeconfig": Kubeconfig,
    "context": Context,
    "intent": IntentFile,
    "evidence": EvidenceFiles,
}


def with_where(verb: Callable[..., R]) -> Callable[..., R]:
    """A verb that takes its ``where`` as the options of it, each by its name."""

    @wraps(verb)
    def told(**given: Any) -> R:
        where = Where(**{name: given.pop(name, None) for name in _SHARED})
        return verb(where=where, **given)

    own = inspect.signature(verb)
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=of) for name, of in _SHARED.items()
    ]
    parameters = list(own.parameters.values())
    at = next(number for number, one in enumerate(parameters) if one.name == "where")
    before, after = parameters[:at], parameters[at + 1 :]
    keyword = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*before, *shared, *after)]
    told.__signature__ = own.replace(parameters=keyword)  # type: ignore[attr-defined]
    told.__annotations__ = {one.name: one.annotation for one in keyword} | {"return": own.return_annotation}
    return told
