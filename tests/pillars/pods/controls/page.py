"""docs/pod-controls.md as it follows from the table of controls.

Write it anew with: python -m tests.pillars.pods.controls.page
"""

from pathlib import Path

from ostiary.pillars.pods.controls import CONTROLS
from ostiary.pillars.pods.controls.control import Control
from ostiary.pillars.pods.controls.surroundings import COMMON

PAGE = Path(__file__).parents[4] / "docs" / "pod-controls.md"

INTRODUCTION = f"""# Further controls for pods

What security people expect of pods beyond the [Pod Security Standards](pods.md): {len(CONTROLS)} controls, of which
{sum(control.applies_at_admission for control in CONTROLS)} can be held by the API server itself, as [admission
policies](admission.md). `ostiary check pods` reports one finding for a control and an owner: the pods of a Deployment and its
template are one, and the finding names the field of the Deployment.

Codes are stable. A control cites a document only where that document asks for it: the CIS Kubernetes Benchmark v1.11.1
(section 5), the NSA/CISA Kubernetes Hardening Guide v1.2, NIST SP 800-190, or the documentation of Kubernetes where the
control rests on how Kubernetes works.

- *At admission*: a CEL expression beside the Python function decides the same; a test compares both on a real API server.
- *Linux*: a pod that says `os.name: windows` is let off, because the API takes none of those fields there.
- Some controls need more than the pod: service accounts and bindings (POD-108 to POD-110), Secrets and ConfigMaps (POD-112,
  POD-117 to POD-119), claims and volumes (POD-165). What could not be read is said, and is not a pass.
- A *plaintext twin* (POD-117 to POD-119) is an environment value, argument or ConfigMap entry that is equal to a value of a
  Secret. Values are compared by keyed digest and are never kept. A password inside a longer text is not found; a short
  value can be equal by accident. Left out are keys that usually hold no secret, such as `username` or `tls.crt`, and values
  that stand in plain text under {COMMON} or more different names: those are words such as `true`.
- A token counts as needless (POD-109) when no binding names its service account. Bindings of groups do not count: every
  service account is in those, whether it has a token mounted or not.
- POD-171 and POD-172 are about `bindMountOptions`, which servers without the feature gate `VolumeBindMountOptions` (alpha in
  1.37) drop: they are judged only where some pod in the cluster has such options.
- POD-105 is judged only where trusted registries are named.
"""


def rendered() -> str:
    """The whole page."""
    return "\n".join((INTRODUCTION, _table(), *(_section(control) for control in CONTROLS)))


def _table() -> str:
    rows = [
        f"| [{c.code}](#{c.code.lower()}) | {c.title} | {c.severity} | {'yes' if c.applies_at_admission else ''} |"
        for c in CONTROLS
    ]
    return "\n".join(("| code | control | severity | at admission |", "|---|---|---|---|", *rows, ""))


def _section(control: Control) -> str:
    notes = [str(control.severity)]
    notes += ["at admission"] if control.applies_at_admission else []
    notes += ["Linux"] if control.linux_only else []
    sources = "\n".join(f"- {_linked(source)}" for source in control.sources)
    return f"""<a id="{control.code.lower()}"></a>

## {control.code}: {control.title}

{", ".join(notes)}

{control.rationale}

To mend it: {control.fix}.

{sources}
"""


def _linked(source: str) -> str:
    return f"<{source}>" if source.startswith("https://") else source


if __name__ == "__main__":
    PAGE.write_text(rendered())
