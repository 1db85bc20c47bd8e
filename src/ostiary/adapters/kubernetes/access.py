"""How an API server is reached, and as whom: a value, made from a kubeconfig or from the pod that this process runs in.

Nothing secret shows in its repr.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A command that makes credentials (client.authentication.k8s.io)."""

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    api_version: str = "client.authentication.k8s.io/v1"
    interactive_mode: str = "IfAvailable"
    install_hint: str = ""
    cluster_info: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom: any of a client certificate, a token, a file with a token, a name and password, a plugin."""

    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    token_file: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    plugin: ExecPlugin | None = None
    impersonate: tuple[tuple[str, str], ...] = ()  # headers


@dataclass(frozen=True, slots=True)
class Access:
    """One server and one identity. ``context`` and ``origin`` are what people are told when it does not work."""

    server: str
    certificate_authority: bytes = field(default=b"", repr=False)
    insecure: bool = False
    server_name: str = ""
    proxy: str = field(default="", repr=False)
    namespace: str = "default"
    identity: Identity = Identity()
    context: str = ""
    origin: str = ""

    def __str__(self) -> str:
        return (
            f"{self.server} (context {self.context!r} of {self.origin})" if self.context else f"{self.server} ({self.origin})"
        )
