"""From kubeconfig files to an Access, by the rules of kubectl.

``$KUBECONFIG`` may name several files: of two entries of one name the first counts, as does the first current-context; files that are not there are
passed over. Paths in a file are relative to it; data beats a path. Source: ``k8s.io/client-go/tools/clientcmd``.
"""

import base64
import binascii
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ostiary.adapters.decode import Unreadable
from ostiary.adapters.go_null import without_nulls
from ostiary.adapters.kubernetes.access import Access, ExecPlugin, Identity
from ostiary.adapters.manifests import yaml_reader
from ostiary.core.errors import BadInput


class _Field(msgspec.Struct, rename="kebab", kw_only=True):
    pass


class ClusterEntry(_Field):
    """``clusters[].cluster``."""

    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    proxy_url: str = ""


class EnvEntry(_Field):
    """A variable for a plugin."""

    name: str
    value: str = ""


class ExecEntry(_Field, rename="camel"):
    """``users[].user.exec``."""

    command: str
    args: list[str] = []
    env: list[EnvEntry] = []
    api_version: str = ""
    interactive_mode: str = ""
    install_hint: str = ""
    provide_cluster_info: bool = False


class UserEntry(_Field):
    """``users[].user``."""

    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = msgspec.field(name="tokenFile", default="")
    username: str = ""
    password: str = ""
    exec: ExecEntry | None = None
    auth_provider: dict[str, Any] | None = None
    as_: str = msgspec.field(name="as", default="")
    as_uid: str = ""
    as_groups: list[str] = []
    as_user_extra: dict[str, list[str]] = {}


