"""Real clients through the gateway to a real node: everything that people do with kubectl, over WebSocket and SPDY, by name and by path."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.gateway.behind import gateway_token, grant, upstream
from tests.gateway.door import DOMAIN, Door, eventually

from ostiary.sandbox import RunningCluster, engines
from ostiary.sandbox.namespaces import fresh_namespace
from ostiary.sandbox.ports import free_ports

pytestmark = pytest.mark.judge("clients through the gateway", needs=("root", "linux"))

AGNHOST, BUSYBOX = "ostiary.local/agnhost:1", "ostiary.local/busybox:1"


@pytest.fixture(scope="module")
def door(ostiary_real_cluster: RunningCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    grant(ostiary_real_cluster, "cluster-admin")
    token = gateway_token(ostiary_real_cluster)
    with Door(tmp_path_factory.mktemp("door"), [upstream(ostiary_real_cluster)], {"c1": token}) as door:
        yield door


def kubeconfig(door: Door, directory: Path, way: str, namespace: str) -> Path:
    cluster: dict[str, str] = {"certificate-authority": str(door.ca)}
    if way == "name":
        cluster |= {"server": f"https://127.0.0.1:{door.port}", "tls-server-name": f"c1.{DOMAIN}"}
    else:
        cluster |= {"server": f"https://127.0.0.1:{door.port}/clusters/c1"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": namespace}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": door.token("c1")}}],
    }
    file = directory / f"kubeconfig-{way}"
    file.write_text(yaml.safe_dump(config))
    return file


@dataclass(frozen=True)
class Client:
    """kubectl of the cluster's version, with a kubeconfig that goes through the gateway."""

    door: Door
    program: Path
    kubeconfig: Path
    namespace: str
    websockets: bool = True

    @property
    def environment(self) -> dict[str, str]:
        said = str(self.websockets).lower()
        names = ("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "KUBECTL_PORT_FORWARD_WEBSOCKETS")
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), **dict.fromkeys(names, said)}

    def run(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(self.program), *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(self.program), *arguments],
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def container(name: str, image: str, *arguments: str, **others: Any) -> dict[str, Any]:
    spec = {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": image, "imagePullPolicy": "Never", "args": list(arguments), **others}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def namespace(ostiary_real_cluster: RunningCluster, door: Door) -> Iterator[str]:
    """Two pods, made through the gateway."""
    directory = door.gateway.directory.parent
    with fresh_namespace(ostiary_real_cluster) as namespace:
        client = Client(door, ostiary_real_cluster.kubectl, kubeconfig(door, directory, "name", namespace), namespace)
        pods = (
            container("web", AGNHOST, "netexec", "--http-port=8080"),
            container("box", BUSYBOX, "-c", "while true; do date; sleep 0.2; done", stdin=True),
        )
        client.run("apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
        client.run("wait", "--for=condition=Ready", "pod/web", "pod/box", "--timeout=80s")
        yield namespace


@pytest.fixture(params=["name", "path"])
def client(request: pytest.FixtureRequest, ostiary_real_cluster: RunningCluster, door: Door, namespace: str) -> Client:
    config = kubeconfig(door, door.gateway.directory.parent, request.param, namespace)
    return Client(door, ostiary_real_cluster.kubectl, config, namespace)


@pytest.fixture(params=["websocket", "spdy"])
def streaming(request: pytest.FixtureRequest, client: Client) -> Client:
    return Client(client.door, client.program, client.kubeconfig, client.namespace, request.param == "websocket")


def test_get_list_and_apply(client: Client) -> None:
    assert client.run("get", "pods", "--output=name").stdout.split() == ["pod/box", "pod/web"]
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    client.run("apply", "--server-side", "--filename=-", stdin=json.dumps(value))
    assert client.run("get", "configmap", "a", "--output=jsonpath={.data.k}").stdout == "v"
    client.run("patch", "configmap", "a", "--patch", '{"data":{"k":"w"}}')
    client.run("delete", "configmap", "a")
    assert "ostiary:alice@example.com" in client.run("auth", "whoami").stdout
    assert "deployments" in client.run("api-resources").stdout


def test_a_watch_shows_what_happens(client: Client) -> None:
    with client.start("get", "configmaps", "--watch", "--output=name") as watching:
        assert watching.stdout is not None
        client.run("create", "configmap", "seen")
        while "configmap/seen" not in watching.stdout.readline():
            pass
        watching.terminate()
    client.run("delete", "configmap", "seen")


def test_logs_are_followed(client: Client) -> None:
    with client.start("logs", "--follow", "--tail=1", "box", "--container=main") as following:
        assert following.stdout is not None
        first, second = following.stdout.readline(), following.stdout.readline()
        following.terminate()
    assert first.strip()
    assert second.strip()


def test_exec_with_its_streams_and_its_exit_code(streaming: Client) -> None:
    done = streaming.run(
        "exec", "--stdin", "box", "--container=main", "--", "sh", "-c", "cat; echo e >&2; exit 7", stdin="in", check=False
    )
    assert (done.returncode, done.stdout) == (7, "in")
    assert done.stderr.startswith("e\n")


def test_attach_shows_the_running_process(streaming: Client) -> None:
    with streaming.start("attach", "box", "--container=main") as attached:
        assert attached.stdout is not None
        found = ""
        while "UTC" not in found:
            found = attached.stdout.readline()
            assert found
        attached.terminate()


def test_cp_there_and_back(streaming: Client, tmp_path: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_bytes(os.urandom(5_000_000))
    streaming.run("cp", str(there), "box:/tmp/copied", "--container=main")
    streaming.run("cp", "box:/tmp/copied", str(back), "--container=main")
    assert there.read_bytes() == back.read_bytes()


def test_port_forward(streaming: Client) -> None:
    import urllib.request

    port = free_ports(1)[0]
    with streaming.start("port-forward", "pod/web", f"{port}:8080") as forwarding:
        assert forwarding.stdout is not None
        assert "Forwarding" in forwarding.stdout.readline()
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/hostname", timeout=10) as answer:
                assert answer.read() == b"web"
        forwarding.terminate()


def test_debug_adds_a_container(streaming: Client) -> None:
    name = f"debug-{time.monotonic_ns()}"
    streaming.run(
        "debug",
        "box",
        f"--image={BUSYBOX}",
        "--image-pull-policy=Never",
        "--quiet",
        f"--container={name}",
        "--",
        "echo",
        "seen",
    )
    eventually(lambda: streaming.run("logs", "box", f"--container={name}", check=False).stdout.strip() == "seen", within=30)


def test_proxy_reaches_a_pod(client: Client) -> None:
    import urllib.request

    port = free_ports(1)[0]
    with client.start("proxy", f"--port={port}", "--append-server-path") as proxying:
        assert proxying.stdout is not None
        assert "Starting to serve" in proxying.stdout.readline()
        path = f"/api/v1/namespaces/{client.namespace}/pods/web:8080/proxy/hostname"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            assert answer.read() == b"web"
        proxying.terminate()


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"exp": 1}, "You must be logged in to the server (ostiary: Jwt is expired; sign in again with: ostiary login)"),
        ({"aud": "c2"}, "Error from server (Forbidden): ostiary: Audiences in Jwt are not allowed"),
    ],
)
def test_refusals_are_printed_well(client: Client, claims: dict[str, Any], said: str) -> None:
    token = client.door.token("c1", **claims)
    done = client.run("get", "pods", f"--token={token}", check=False)
    assert done.returncode == 1
    assert said in done.stderr


