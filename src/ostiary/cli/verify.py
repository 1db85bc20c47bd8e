"""``ostiary verify CERTIFICATE``: the stand-alone verifier, and whether the certificate is for the World at hand."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostiary.cli.output import FINDINGS, HOLDS, USAGE, Format, answer, answer_json, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ostiary.model.meta import Ref
    from ostiary.model.world import World
    from ostiary.verifier import Holds


def verify(
    certificate: Annotated[
        Path, typer.Argument(help="A certificate, as `ostiary prove --certificate` writes it.", show_default=False)
    ],
    source: Annotated[
        str | None,
        typer.Option("--source", help="Also ask whether it is for this World: manifests, a snapshot, a kubeconfig, or `live`."),
    ] = None,
    digest: Annotated[
        str, typer.Option("--world", metavar="DIGEST", help="Also ask whether it is for the World of this digest.")
    ] = "",
    kubeconfig: Annotated[Path | None, typer.Option("--kubeconfig", help="A kubeconfig file for --source live.")] = None,
    context: Annotated[str | None, typer.Option("--context", help="A context of the kubeconfig.")] = None,
    intent: Annotated[
        Path | None, typer.Option("--intent", help="The intent file; ./ostiary.yaml is read if it is there.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")] = Format.TABLE,
) -> None:
    """Re-check a certificate without the code that made it. Exit 0: it holds; 1: it does not; 2: it cannot be read."""
    from ostiary.verifier import Broken, Holds, Unreadable

    result: Holds | str
    try:
        result = _checked(certificate.read_bytes(), digest, source, kubeconfig, context, intent)
        code = HOLDS
    except Broken as error:
        result, code = str(error), FINDINGS
    except (OSError, Unreadable) as error:
        result, code = str(error), USAGE
    _show(result, code, form)
    raise typer.Exit(code)


def _checked(
    data: bytes, digest: str, source: str | None, kubeconfig: Path | None, context: str | None, intent: Path | None
) -> "Holds":
    from ostiary.cli.source import read_world
    from ostiary.verifier import Broken
    from ostiary.verifier import verify as verify_alone

    holds = verify_alone(data, world=digest)
    if source is not None or kubeconfig is not None:
        world = read_world(source, kubeconfig=kubeconfig, context=context, intent=intent)
        if world.digest != holds.world:
            raise Broken(_other_world(holds, world))
    return holds


def _other_world(holds: "Holds", world: "World") -> str:
    """That it is for another World, and whether its claim would still follow here."""
    here = _premises_here(holds, world)
    news = [f"{ref} ({fact})" for fact, ref in here.items() if fact not in holds.premises]
    known = (
        f"new here: {', '.join(news[:3])}"
        if news
        else "nothing that its claim rests on is new here; prove it again for a certificate"
    )
    return f"it is for the World {holds.world}, not {world.digest}, which was read now; {known}"


def _premises_here(holds: "Holds", world: "World") -> "Mapping[str, Ref]":
    """What the claim would rest on in the World that was read."""
    import msgspec

    if holds.pillar == "rbac":
        from ostiary.pillars.rbac.policy import RbacPolicy
        from ostiary.pillars.rbac.verbs import premises

        return premises(world, msgspec.convert(holds.policy, RbacPolicy))
    from ostiary.model.levels import Level
    from ostiary.pillars import pods

    levels = {name: pods.LevelVersion(Level(level), version) for name, (level, version) in holds.policy.items()}
    return pods.premises(world, pods.PodPolicy(levels=levels))


def _show(result: "Holds | str", code: int, form: Format) -> None:
    verdict = {HOLDS: "holds", FINDINGS: "does not hold", USAGE: "unreadable"}[code]
    if form is Format.JSON:
        said = (
            {"reason": result}
            if isinstance(result, str)
            else {"claim": result.claim, "world": result.world, "assumptions": result.assumptions}
        )
        answer_json({"verdict": verdict, **said})
    elif isinstance(result, str):
        (say if code == USAGE else answer)(f"{verdict}: {result}")
    else:
        answer(
            "\n".join(
                [
                    f"{verdict}: {result.claim}",
                    f"  in the World {result.world}",
                    *(f"  assuming: {text}" for text in result.assumptions),
                ]
            )
        )
