"""The patches of workloads as files: one strategic merge patch a workload, and a kustomize Component that lists them.

What waits for people lies apart, in ``undecided/``, a Component of its own: whoever includes the first gets nothing that nobody answered for.

    kustomization.yaml                    resources: [../base], components: [../patches]
    deployment_shop_catalogue.yaml        kubectl patch --type strategic --patch-file takes it as well
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from ostiary.model.meta import Ref
    from ostiary.pillars.pods.harden import Hardening

_COMPONENT = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
UNDECIDED = "undecided"


def files(found: "Iterable[Hardening]") -> dict[str, str]:
    """Relative path -> content; a Component is written even where it holds nothing, so that including it never breaks."""
    patched = [one for one in found if one.patch]
    written: dict[str, str] = {}
    for place, some in (
        ("", [one for one in patched if one.decided]),
        (f"{UNDECIDED}/", [one for one in patched if not one.decided]),
    ):
        names = {_file_name(one.workload): _text(one) for one in some}
        written |= {place + name: text for name, text in names.items()}
        written[f"{place}kustomization.yaml"] = _dump({**_COMPONENT, "patches": [{"path": name} for name in sorted(names)]})
    return written


def _text(one: "Hardening") -> str:
    questions = [f"decide ({ask.code}) {ask.field}: {ask.question}" for ask in one.decide]
    return "".join(f"# {_one_line(text)}\n" for text in (*questions, *one.notes)) + _dump(one.patch)


def _one_line(text: str) -> str:
    """Names may come from a file that nobody checked: no line of theirs becomes a line of the patch."""
    return " ".join(text.split())


def _file_name(ref: "Ref") -> str:
    return f"{ref.kind.lower()}_{ref.namespace}_{ref.name}.yaml".replace("/", "_")


def _dump(value: Any) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=120))
