"""A namespace of a real cluster, and workloads for it that pass the restricted level."""

import json
import time
from collections.abc import Callable
from typing import Any

from ostiary.sandbox import RunningCluster

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
AGNHOST = "ostiary.local/agnhost:1"


class Place:
    """A namespace of a running cluster, and the few things that tests do in it."""

    def __init__(self, cluster: RunningCluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        """What kubectl says on stdout."""
        return self.cluster.run("kubectl", f"--namespace={self.namespace}", *arguments, stdin=stdin, check=check).stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects, in this namespace where they are in one."""
        for value in objects:
            self.kubectl("apply", "--filename=-", stdin=json.dumps(value))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """An object as the API server has it."""
        value: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "--output=json"))
        return value

    def ready(self, *pods: str) -> None:
        """Wait until pods are ready."""
        self.kubectl("wait", "--for=condition=Ready", *(f"pod/{pod}" for pod in pods), "--timeout=90s")

    def exec(self, pod: str, *command: str) -> tuple[bool, str]:
        """Whether a command in a pod ended with 0, and what it said."""
        done = self.cluster.run("kubectl", f"--namespace={self.namespace}", "exec", pod, "--", *command, check=False)
        return done.returncode == 0, done.stdout + done.stderr

    def connects(self, pod: str, target: str) -> bool:
        """Whether a TCP connection from ``pod`` to ``HOST:PORT`` is made within two seconds."""
        return self.exec(pod, "/agnhost", "connect", target, "--timeout=2s")[0]


def pod(name: str, *arguments: str, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod of the restricted level that runs agnhost; ``spec`` adds to it, ``container`` to its container."""
    container = {
        "name": "main",
        "image": AGNHOST,
        "imagePullPolicy": "Never",
        "args": list(arguments or ("pause",)),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **spec.pop("container", {}),
    }
    whole = {
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        **spec,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels or {"app": name}}, "spec": whole}


def web(name: str, *, app: str = "web") -> dict[str, Any]:
    """A pod that answers HTTP on 8080 and says its name at /hostname."""
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    return pod(name, "netexec", "--http-port=8080", labels={"app": app}, container={"readinessProbe": probe})


def service(app: str) -> dict[str, Any]:
    """A Service on port 80 in front of the pods with that label."""
    spec = {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": app}, "spec": spec}


def eventually(holds: Callable[[], bool], within: float = 60) -> bool:
    """Whether something comes to hold: asked again and again, never assumed after a pause."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
