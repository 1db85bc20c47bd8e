"""The main job, end to end, on a real cluster that this script brings up and takes down: look, learn, prove, enforce, attack.

    make demo             real containers where root allows, simulated nodes elsewhere
    KEEP=1 make demo      leave the cluster running, to look around

Every command that it runs is printed as one would type it.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
NAME = "demo"
RUNNER = "system:serviceaccount:ci:runner"
ROLLOUTS = {
    "shop": ("deployment/storefront", "deployment/catalogue"),
    "payments": ("deployment/payments", "statefulset/journal"),
    "ci": ("deployment/builder",),
    "monitoring": ("daemonset/node-agent", "deployment/metrics"),
    "backup-operator": ("deployment/backup-operator",),
}


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def run(*command: str, expect: tuple[int, ...] = (0,), show: bool = True) -> str:
    """Run a command as a person would, show it and what it says, and stop when it ends as nobody expects."""
    if show:
        print(f"$ {shlex.join(command)}", flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if show:
        print(done.stdout.rstrip(), flush=True)
    if done.returncode not in expect:
        print(f"demo: that command ended with {done.returncode}, not {' or '.join(map(str, expect))}", file=sys.stderr)
        if not show:
            print(done.stdout, file=sys.stderr)
        raise SystemExit(1)
    return done.stdout


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


def shop_answers(kind: str) -> None:
    if kind != "real":
        print("(simulated pods answer nothing: whether the shop still serves can only be seen with real containers)")
        return
    path = "/api/v1/namespaces/shop/services/storefront:http/proxy/dial"
    through = "?request=hostname&protocol=http&host=payments.payments.svc.cluster.local&port=80&tries=1"
    for attempt in range(10):
        said = run("kubectl", "get", "--raw", path + through, show=attempt == 0)
        if '"responses":["payments-' in said:
            print("the storefront answers, and reaches payments through its Service")
            return
        time.sleep(1)
    print(f"demo: the shop does not answer: {said}", file=sys.stderr)
    raise SystemExit(1)


def attack(verdict: str) -> None:
    """The CI runner's token, used by somebody else: make a pod that owns the node. Dry-run: nothing is left behind either way."""
    command = ("kubectl", f"--as={RUNNER}", "create", "--dry-run=server", "-f", str(HERE / "attack" / "node-takeover.yaml"))
    run(*command, expect=(0,) if verdict == "admitted" else (1,))


def story(kind: str, work: Path) -> None:
    say("The shop runs. It also has what most clusters have: nobody said yet what a pod may do.")
    shop_answers(kind)
    say("An attacker holds the CI runner's token and asks for a pod that is root on the node. The API server would admit it:")
    attack("admitted")

    say("check: what is wrong now, and who has to change what")
    run("ostiary", "check", "pods", "--severity", "high", expect=(1,))
    say(
        "learn: the tightest level that each namespace can take without refusing anything that runs or that a template would make"
    )
    run("ostiary", "learn", "pods")
    say("prove: for every pod and every template; the proof can be checked again without the code that made it")
    certificate = str(work / "pods.certificate.json")
    run("ostiary", "prove", "pods", "--certificate", certificate)
    run("ostiary", "verify", certificate)
    say("enforce, first as a plan: nothing is changed without --yes")
    run("ostiary", "enforce", "pods")
    say("enforce: labels in two stages, each change tried by dry-run first, each stage tried on the real API server afterwards")
    journal = str(work / "pods.journal")
    run("ostiary", "enforce", "pods", "--yes", "--journal", journal)

    say("The same attacker, the same token, the same pod:")
    attack("refused")
    say("And the shop? Its pods are made anew under the new rules, and it still answers:")
    run("kubectl", "-n", "shop", "rollout", "restart", "deployment/storefront")
    run("kubectl", "-n", "shop", "rollout", "status", "deployment/storefront", "--timeout=120s", show=False)
    shop_answers(kind)
    if not os.environ.get("KEEP"):
        say("Changed your mind? The journal takes back exactly what was changed:")
        run("ostiary", "undo", journal, "--yes", "--format", "json", show=False)
        print(f"$ ostiary undo {journal} --yes")
        run("kubectl", "get", "namespace", "shop", "--show-labels")


def main() -> None:
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
            story(kind, Path(work))
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
