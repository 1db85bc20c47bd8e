"""Who may do what: an operator and a CI runner hold far more than they use; afterwards they hold what they use, and nobody reads payments' secrets."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chapters.stage import HERE, Stage, run, say

INTENT = str(HERE / "intent" / "guardrails.yaml")
ACCOUNTS = {
    "operator": ("backup-operator", "backup-operator"),
    "runner": ("ci", "runner"),
    "metrics": ("monitoring", "metrics"),
}
EVERY_DAY = (
    ("operator", ("get", "deployments", "-A")),
    ("operator", ("get", "persistentvolumeclaims", "-A")),
    ("runner", ("-n", "shop", "get", "deployment", "storefront")),
    ("runner", ("-n", "shop", "annotate", "deployment", "storefront", "ci/build=green", "--overwrite")),
    ("runner", ("-n", "shop", "get", "pods")),
    ("metrics", ("get", "pods", "-A")),
    ("metrics", ("get", "nodes")),
)
NEVER = (
    ("operator", ("-n", "payments", "get", "secret", "card-processor", "-o", "name")),
    ("metrics", ("-n", "payments", "get", "secrets", "-o", "name")),
    ("runner", ("-n", "shop", "create", "configmap", "left-behind", "--dry-run=server")),
)
DAYS, ROUNDS = 35, 2


def tell(stage: Stage) -> None:
    say("Who can read the secrets of payments? More than anybody remembers:")
    run("ostiary", "explain", "rbac", "--who", "get", "secrets", "-n", "payments")
    say("And by any chain of rights? The shop wants: nobody. Each way is told step by step:")
    run("ostiary", "prove", "rbac", "--intent", INTENT, expect=(1,))

    configs = {who: _kubeconfig(stage, who) for who in ACCOUNTS}
    evidence = _month(stage, configs)
    say("learn: what each of them used, in a month of the API server's audit log, against what they hold")
    run("ostiary", "learn", "rbac", "--evidence", evidence)
    say(
        "The runner has to change deployments in shop: that what it starts stays off the node is for Pod Security, as in the chapter before"
    )
    levels = str(stage.work / "levels.journal")
    run("ostiary", "enforce", "pods", "--yes", "--journal", levels, "--format", "json", show=False)
    print("$ ostiary enforce pods --yes")
    say(
        "prove: nothing that was used is denied, nobody gets more, and the guardrail holds; checked again without the code that made it"
    )
    certificate = str(stage.work / "rbac.certificate.json")
    run("ostiary", "prove", "rbac", "--evidence", evidence, "--intent", INTENT, "--certificate", certificate)
    run("ostiary", "verify", certificate)
    say("Before anything is changed: what of the month would have been denied?")
    run("ostiary", "enforce", "rbac", "--evidence", evidence, "--intent", INTENT, "--shadow")
    say("As installed, they may do what they never did:")
    _tried(configs, allowed=True)
    say("enforce: new roles first, then the runner of ci, then everybody; after each stage the API server itself is asked")
    journal, back = str(stage.work / "rbac.journal"), str(stage.work / "give-back.json")
    run(
        *("ostiary", "enforce", "rbac", "--evidence", evidence, "--intent", INTENT),
        *("--yes", "--journal", journal, "--restore-plan", back),
    )
    say("Everything that they do every day still works, with their own tokens:")
    for who, arguments in EVERY_DAY:
        _as(configs[who], who, *arguments)
    say("What they never did is refused:")
    _tried(configs, allowed=False)
    say("And the guardrail holds of the cluster as it stands now:")
    run("ostiary", "prove", "rbac", "--intent", INTENT)
    if not os.environ.get("KEEP"):
        say(
            f"Had something been missed: ostiary apply {back} --yes gives everything back at once. Here the journal takes back what was changed:"
        )
        for one in (journal, levels):
            run("ostiary", "undo", one, "--yes", "--format", "json", show=False)
            print(f"$ ostiary undo {one} --yes")
        run("kubectl", "get", "clusterrolebinding", "backup-operator")


def _tried(configs: dict[str, str], *, allowed: bool) -> None:
    for who, arguments in NEVER:
        _as(configs[who], who, *arguments, expect=(0,) if allowed else (1,))


def _as(config: str, who: str, *arguments: str, expect: tuple[int, ...] = (0,), show: bool = True) -> None:
    run(
        "kubectl",
        f"--kubeconfig={config}",
        *arguments,
        expect=expect,
        show=show,
        typed=f"kubectl --user={who} {' '.join(arguments)}",
    )


def _kubeconfig(stage: Stage, who: str) -> str:
    """The same cluster with a token of the account, and no other credential."""
    namespace, name = ACCOUNTS[who]
    config = json.loads(run("kubectl", "config", "view", "--raw", "--minify", "--flatten", "-o", "json", show=False))
    token = run("kubectl", "-n", namespace, "create", "token", name, show=False).strip()
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    path = stage.work / f"{who}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    return str(path)


def _month(stage: Stage, configs: dict[str, str]) -> str:
    """The audit log of what they do in a day, as the API server writes it, dated back to every day of a month."""
    from ostiary.sandbox import get

    say(
        "They work: with tokens of their own, a day's requests. So as not to wait a month, the API server's audit log of it is dated back, day by day."
    )
    log, directory = get(stage.cluster).audit_log, stage.work / "audit"
    directory.mkdir(exist_ok=True)
    for number in range(ROUNDS):
        for who, arguments in EVERY_DAY:
            _as(configs[who], who, *arguments, show=number == 0)
    # From the cluster's first moment: what watches, such as its DNS, asks when it starts. What was tried out in others' names is nobody's day.
    with log.open() as file:
        events = [json.loads(line) for line in file if line.endswith("\n") and '"impersonatedUser"' not in line]
    for ago in range(DAYS):
        _dated(directory, events, ago)
    return str(directory)


def _dated(directory: Path, events: list[dict[str, str]], ago: int) -> None:
    today = datetime.now(UTC).date()
    then = today - timedelta(days=ago)
    lines = []
    for event in events:
        stamps = {
            key: event[key].replace(today.isoformat(), then.isoformat())
            for key in ("requestReceivedTimestamp", "stageTimestamp")
        }
        lines.append(json.dumps({**event, **stamps, "auditID": f"{event['auditID'][:-2]}{ago:02}"}))
    (directory / f"audit-{then}.log").write_text("\n".join(lines) + "\n")
