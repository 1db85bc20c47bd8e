"""What somebody may ask of a sandbox, checked before anything is started.

>>> parse_nodes("simulated=3")
Nodes(kind='simulated', count=3)
>>> parse_gates("A=true,B=false")
{'A': True, 'B': False}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ostiary.core.errors import BadInput

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")  # a DNS label, short enough for socket paths and interface names
_FLAG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MOST_SIMULATED = 10_000


@dataclass(frozen=True, slots=True)
class Nodes:
    """The kind of nodes and how many."""

    kind: Literal["none", "simulated", "real"] = "none"
    count: int = 0

    def __str__(self) -> str:
        return f"simulated={self.count}" if self.kind == "simulated" else self.kind


# Where the API server listens and where its data is: with another value it would never be found ready.
OWN_FLAGS = frozenset(("secure-port", "bind-address", "advertise-address", "etcd-servers", "etcd-prefix"))


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """A whole request. ``owner_pid``: the cluster ends, and nothing of it remains, when that process ends.

    ``kubernetes_version`` None is the newest pin. ``api_server_flags`` are given as they are, last, and so win over the
    defaults. ``load``: directories or files of manifests; ``images``: archives for a real node.
    """

    name: str = "default"
    nodes: Nodes = field(default_factory=Nodes)
    kubernetes_version: str | None = None
    feature_gates: Mapping[str, bool] = field(default_factory=dict)
    api_server_flags: tuple[tuple[str, str], ...] = ()
    audit_policy: Path | None = None
    audit_webhook: str | None = None
    load: tuple[Path, ...] = ()
    images: tuple[Path, ...] = ()
    owner_pid: int | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        for flag, _ in self.api_server_flags:
            if not _FLAG.fullmatch(flag):
                raise BadInput(
                    f"{flag!r} is not a name of an API server flag",
                    todo="write it without dashes in front: max-requests-inflight=100",
                )
            if flag in OWN_FLAGS:
                raise BadInput(
                    f"the API server's {flag} is the sandbox's own: what waits for the server and reaches it goes by it",
                    todo="leave it out; ports and addresses are chosen free, and `ostiary sandbox status` shows them",
                )
        if self.images and self.nodes.kind != "real":
            raise BadInput("an image needs a node that can run it", todo="add --nodes real, or leave out --image")
        if self.audit_webhook is not None and not self.audit_webhook.startswith(("http://", "https://")):
            raise BadInput(f"{self.audit_webhook!r} is not a URL", todo="give --audit-webhook an http:// or https:// URL")


def require_files(options: SandboxOptions) -> None:
    """BadInput for a file that is not there. Asked when a cluster comes up; the record of one that ran may outlive its files."""
    for path in (*options.load, *options.images, *([options.audit_policy] if options.audit_policy else [])):
        if not path.exists():
            raise BadInput(f"{path} does not exist", todo="it was given to sandbox up; check the path")


def check_name(name: str) -> str:
    """A cluster's name as it is, or BadInput."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} cannot be the name of a cluster",
            todo="use at most 32 lower-case letters, digits and dashes, with no dash at either end",
        )
    return name


def parse_nodes(text: str) -> Nodes:
    """``none``, ``simulated=N`` or ``real``."""
    if text == "none":
        return Nodes()
    if text == "real":
        return Nodes("real", 1)
    kind, _, number = text.partition("=")
    if kind == "simulated" and number.isascii() and number.isdecimal() and 1 <= int(number) <= MOST_SIMULATED:
        return Nodes("simulated", int(number))
    raise BadInput(f"{text!r} is not a kind of nodes", todo=f"use none, simulated=N (1 to {MOST_SIMULATED}) or real")


def parse_gates(text: str) -> dict[str, bool]:
    """Feature gates as Kubernetes writes them: ``A=true,B=false``."""
    gates = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals or value.lower() not in ("true", "false") or not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name):
            raise BadInput(f"{part!r} is not a feature gate", todo="write Name=true or Name=false, separated by commas")
        gates[name] = value.lower() == "true"
    return gates


def parse_flag(text: str) -> tuple[str, str]:
    """An API server flag as ``name=value``; dashes in front are allowed."""
    name, equals, value = text.lstrip("-").partition("=")
    if not equals or not name:
        raise BadInput(f"{text!r} is not an API server flag", todo="write name=value, such as max-requests-inflight=100")
    return name, value
