"""Access from inside a pod: the service account that the kubelet mounts."""

from collections.abc import Mapping
from pathlib import Path

from ostiary.adapters.kubernetes.access import Access, Identity

MOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster(environment: Mapping[str, str], mount: Path = MOUNT) -> Access | None:
    """The Access of this pod; None outside a cluster. The token is read anew as the kubelet rotates it."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
    if not host or not port or not (mount / "token").is_file():
        return None
    namespace = (mount / "namespace").read_text("utf-8").strip() if (mount / "namespace").is_file() else "default"
    return Access(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        certificate_authority=(mount / "ca.crt").read_bytes() if (mount / "ca.crt").is_file() else b"",
        namespace=namespace,
        identity=Identity(token_file=str(mount / "token")),
        origin="the service account of this pod",
    )
