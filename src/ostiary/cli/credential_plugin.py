"""What kubectl gets when it asks for a token: an ExecCredential of ``client.authentication.k8s.io/v1``, quickly.

kubectl runs the plugin for every command, so a token is kept in a file (0600) until half a minute before it ends, and while there is one nothing is asked of
anybody. So this module imports little, and nothing of the network before it needs it. It never asks the person anything: when a session has ended, it says how
to sign in again on stderr, which kubectl shows.
"""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any, Final

from ostiary.cli.session_files import Chosen, choose, private_bytes, token_path
from ostiary.core.errors import BadInput

API_VERSION: Final = "client.authentication.k8s.io/v1"
EARLY_SECONDS: Final = 30.0


def answer_kubectl(cluster: str, session: str | None) -> None:
    """Print a token for a cluster, of a session or of the current one."""
    _check_asked()
    chosen = choose(session)
    print(json.dumps(_document(_cached(chosen, cluster) or _fetched(chosen, cluster)), separators=(",", ":")))


def _document(kept: dict[str, str]) -> dict[str, Any]:
    status = {"token": kept["token"], "expirationTimestamp": kept["ends_at"]}
    return {"apiVersion": API_VERSION, "kind": "ExecCredential", "status": status}


def _cached(chosen: Chosen, cluster: str) -> dict[str, str] | None:
    try:
        kept = json.loads(private_bytes(token_path(chosen.name, cluster)))
        ends = datetime.fromisoformat(kept["ends_at"])
        fresh = kept["session"] == chosen.file.session and (ends - datetime.now(UTC)).total_seconds() > EARLY_SECONDS
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if fresh else None


def _fetched(chosen: Chosen, cluster: str) -> dict[str, str]:
    from ostiary.adapters.files import write_atomically
    from ostiary.cli.control_plane import control_plane

    path = token_path(chosen.name, cluster)
    said = control_plane(chosen.name).post(f"/v1/clusters/{cluster}/token")
    kept = {"token": said["token"], "ends_at": said["ends_at"], "session": chosen.file.session}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, json.dumps(kept).encode())
    return kept


def _check_asked() -> None:
    """Whoever asks by KUBERNETES_EXEC_INFO has to ask in the version that is answered."""
    asked = os.environ.get("KUBERNETES_EXEC_INFO")
    if not asked:
        if sys.stdout.isatty():
            print("kubectl runs this; a token that is shown on a terminal may be seen by others", file=sys.stderr)
        return
    try:
        version = json.loads(asked)["apiVersion"]
    except (ValueError, KeyError, TypeError):
        raise BadInput(
            "KUBERNETES_EXEC_INFO is no ExecCredential", todo="kubectl sets it; set it up: ostiary kubeconfig"
        ) from None
    if version != API_VERSION:
        raise BadInput(f"kubectl asked for {version!r}; this answers {API_VERSION}", todo="set it up anew: ostiary kubeconfig")
