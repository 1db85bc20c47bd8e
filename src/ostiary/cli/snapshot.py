"""``ostiary snapshot``: a cluster in a file, without any secret value, to check elsewhere or later.

ostiary snapshot save -o monday.snapshot          the cluster of the current context
ostiary snapshot show monday.snapshot
ostiary snapshot diff monday.snapshot live        what changed since
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ostiary.cli.output import FINDINGS, HOLDS, Format, answer_json, say, table

app = typer.Typer(help="A cluster in a file, without any secret value.", no_args_is_help=True)

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="A directory, a manifest, a kubeconfig, live or -. Without it: the current context.",
        show_default=False,
    ),
]
SourceA = Annotated[str, typer.Argument(metavar="A", help="The earlier one: a snapshot, or any other source.")]
SourceB = Annotated[str, typer.Argument(metavar="B", help="The later one: a snapshot, or any other source.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write it.")]
Kubeconfig = Annotated[
    Path | None, typer.Option("--kubeconfig", help="A kubeconfig file, instead of $KUBECONFIG or ~/.kube/config.")
]
Context = Annotated[str | None, typer.Option("--context", help="A context of the kubeconfig, instead of its current one.")]
Form = Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")]


@app.command()
def save(
    out: Out, source: Source = None, kubeconfig: Kubeconfig = None, context: Context = None, form: Form = Format.TABLE
) -> None:
    """Read a source and save what was seen, and what was not."""
    from ostiary.adapters import snapshot_file
    from ostiary.adapters.seal_key import key_id, seal_key
    from ostiary.cli.source import read_cluster

    cluster = read_cluster(source, kubeconfig=kubeconfig, context=context)
    snapshot_file.write(out, cluster, seal_key=key_id(seal_key()), created=datetime.now(UTC))
    say(f"saved {out}")
    _show(str(out), form)


@app.command()
def show(file: Annotated[str, typer.Argument(metavar="FILE", help="A snapshot.")], form: Form = Format.TABLE) -> None:
    """What a snapshot holds: objects by kind, what could not be seen, digest, server version."""
    _show(file, form)


def _show(file: str, form: Format) -> None:
    from ostiary.adapters import snapshot_file
    from ostiary.model.world import World

    header, cluster = snapshot_file.read(Path(file))
    digest = World.of(cluster, today=header.created.date()).cluster_digest
    counts = _counts(cluster)
    if form is Format.JSON:
        answer_json({"digest": digest, "created": header.created, "server": header.server_version, "seal_key": header.seal_key,
                     "objects": counts, "blind": cluster.blind})  # fmt: skip
        return
    about = (
        ("digest", digest),
        ("created", header.created.isoformat()),
        ("server", header.server_version or "-"),
        ("seal key", header.seal_key),
    )
    table(
        ("WHAT", "VALUE"),
        [*about, *((kind, str(count)) for kind, count in counts.items()), ("not seen", str(len(cluster.blind)))],
    )
    for blind in cluster.blind:
        say(f"not seen: {blind}")


def _counts(cluster: Any) -> dict[str, int]:
    from ostiary.model.kinds import KINDS

    return {kind.kind: found for kind in KINDS if (found := len(getattr(cluster, kind.section)))}


@app.command()
def diff(a: SourceA, b: SourceB, kubeconfig: Kubeconfig = None, context: Context = None, form: Form = Format.TABLE) -> None:
    """Which objects were added, removed or changed from A to B. Exit 0: none; 1: some."""
    from ostiary.adapters.comparison import compare
    from ostiary.cli.source import read_sealed

    before, before_key = read_sealed(a, kubeconfig=kubeconfig, context=context)
    after, after_key = read_sealed(b, kubeconfig=kubeconfig, context=context)
    if before_key != after_key:
        say("they were sealed under different keys: values that may be secret are not compared")
    found = compare(before, after, sealed=before_key == after_key)
    if form is Format.JSON:
        answer_json({"added": found.added, "removed": found.removed, "changed": found.changed, "unseen": found.unseen})
    elif found.differ:
        rows = [
            (word, str(ref))
            for word, refs in (("added", found.added), ("removed", found.removed), ("changed", found.changed))
            for ref in refs
        ]
        table(("CHANGE", "OBJECT"), [*rows, *(("not seen", str(blind)) for blind in found.unseen)])
    else:
        say("no difference")
    raise typer.Exit(FINDINGS if found.differ else HOLDS)
