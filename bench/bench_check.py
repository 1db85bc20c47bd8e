"""How long a person, or a CI job, waits for ``ostiary check pods DIR`` on 200 manifest files, against an empty Python program. Limit: 1 s (median of 7)."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

LIMIT_SECONDS = 1.0
FILES, RUNS = 200, 7


def manifests(number: int) -> str:
    """A Deployment as people write it, its Service and its account."""
    name, namespace = f"app-{number}", f"team-{number % 20}"
    meta = {"name": name, "namespace": namespace, "labels": {"app": name}}
    container = {
        "name": "web",
        "image": f"registry.example.com/{name}:1.{number}",
        "args": ["serve", "--port=8080"],
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "DATABASE", "value": f"db-{number}"}, {"name": "MODE", "value": "production"}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {"allowPrivilegeEscalation": bool(number % 2), "capabilities": {"drop": ["ALL"]}},
    }
    template = {"metadata": {"labels": {"app": name}}, "spec": {"serviceAccountName": name, "containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return yaml.safe_dump_all(
        (
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec},
            {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"selector": {"app": name}, "ports": ports}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        )
    )


def median_seconds(*command: str) -> float:
    """The median wall time of a command that may have findings, after one warm-up."""
    times = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
        if code not in (0, 1):
            raise SystemExit(f"{command} ended with {code}")
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        for number in range(FILES):
            Path(directory, f"app-{number:03}.yaml").write_text(manifests(number))
        checked = median_seconds(str(Path(sys.executable).with_name("ostiary")), "check", "pods", directory)
    empty = median_seconds(sys.executable, "-c", "pass")
    figures = {
        "files": FILES,
        "check_seconds": round(checked, 3),
        "empty_python_seconds": round(empty, 3),
        "ratio": round(checked / empty, 1),
    }
    print(json.dumps(figures) if "--json" in sys.argv else "\n".join(f"{name:24}{value}" for name, value in figures.items()))
    raise SystemExit(checked > LIMIT_SECONDS)


if __name__ == "__main__":
    main()