PYTHON = """
import sys
from kubernetes import client, config, stream, watch
config.load_kube_config()
core, namespace = client.CoreV1Api(), sys.argv[1]
print(*[pod.metadata.name for pod in core.list_namespaced_pod(namespace).items])
print(*sorted({event["object"].metadata.name for event in watch.Watch().stream(core.list_namespaced_pod, namespace, timeout_seconds=1)}))
print(stream.stream(core.connect_get_namespaced_pod_exec, "box", namespace, container="main", command=["echo", "hello"], stdout=True))
"""


def test_the_python_client_lists_watches_and_executes(client: Client) -> None:
    """HTTP/1.1 and an old WebSocket subprotocol, unlike kubectl."""
    done = subprocess.run(
        [sys.executable, "-c", PYTHON, client.namespace],
        env=client.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["box", "web", "box", "web", "hello"], done.stderr


CHART = {
    "Chart.yaml": "{apiVersion: v2, name: shop, version: 1.0.0}",
    "values.yaml": "{said: one}",
    "templates/one.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .Release.Name }}'}, data: {said: '{{ .Values.said }}'}}",
}


def test_helm_installs_upgrades_and_takes_away(client: Client, tmp_path: Path) -> None:
    helm = engines.ensure(("helm",)) / "helm"
    for name, text in CHART.items():
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text(text)
    mine = replace(client, program=helm)
    release, chart = f"r{time.monotonic_ns()}", str(tmp_path / "shop")
    mine.run("install", release, chart, "--wait")
    mine.run("upgrade", release, chart, "--set", "said=two")
    assert client.run("get", "configmap", release, "--output=jsonpath={.data.said}").stdout == "two"
    mine.run("rollback", release, "1")
    assert client.run("get", "configmap", release, "--output=jsonpath={.data.said}").stdout == "one"
    assert release in mine.run("list", "--short").stdout
    mine.run("uninstall", release)
    assert release not in mine.run("list", "--short").stdout


def test_every_stream_has_its_start_and_its_end_on_record(client: Client) -> None:
    client.run("exec", "box", "--container=main", "--", "true")

    def records() -> list[tuple[str, str]]:
        wanted = f"/api/v1/namespaces/{client.namespace}/pods/box/exec"
        return [(one["id"], one["at"]) for one in client.door.records() if one["p"] == wanted]

    eventually(lambda: records() and records()[-1][1] == "DownstreamEnd")
    last = records()[-1][0]
    assert sorted(at for one, at in records() if one == last) == ["DownstreamEnd", "UpstreamPoolReady"]
