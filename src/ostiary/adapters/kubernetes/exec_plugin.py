"""Credentials from a command: the exec plugins of kubectl (``aws eks get-token``, ``gke-gcloud-auth-plugin``, ``kubelogin``).

The command gets ``KUBERNETES_EXEC_INFO``, writes an ExecCredential on stdout and talks on stderr, which people see. Source:
``client.authentication.k8s.io`` v1 and v1beta1.
"""

import asyncio
import base64
import os
import shutil
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ostiary.adapters.kubernetes.access import Access, ExecPlugin
from ostiary.core.errors import BadInput, Unreachable

_SECONDS = 120
_EARLY = timedelta(seconds=10)  # asked again this long before the answer expires


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    expiration_timestamp: datetime | None = None
    client_certificate_data: str = ""
    client_key_data: str = ""


class _ExecCredential(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    status: _Status | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What a plugin answered."""

    authorization: str = field(repr=False)
    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)
    until: float


async def ask(plugin: ExecPlugin, access: Access) -> Made:
    """Run the plugin. BadInput or Unreachable name the command; its output is never quoted."""
    interactive = plugin.interactive_mode != "Never" and sys.stdin is not None and sys.stdin.isatty()
    if plugin.interactive_mode == "Always" and not interactive:
        raise BadInput(
            f"the exec plugin {plugin.command} wants a terminal, and stdin is none",
            todo="run it in a terminal, or use another context",
        )
    command = shutil.which(plugin.command)
    if command is None:
        raise BadInput(
            f"the exec plugin {plugin.command} is not installed",
            todo=plugin.install_hint or "install it, or use another context",
        )
    environment = {**os.environ, **plugin.env, "KUBERNETES_EXEC_INFO": _info(plugin, access, interactive)}
    return _read(plugin, await _run(plugin, command, environment, interactive))


async def _run(plugin: ExecPlugin, command: str, environment: dict[str, str], interactive: bool) -> bytes:
    process = await asyncio.create_subprocess_exec(
        command,
        *plugin.args,
        env=environment,
        stdin=None if interactive else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise Unreachable(
            f"the exec plugin {plugin.command} did not answer within {_SECONDS} s", todo="run it by hand"
        ) from None
    if process.returncode:
        raise Unreachable(
            f"the exec plugin {plugin.command} failed with exit code {process.returncode}", todo="what it says stands above"
        )
    return said


def _info(plugin: ExecPlugin, access: Access, interactive: bool) -> str:
    spec: dict[str, Any] = {"interactive": interactive}
    if plugin.cluster_info:
        spec["cluster"] = {"server": access.server, "insecure-skip-tls-verify": access.insecure}
        if access.server_name:
            spec["cluster"]["tls-server-name"] = access.server_name
        if access.certificate_authority:
            spec["cluster"]["certificate-authority-data"] = base64.b64encode(access.certificate_authority).decode()
    return msgspec.json.encode({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}).decode()


def _read(plugin: ExecPlugin, said: bytes) -> Made:
    try:
        answer = msgspec.json.decode(said, type=_ExecCredential)
    except msgspec.MsgspecError:
        raise BadInput(f"the exec plugin {plugin.command} did not print an ExecCredential", todo="run it by hand") from None
    status = answer.status
    if answer.kind != "ExecCredential" or answer.api_version != plugin.api_version or status is None:
        raise BadInput(
            f"the exec plugin {plugin.command} did not print an ExecCredential of {plugin.api_version}",
            todo="check exec.apiVersion",
        )
    if not status.token and not (status.client_certificate_data and status.client_key_data):
        raise BadInput(
            f"the exec plugin {plugin.command} gave neither a token nor a certificate with its key", todo="run it by hand"
        )
    return Made(
        f"Bearer {status.token}" if status.token else "",
        status.client_certificate_data.encode(),
        status.client_key_data.encode(),
        _until(status.expiration_timestamp),
    )


def _until(expires: datetime | None) -> float:
    if expires is None:
        return float("inf")
    return (expires if expires.tzinfo else expires.replace(tzinfo=UTC)).timestamp() - _EARLY.total_seconds()
