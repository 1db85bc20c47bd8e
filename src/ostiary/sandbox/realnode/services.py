"""kube-proxy on a real node: Services, by nftables, in the cluster's own network namespace.

It decides that the machine's connection tracking limits stay as they are: they are the host's. Source: KubeProxyConfiguration
v1alpha1; the flags of cmd/kube-proxy/app.
"""

import http.client
import json
import signal

from ostiary.sandbox.nodes import Plane
from ostiary.sandbox.process import ProcessSpec
from ostiary.sandbox.realnode import mounts
from ostiary.sandbox.realnode.identity import kubeconfig
from ostiary.sandbox.realnode.names import NODE_NAME
from ostiary.sandbox.realnode.tools import SYSTEM_PATH

HEALTH_PORT = 10256


def configuration(plane: Plane, credentials: str) -> dict[str, object]:
    """The KubeProxyConfiguration."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "hostnameOverride": NODE_NAME,
        "clusterCIDR": plane.pod_range,
        "bindAddress": "0.0.0.0",  # noqa: S104 - inside the cluster's network namespace
        "healthzBindAddress": f"127.0.0.1:{HEALTH_PORT}",
        "clientConnection": {"kubeconfig": credentials},
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "featureGates": dict(plane.feature_gates),
    }


def process(plane: Plane) -> ProcessSpec:
    """Write the configuration and say how to start kube-proxy; ready means that the rules are in force."""
    credentials = kubeconfig(plane, "kube-proxy", plane.authority.issue("kube-proxy", user="system:kube-proxy"))
    file = mounts.NODE / "kube-proxy.json"
    file.write_text(json.dumps(configuration(plane, str(credentials)), indent=2))
    return ProcessSpec(
        "kube-proxy",
        (str(plane.engines / "kube-proxy"), f"--config={file}"),
        log=plane.layout.log("kube-proxy"),
        env={"PATH": SYSTEM_PATH},
        stop_signal=signal.SIGKILL,  # the namespace ends with everything in it: nothing to be polite to
        ready=_is_healthy,
    )


def _is_healthy() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", HEALTH_PORT, timeout=1)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == http.HTTPStatus.OK
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
