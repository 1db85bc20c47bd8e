"""The main job, end to end, on a real cluster that this script brings up and takes down: look, learn, prove, enforce, attack.

    make demo             real containers where root allows, simulated nodes elsewhere
    KEEP=1 make demo      leave the cluster running, to look around
    python examples/01-shop/demo.py pods      only the chapters that are named

Every command that it runs is printed as one would type it. Each chapter is a module of its own, and leaves the cluster as it found it.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chapters import access, pods, rbac
from chapters.stage import HERE, Stage, run, say

CHAPTERS = {"pods": pods.tell, "rbac": rbac.tell, "access": access.tell}
NAME = "demo"
ROLLOUTS = {
    "shop": ("deployment/storefront", "deployment/catalogue"),
    "payments": ("deployment/payments", "statefulset/journal"),
    "ci": ("deployment/builder",),
    "monitoring": ("daemonset/node-agent", "deployment/metrics"),
    "backup-operator": ("deployment/backup-operator",),
}


def nodes() -> str:
    """Real containers where they can be had; says why not where they cannot."""
    from ostiary.sandbox import realnode

    missing = realnode.required_system_tools()
    if os.geteuid() == 0 and not missing:
        return "real"
    why = f"these are missing: {', '.join(missing)}" if missing else "that takes root"
    say(
        f"No real containers here ({why}): nodes are simulated. Pods are admitted and scheduled as always, but nothing runs in them."
    )
    return "simulated=2"


def wait_until_ready() -> None:
    for namespace, workloads in ROLLOUTS.items():
        for workload in workloads:
            run("kubectl", "-n", namespace, "rollout", "status", workload, "--timeout=120s", show=False)


def main() -> None:
    unknown = [name for name in sys.argv[1:] if name not in CHAPTERS]
    if unknown:
        print(f"demo: there is no chapter {' or '.join(unknown)}; there are {', '.join(CHAPTERS)}", file=sys.stderr)
        raise SystemExit(2)
    kind = nodes()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ostiary-demo-") as work:
        say("A real Kubernetes cluster, without Docker (the first time its engines are built, which takes minutes)")
        up = ["ostiary", "sandbox", "up", "--name", NAME, "--nodes", kind, "--load", str(HERE / "manifests")]
        print(f"$ {shlex.join(up)}", flush=True)
        if subprocess.run(up, check=False).returncode:
            raise SystemExit(1)
        try:
            os.environ["KUBECONFIG"] = run("ostiary", "sandbox", "kubeconfig", "--name", NAME, show=False).strip()
            os.environ["PATH"] = run("ostiary", "sandbox", "exec", "--name", NAME, "--", "printenv", "PATH", show=False).strip()
            wait_until_ready()
            for name in sys.argv[1:] or CHAPTERS:
                CHAPTERS[name](Stage(NAME, kind, Path(work)))
        finally:
            if os.environ.get("KEEP"):
                say(
                    f"The cluster stays: ostiary sandbox exec --name {NAME} -- kubectl get pods -A; ostiary sandbox down --name {NAME}"
                )
            else:
                subprocess.run(["ostiary", "sandbox", "down", "--name", NAME], check=False)
    say(f"Done in {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
