"""What every chapter is told with: the kind of nodes, a directory for files, and commands that are shown as one would type them."""

import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[1]  # examples/01-shop


@dataclass(frozen=True)
class Stage:
    """Where a chapter plays. ``kind``: the cluster's nodes, real or simulated=N; ``work``: a directory that is deleted at the end."""

    cluster: str
    kind: str
    work: Path

    @property
    def real(self) -> bool:
        """Whether containers run."""
        return self.kind == "real"


def say(text: str) -> None:
    """A sentence of the story."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def run(
    *command: str,
    expect: tuple[int, ...] = (0,),
    show: bool = True,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    typed: str | None = None,
) -> str:
    """Run a command as a person would, show it and what it says, and stop when it ends as nobody expects.

    ``env`` is the whole environment (None: this one); ``typed`` is shown instead of the command, where it says more than a person types.
    """
    if show:
        print(f"$ {typed or shlex.join(command)}", flush=True)
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=env, input=stdin
    )
    if show:
        print(done.stdout.rstrip(), flush=True)
    if done.returncode not in expect:
        print(f"demo: that command ended with {done.returncode}, not {' or '.join(map(str, expect))}", file=sys.stderr)
        if not show:
            print(f"$ {shlex.join(command)}\n{done.stdout}", file=sys.stderr)
        raise SystemExit(1)
    return done.stdout


def shop_answers(stage: Stage) -> None:
    """Ask the storefront, through the API server, to ask payments through its Service."""
    if not stage.real:
        print("(simulated pods answer nothing: whether the shop still serves can only be seen with real containers)")
        return
    path = "/api/v1/namespaces/shop/services/storefront:http/proxy/dial"
    through = "?request=hostname&protocol=http&host=payments.payments.svc.cluster.local&port=80&tries=1"
    said = ""
    for attempt in range(10):
        said = run("kubectl", "get", "--raw", path + through, show=attempt == 0)
        if '"responses":["payments-' in said:
            print("the storefront answers, and reaches payments through its Service")
            return
        time.sleep(1)
    print(f"demo: the shop does not answer: {said}", file=sys.stderr)
    raise SystemExit(1)