class ContextEntry(_Field):
    """``contexts[].context``."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _Named(_Field):
    name: str = ""
    cluster: ClusterEntry | None = None
    user: UserEntry | None = None
    context: ContextEntry | None = None


class _File(_Field):
    kind: str = ""
    current_context: str = msgspec.field(name="current-context", default="")
    clusters: list[_Named] = []
    users: list[_Named] = []
    contexts: list[_Named] = []


def kubeconfig_files(environment: Mapping[str, str]) -> list[Path]:
    """Where kubectl would look."""
    if listed := environment.get("KUBECONFIG"):
        return [Path(name) for name in listed.split(os.pathsep) if name]
    return [Path(environment.get("HOME") or "~").expanduser() / ".kube" / "config"]


def load(files: Iterable[Path], context: str | None = None) -> Access:
    """The Access of a context, the current one if none is named. BadInput says which file, context, cluster or user is wrong."""
    read = [(path, _read(path)) for path in files if path.is_file()]
    origin = ", ".join(str(path) for path, _ in read)
    contexts, clusters, users = (_merged(read, kind) for kind in ("contexts", "clusters", "users"))
    name = context or next((file.current_context for _, file in read if file.current_context), "")
    if not name:
        raise BadInput(
            f"{origin} names no current context",
            todo=f"give --context, one of: {', '.join(sorted(contexts)) or 'there are none'}",
        )
    chosen = contexts[name][1].context if name in contexts else None
    if chosen is None:
        raise BadInput(f"{origin} has no context {name!r}", todo=f"one of: {', '.join(sorted(contexts)) or 'there are none'}")
    if chosen.cluster not in clusters:
        raise BadInput(
            f"context {name!r} of {origin} names a cluster that is not there: {chosen.cluster!r}", todo="check `clusters`"
        )
    if chosen.user and chosen.user not in users:
        raise BadInput(f"context {name!r} of {origin} names a user that is not there: {chosen.user!r}", todo="check `users`")
    home, cluster = clusters[chosen.cluster]
    identity = _identity(*users[chosen.user]) if chosen.user else Identity()
    return _access(home, cluster.cluster or ClusterEntry(), identity, chosen, name, origin)


def _access(home: Path, cluster: ClusterEntry, identity: Identity, chosen: ContextEntry, context: str, origin: str) -> Access:
    if not cluster.server.startswith(("http://", "https://")):
        raise BadInput(
            f"cluster {chosen.cluster!r} of {home} has no server address", todo="`server` is a URL, https://HOST:PORT"
        )
    authority = _bytes(home, cluster.certificate_authority_data, cluster.certificate_authority, "certificate-authority")
    return Access(
        server=cluster.server.rstrip("/"),
        certificate_authority=authority,
        insecure=cluster.insecure_skip_tls_verify,
        server_name=cluster.tls_server_name,
        proxy=cluster.proxy_url,
        namespace=chosen.namespace or "default",
        identity=identity,
        context=context,
        origin=origin,
    )


def _identity(home: Path, entry: _Named) -> Identity:
    user = entry.user or UserEntry()
    if user.auth_provider:
        raise BadInput(
            f"user {entry.name!r} of {home} uses auth-provider, which Kubernetes removed",
            todo="use an exec plugin (users[].user.exec)",
        )
    return Identity(
        certificate=_bytes(home, user.client_certificate_data, user.client_certificate, "client-certificate"),
        key=_bytes(home, user.client_key_data, user.client_key, "client-key"),
        token=user.token,
        token_file=str(home.parent / user.token_file) if user.token_file else "",
        username=user.username,
        password=user.password,
        plugin=_plugin(home, user.exec) if user.exec else None,
        impersonate=tuple(_impersonation(user)),
    )


def _impersonation(user: UserEntry) -> Iterable[tuple[str, str]]:
    if user.as_:
        yield "Impersonate-User", user.as_
    if user.as_uid:
        yield "Impersonate-Uid", user.as_uid
    for group in user.as_groups:
        yield "Impersonate-Group", group
    for key, values in user.as_user_extra.items():
        for value in values:
            yield f"Impersonate-Extra-{key}", value


def _plugin(home: Path, entry: ExecEntry) -> ExecPlugin:
    known = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
    if entry.api_version not in known:
        raise BadInput(f"{home}: exec.apiVersion {entry.api_version!r} is not known", todo=f"one of: {', '.join(known)}")
    mode = entry.interactive_mode or "IfAvailable"
    if mode not in ("Never", "IfAvailable", "Always"):
        raise BadInput(f"{home}: exec.interactiveMode {mode!r} is not known", todo="one of: Never, IfAvailable, Always")
    command = str(home.parent / entry.command) if "/" in entry.command else entry.command
    env = {variable.name: variable.value for variable in entry.env}
    return ExecPlugin(command, tuple(entry.args), env, entry.api_version, mode, entry.install_hint, entry.provide_cluster_info)


def _bytes(home: Path, data: str, path: str, what: str) -> bytes:
    if data:
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error:
            raise BadInput(f"{home}: {what}-data is not base64", todo="is the file whole?") from None
    if not path:
        return b""
    place = home.parent / path
    try:
        return place.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{home}: {what} {place} cannot be read: {error.strerror}",
            todo="is the path right? it is relative to the kubeconfig",
        ) from None


def _read(path: Path) -> _File:
    try:
        text = path.read_text("utf-8")
        return msgspec.convert(without_nulls(yaml_reader.read(text) or {}), _File)
    except OSError as error:
        raise BadInput(f"cannot read the kubeconfig {path}: {error.strerror}", todo="check its permissions") from None
    except (Unreadable, msgspec.ValidationError, UnicodeDecodeError) as error:
        happened = str(error) if not isinstance(error, UnicodeDecodeError) else "not UTF-8"
        raise BadInput(f"{path} is not a kubeconfig: {happened}", todo="try: kubectl config view --kubeconfig FILE") from None


def _merged(read: list[tuple[Path, _File]], kind: str) -> dict[str, tuple[Path, _Named]]:
    found: dict[str, tuple[Path, _Named]] = {}
    for path, file in read:
        for entry in getattr(file, kind):
            found.setdefault(entry.name, (path.absolute(), entry))
    return found
