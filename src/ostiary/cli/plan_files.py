"""What ``ostiary enforce`` writes instead of changing a cluster: manifests for Git, or files that an API server reads at its start."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ostiary.cli.output import answer, say

if TYPE_CHECKING:
    from ostiary.model.plan import Plan
    from ostiary.model.verdict import Proof
    from ostiary.model.world import World


def refuse_wrong_use(chosen: Any, pillar: str, *, yes: bool, gitops: Path | None, static_files: Path | None) -> None:
    """BadInput for options that do not go together, before anything is read."""
    from ostiary.core.errors import BadInput

    given = [name for name, value in (("--gitops", gitops), ("--static-files", static_files), ("--yes", yes)) if value]
    if len(given) > 1:
        does = "writes manifests" if gitops else "writes files for the API server"
        other = "changes the cluster" if yes else "writes files for the API server"
        raise BadInput(f"{given[0]} {does} and {given[1]} {other}", todo="do one, then the other")
    if static_files and not hasattr(chosen, "proved_files"):
        raise BadInput(
            f"--static-files is for admission: an API server reads nothing of {pillar} from files", todo="leave it away"
        )


def write_manifests(plan: "Plan", directory: Path) -> None:
    """The plan as kustomize manifests, one directory a stage."""
    from ostiary.apply.gitops import files

    written = files(plan)
    _write(written, directory)
    stages = sorted({name.partition("/")[0] for name in written}, key=plan.stages.index)
    for stage in stages:
        say(f"stage {stage}: kubectl apply --server-side --field-manager=ostiary -k {directory / stage}")
    if not written:
        say("nothing to write: all of it stands already")


def write_static_files(chosen: Any, proof: "Proof[Any]", world: "World", directory: Path) -> None:
    """The proved policy as files for every API server, which must find them at this very path."""
    place = directory.resolve()
    _write(chosen.proved_files(proof, world, str(place)), directory)
    say(
        f"nothing was changed; put {place} on the disk of every API server and start each with\n"
        f"  --admission-control-config-file={place / 'admission-configuration.json'}\n"
        "  (ManifestBasedAdmissionControlConfig: on in Kubernetes 1.37). They refuse at once: there is no stage that only warns"
    )


def _write(written: Mapping[str, str], directory: Path) -> None:
    from ostiary.adapters.files import write_atomically

    for name, text in written.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode(), mode=0o644)
        answer(str(path))
