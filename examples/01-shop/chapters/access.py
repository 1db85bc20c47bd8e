"""Who gets in: a developer signs in and has no rights, asks for an hour, somebody else agrees; afterwards kubectl is refused again."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chapters.stage import HERE, Stage, run, say

INTENT = HERE / "intent" / "access.yaml"


def tell(stage: Stage) -> None:
    say("One gateway for kubectl. It starts with everything built in: sign-on, SQLite, Envoy.")
    with _plane(stage) as plane:
        admin = Person("admin", stage)
        admin.sign_in(plane, (plane.data / "first-administrator").read_text())
        say(
            "The cluster goes behind it. Without --yes, every object that would be installed there is shown, and nothing changed:"
        )
        add = ("cluster", "add", stage.cluster, "--kubeconfig", os.environ["KUBECONFIG"], "--role", "view", "--role", "edit")
        said = admin.ostiary(*add, "--yes", show=False)
        print(f"$ ostiary {' '.join(add)} --yes")
        print(f"({said.count('apiVersion:')} objects)", *said.rstrip().splitlines()[-2:], sep="\n", flush=True)
        dana, lena = (Person(name, stage) for name in ("dana", "lena"))
        for person in (dana, lena):
            password = admin.ostiary("account", "add", person.name, show=False)
            print(f"$ ostiary account add {person.name}")
            person.sign_in(plane, password)
        try:
            _an_hour(stage, dana, lena)
        finally:
            if not os.environ.get("KEEP"):
                admin.ostiary("cluster", "remove", stage.cluster, "--kubeconfig", os.environ["KUBECONFIG"], "--yes", show=False)


def _an_hour(stage: Stage, dana: "Person", lena: "Person") -> None:
    say("Dana, a developer, signed in. Who somebody is gives no right:")
    dana.ostiary("kubeconfig", "--use")
    dana.kubectl("-n", "shop", "get", "pods", expect=(1,))
    say("So she asks, for an hour and with a reason. She may decide on such requests, but not on her own:")
    reason = "the storefront answers slowly"
    asked = ("grant", "request", "--cluster", stage.cluster, "--role", "edit", "-n", "shop", "--for", "1h", "--reason", reason)
    dana.ostiary(*asked)
    grant = str(json.loads(dana.ostiary("grant", "list", "--format", "json", show=False))[0]["id"])
    dana.ostiary("grant", "approve", grant, expect=(1,))
    say("Lena agrees, and within a second plain kubectl works, in the shop and nowhere else:")
    lena.ostiary("grant", "approve", grant)
    dana.until_kubectl("-n", "shop", "get", "pods")
    dana.kubectl("-n", "shop", "rollout", "restart", "deployment/catalogue")
    if stage.real:
        dana.kubectl("-n", "shop", "exec", "deployment/storefront", "--", "id")
    dana.kubectl("-n", "payments", "get", "secrets", expect=(1,))

    say("And if somebody stole the gateway now, with everything that it holds? Proved over every binding of the cluster:")
    run("ostiary", "prove", "access")

    say("The work is done before the hour is. The grant ends, and with it kubectl:")
    lena.ostiary("grant", "revoke", grant)
    dana.until_kubectl("-n", "shop", "get", "pods", expect=(1,))
    say("The gateway could do nothing by now; and what it saw of Dana is on record:")
    run("ostiary", "prove", "access")
    records = str(stage.work / "plane" / "gateway")
    run("ostiary", "audit", "search", "--directory", records, "--person", dana.name, "-n", "shop", "--since", "5m")


@dataclass(frozen=True)
class Plane:
    """The control plane that runs."""

    server: str
    authority: str
    data: Path


@dataclass(frozen=True)
class Person:
    """Somebody at a machine of their own: their sessions and their kubeconfig are theirs."""

    name: str
    stage: Stage

    @property
    def env(self) -> Mapping[str, str]:
        home = self.stage.work / self.name
        home.mkdir(exist_ok=True)
        return {**os.environ, "OSTIARY_CONFIG": str(home), "KUBECONFIG": str(home / "kubeconfig")}

    def sign_in(self, plane: Plane, password: str) -> None:
        command = (
            "ostiary",
            "login",
            "--server",
            plane.server,
            "--ca",
            plane.authority,
            "--person",
            self.name,
            "--password-stdin",
        )
        run(
            *command,
            env=self.env,
            stdin=password,
            typed=f"ostiary login --server {plane.server} --person {self.name} --password",
        )

    def ostiary(self, *arguments: str, expect: tuple[int, ...] = (0,), show: bool = True) -> str:
        return run("ostiary", *arguments, expect=expect, show=show, env=self.env)

    def kubectl(self, *arguments: str, expect: tuple[int, ...] = (0,), show: bool = True) -> str:
        return run("kubectl", *arguments, expect=expect, show=show, env=self.env)

    def until_kubectl(self, *arguments: str, expect: tuple[int, ...] = (0,)) -> None:
        """The same as soon as it ends so, for five seconds at most; shown once."""
        for _ in range(25):
            done = subprocess.run(("kubectl", *arguments), env=self.env, capture_output=True, check=False)
            if done.returncode in expect:
                break
            time.sleep(0.2)
        self.kubectl(*arguments, expect=expect)


@contextmanager
def _plane(stage: Stage) -> Iterator[Plane]:
    """``ostiary up`` in the background, on ports that are free."""
    from ostiary.sandbox.ports import free_ports

    data, (api, gateway) = stage.work / "plane", free_ports(2)
    command = [
        "ostiary",
        "up",
        "--data",
        str(data),
        "--intent",
        str(INTENT),
        "--set",
        f"api.port={api}",
        "--set",
        f"gateway.port={gateway}",
    ]
    print(f"$ {' '.join(command)} &", flush=True)
    log = stage.work / "plane.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        said = _ready(process, log)
        print(said.rstrip(), flush=True)
        told = dict(line.split(maxsplit=1) for line in said.splitlines() if len(line.split()) == 2)
        yield Plane(f"https://127.0.0.1:{api}", told["authority"], data)
    finally:
        process.terminate()
        process.wait(30)


def _ready(process: subprocess.Popen[bytes], log: Path) -> str:
    """What it says when it serves."""
    for _ in range(300):
        said = log.read_text()
        if "\nready" in said:
            return said
        if process.poll() is not None:
            break
        time.sleep(0.1)
    print(f"demo: the control plane did not start:\n{log.read_text()}", file=sys.stderr)
    raise SystemExit(1)
