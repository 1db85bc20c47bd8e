"""A plan as manifests for a Git repository: what a controller there would apply instead of ostiary. Pure: names and texts of files.

One directory a stage, each complete in itself, because whoever applies a stage owns all fields in it: the second holds what the first holds, and more.
An object that the plan only patches is written with the fields of the patch alone, which is what server-side apply and kustomize patches want:

    enforce/kustomization.yaml
    enforce/namespace_shop.yaml        apiVersion, kind, name and the labels, nothing else

A manifest cannot say "remove this": a plan that removes something is refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ostiary.apply.fields import leaves, merged
from ostiary.core.errors import BadInput
from ostiary.model.plan import Action, Change, Plan, Target

_KUSTOMIZATION = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}


def files(plan: Plan) -> dict[str, str]:
    """Relative path -> content, for every stage of the plan."""
    written: dict[str, str] = {}
    for number, stage in enumerate(plan.stages):
        included = plan.stages[: number + 1]
        objects = _objects(change for change in plan.changes if change.stage in included)
        if not objects:
            continue
        names = {_file_name(target): _document(value) for target, value in objects.items()}
        written |= {f"{stage}/{name}": text for name, text in names.items()}
        written[f"{stage}/kustomization.yaml"] = _document({**_KUSTOMIZATION, "resources": sorted(names)})
    return written


def _objects(changes: Iterator[Change]) -> dict[Target, dict[str, Any]]:
    objects: dict[Target, dict[str, Any]] = {}
    for change in changes:
        _refuse_removal(change)
        objects[change.target] = merged(objects.get(change.target) or _bare(change.target), change.after)
    return objects


def _refuse_removal(change: Change) -> None:
    gone = [path for path, value in leaves(change.after) if value is None]
    if change.action is Action.DELETE or gone:
        what = f"field {'.'.join(gone[0])} of {change.target.ref}" if gone else str(change.target.ref)
        raise BadInput(
            f"a manifest cannot say that {what} has to go",
            todo="apply this plan with ostiary enforce --yes, or remove it in Git",
        )


def _bare(target: Target) -> dict[str, Any]:
    place = {"namespace": target.namespace} if target.namespace else {}
    return {"apiVersion": target.api_version, "kind": target.kind, "metadata": {"name": target.name, **place}}


def _file_name(target: Target) -> str:
    """Unambiguous: names of objects hold no underscore, but may hold dots, dashes and colons."""
    parts = [target.kind.lower(), *filter(None, (target.namespace,)), target.name]
    return "_".join(parts).replace(":", "_") + ".yaml"


def _document(value: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=120))
