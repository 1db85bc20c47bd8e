"""What a pod may become: the CI runner's token, used by somebody else, makes a pod that owns the node; afterwards it cannot."""

import os

from chapters.stage import HERE, Stage, run, say, shop_answers

RUNNER = "system:serviceaccount:ci:runner"


def tell(stage: Stage) -> None:
    say("The shop runs. It also has what most clusters have: nobody said yet what a pod may do.")
    shop_answers(stage)
    say("An attacker holds the CI runner's token and asks for a pod that is root on the node. The API server would admit it:")
    _attack("admitted")

    say("check: what is wrong now, and who has to change what")
    run("ostiary", "check", "pods", "--severity", "high", expect=(1,))
    say(
        "learn: the tightest level that each namespace can take without refusing anything that runs or that a template would make"
    )
    run("ostiary", "learn", "pods")
    say("prove: for every pod and every template; the proof can be checked again without the code that made it")
    certificate = str(stage.work / "pods.certificate.json")
    run("ostiary", "prove", "pods", "--certificate", certificate)
    run("ostiary", "verify", certificate)
    say("enforce, first as a plan: nothing is changed without --yes")
    run("ostiary", "enforce", "pods")
    say("enforce: labels in two stages, each change tried by dry-run first, each stage tried on the real API server afterwards")
    journal = str(stage.work / "pods.journal")
    run("ostiary", "enforce", "pods", "--yes", "--journal", journal)

    say("The same attacker, the same token, the same pod:")
    _attack("refused")
    say("And the shop? Its pods are made anew under the new rules, and it still answers:")
    run("kubectl", "-n", "shop", "rollout", "restart", "deployment/storefront")
    run("kubectl", "-n", "shop", "rollout", "status", "deployment/storefront", "--timeout=120s", show=False)
    shop_answers(stage)
    if not os.environ.get("KEEP"):
        say("Changed your mind? The journal takes back exactly what was changed:")
        run("ostiary", "undo", journal, "--yes", "--format", "json", show=False)
        print(f"$ ostiary undo {journal} --yes")
        run("kubectl", "get", "namespace", "shop", "--show-labels")


def _attack(verdict: str) -> None:
    """Dry-run: nothing is left behind either way."""
    command = ("kubectl", f"--as={RUNNER}", "create", "--dry-run=server", "-f", str(HERE / "attack" / "node-takeover.yaml"))
    run(*command, expect=(0,) if verdict == "admitted" else (1,))
