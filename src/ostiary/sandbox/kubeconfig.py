"""Kubeconfigs with everything embedded, so that one file is enough and nothing else has to be readable.

write_kubeconfig(path, "https://127.0.0.1:6443", authority, authority.issue("admin", ...), cluster="demo", user="admin")
"""

import base64
import json
from pathlib import Path

from ostiary.sandbox.pki import Authority, KeyPair, write_private


def kubeconfig_text(server: str, authority: Authority, pair: KeyPair, *, cluster: str, user: str) -> str:
    """A kubeconfig with one context, named after the cluster; JSON, which is YAML too."""
    context = {"cluster": cluster, "user": user, "namespace": "default"}
    credentials = {"client-certificate-data": _encoded(pair.certificate), "client-key-data": _encoded(pair.key)}
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "clusters": [
            {"name": cluster, "cluster": {"server": server, "certificate-authority-data": _encoded(authority.certificate)}}
        ],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": cluster, "context": context}],
    }
    return json.dumps(value, indent=2) + "\n"


def write_kubeconfig(path: Path, server: str, authority: Authority, pair: KeyPair, *, cluster: str, user: str) -> Path:
    """Write a kubeconfig 0600 and return its path."""
    write_private(path, kubeconfig_text(server, authority, pair, cluster=cluster, user=user).encode())
    return path


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
