"""Calico on a real node: its CNI plugin connects pods, Felix enforces NetworkPolicy; both from configuration alone.

It decides: addresses of pods come from the node's own range (host-local), a pod starts only once its policies are in force, pods
reach the node itself. No overlay network: there is one node. Sources: Felix configuration reference and CNI plugin reference of
Calico 3.28; ``policy_setup_timeout_seconds`` in cni-plugin/pkg/types.
"""

import http.client
import json
import signal
from pathlib import Path

from ostiary.sandbox.nodes import Plane
from ostiary.sandbox.process import ProcessSpec
from ostiary.sandbox.realnode import containerd, mounts
from ostiary.sandbox.realnode.identity import kubeconfig
from ostiary.sandbox.realnode.names import NODE_NAME
from ostiary.sandbox.realnode.tools import SYSTEM_PATH

USER = "ostiary:calico"
"""Who Felix and the CNI plugin are to the API server; ``manifests/calico.yaml`` says what that user may do."""

HEALTH_PORT = 9099
RUN = Path("/run/calico")


def cni_configuration(credentials: Path) -> dict[str, object]:
    """The list of CNI plugins: Calico, then port mappings for hostPort."""
    calico = {
        "type": "calico",
        "datastore_type": "kubernetes",
        "nodename": NODE_NAME,
        "mtu": 1450,
        "log_level": "warning",
        "log_file_path": str(mounts.NODE / "calico-cni.log"),
        "ipam": {"type": "host-local", "subnet": "usePodCidr"},
        "policy": {"type": "k8s"},
        "policy_setup_timeout_seconds": 10,
        "endpoint_status_dir": str(RUN / "endpoint-status"),
        "kubernetes": {"kubeconfig": str(credentials)},
    }
    mappings = {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}
    return {"cniVersion": "1.0.0", "name": "calico", "plugins": [calico, mappings]}


def felix_environment(credentials: Path) -> dict[str, str]:
    """Felix's whole configuration."""
    settings = {
        "DATASTORETYPE": "kubernetes",
        "FELIXHOSTNAME": NODE_NAME,
        "IPTABLESBACKEND": "NFT",
        "BPFENABLED": "false",
        "IPV6SUPPORT": "false",
        "IPINIPENABLED": "false",
        "VXLANENABLED": "false",
        "WIREGUARDENABLED": "false",
        "USAGEREPORTINGENABLED": "false",
        "HEALTHENABLED": "true",
        "HEALTHHOST": "127.0.0.1",
        "HEALTHPORT": str(HEALTH_PORT),
        "LOGFILEPATH": "none",
        "LOGSEVERITYFILE": "none",
        "LOGSEVERITYSYS": "none",
        "LOGSEVERITYSCREEN": "Warning",
        "DEFAULTENDPOINTTOHOSTACTION": "ACCEPT",
        "ENDPOINTSTATUSPATHPREFIX": str(RUN),
        "IPTABLESREFRESHINTERVAL": "60",
    }
    return {
        **{f"FELIX_{name}": value for name, value in settings.items()},
        "KUBECONFIG": str(credentials),
        "PATH": SYSTEM_PATH,
    }


def process(plane: Plane) -> ProcessSpec:
    """Write the CNI configuration and say how to start Felix; ready means that the policies of all pods are in force."""
    credentials = kubeconfig(plane, "calico", plane.authority.issue("calico", user=USER))
    containerd.CNI_CONFIGURATION.mkdir(exist_ok=True)
    (containerd.CNI_CONFIGURATION / "10-calico.conflist").write_text(json.dumps(cni_configuration(credentials), indent=2))
    (RUN / "endpoint-status").mkdir(parents=True, exist_ok=True)
    state = Path("/var/lib/calico")
    state.mkdir(exist_ok=True)
    (state / "nodename").write_text(NODE_NAME)
    return ProcessSpec(
        "calico-felix",
        (str(plane.engines / "calico-felix"),),
        log=plane.layout.log("calico-felix"),
        env=felix_environment(credentials),
        stop_signal=signal.SIGKILL,  # the namespace ends with everything in it: nothing to be polite to
        ready=_is_ready,
    )


def _is_ready() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", HEALTH_PORT, timeout=1)
    try:
        connection.request("GET", "/readiness")
        return connection.getresponse().status < http.HTTPStatus.BAD_REQUEST
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
