"""A cluster's ordinary life, judged on the real API server."""

import contextlib
import http.client
import json
import socket
import ssl
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.sandbox.conftest import eventually, left_of

from ostiary.core.errors import BadInput, Refused, Unreachable
from ostiary.sandbox import RunningCluster, SandboxOptions, boot, down, get, status, up
from ostiary.sandbox.layout import Layout

pytestmark = pytest.mark.judge("sandbox-lifecycle", needs=("linux",))


def test_up_twice_says_so_refuses_other_options_and_down_leaves_nothing(state: Path) -> None:
    began = time.monotonic()
    cluster = up(SandboxOptions())
    seconds = time.monotonic() - began
    print(f"API only ready in {seconds:.1f} s")
    assert seconds < 30
    assert cluster.fresh
    assert cluster.run("kubectl", "get", "--raw", "/readyz").stdout == "ok"
    assert cluster.run("kubectl", "auth", "can-i", "create", "pods", check=False).stdout.strip() == "yes"
    again = up(SandboxOptions())
    assert not again.fresh
    assert again.record.identity == cluster.record.identity
    with pytest.raises(Refused, match="other options"):
        up(SandboxOptions(feature_gates={"ConstrainedImpersonation": False}))
    assert [one.phase for one in status()] == ["running"]
    assert down("default")
    assert not left_of(cluster.record.identity)
    assert status() == []
    assert list((state / "sandbox").iterdir()) == []
    assert not down("default")
    with pytest.raises(BadInput, match="no cluster called default"):
        get("default")


def test_two_that_start_the_same_cluster_at_once_get_one(state: Path) -> None:
    def ask(_: int) -> RunningCluster:
        return up(SandboxOptions(name="shared"))

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(ask, range(2))
    assert one.record.identity == two.record.identity
    assert {one.fresh, two.fresh} == {True, False}


def test_down_while_it_starts_ends_it_and_its_up_says_so(state: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(up, SandboxOptions(name="hasty"))
        assert eventually(lambda: Layout.of("hasty").log("etcd").exists())
        identity = _identity("hasty")
        assert down("hasty")
        with pytest.raises(Unreachable, match="the start was given up: signal SIGTERM"):
            starting.result()
    assert not left_of(identity)
    assert list((state / "sandbox").iterdir()) == []


def test_two_clusters_side_by_side_end_apart(state: Path) -> None:
    one, two = up(SandboxOptions(name="one")), up(SandboxOptions(name="two"))
    assert one.server != two.server
    one.run("kubectl", "create", "namespace", "only-here")
    assert two.run("kubectl", "get", "namespace", "only-here", check=False).returncode == 1
    down("one")
    assert two.run("kubectl", "get", "--raw", "/readyz").stdout == "ok"
    assert not left_of(one.record.identity)
    assert left_of(two.record.identity)


def test_a_file_in_the_working_directory_shadows_nothing_and_nothing_is_written_there(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "json.py").write_text("raise SystemExit('shadowed')")
    (place / "map.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
    monkeypatch.chdir(place)
    cluster = up(SandboxOptions(name="place", load=(Path("map.yaml"),)))
    assert cluster.run("kubectl", "get", "configmap", "a", "-o", "name").stdout == "configmap/a\n"
    assert sorted(path.name for path in place.iterdir()) == ["json.py", "map.yaml"]


def test_no_file_of_a_cluster_can_be_read_by_others(ostiary_cluster: RunningCluster) -> None:
    layout = ostiary_cluster.layout
    assert {stat.S_IMODE(path.stat().st_mode) for path in (layout.directory.parent, layout.directory)} == {0o700}
    secrets = [*layout.pki.iterdir(), layout.kubeconfig, layout.record, layout.audit_log]
    assert len(secrets) > 15
    assert [path for path in secrets if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_etcd_answers_nobody_without_the_right_certificate(ostiary_cluster: RunningCluster) -> None:
    """The admin certificate of the cluster is not enough: etcd has an authority of its own."""
    cluster = ostiary_cluster
    arguments = Path(f"/proc/{cluster.record.pids['etcd']}/cmdline").read_text().split("\0")
    port = int(next(word for word in arguments if word.startswith("--listen-client-urls=")).rpartition(":")[2])
    pki = cluster.layout.pki
    for certificate in (None, "admin", "etcd"):
        context = ssl.create_default_context(cafile=str(pki / "etcd-ca.crt"))
        if certificate:
            context.load_cert_chain(pki / f"{certificate}.crt", pki / f"{certificate}.key")
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=5)
        if certificate == "etcd":
            assert _get(connection, "/health") == 200
        else:
            with pytest.raises((ssl.SSLError, ConnectionResetError)):
                _get(connection, "/health")
        connection.close()


def test_a_taken_port_costs_one_more_attempt(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor is another process, so the choice of ports is bent there through sitecustomize."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        bend = state.parent / "bend"
        bend.mkdir()
        (bend / "sitecustomize.py").write_text(
            "from ostiary.sandbox import boot\n"
            "honest, first = boot.free_ports, []\n"
            "def free_ports(count, *rest):\n"
            "    ports = honest(count, *rest)\n"
            f"    return ports if first or first.append(1) else [ports[0], ports[1], {port}]\n"
            "boot.free_ports = free_ports\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(bend))
        cluster = up(SandboxOptions(name="ports"))
        assert not cluster.server.endswith(f":{port}")
        assert cluster.run("kubectl", "get", "--raw", "/readyz").stdout == "ok"
    assert boot.ATTEMPTS > 1


def test_a_wrong_flag_shows_the_end_of_the_culprits_log(state: Path) -> None:
    with pytest.raises(Unreachable, match=r"kube-apiserver ended with exit code 1[\s\S]*unknown flag: --no-such-flag"):
        up(SandboxOptions(name="wrong", api_server_flags=(("no-such-flag", "1"),)))
    (shown,) = status()
    assert shown.phase == "ended"
    assert "kube-apiserver ended" in shown.why
    assert not left_of(_identity("wrong"))


def test_options_arrive(state: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse, omitStages: [RequestReceived]}]\n"
    )
    with _receiver() as (url, received):
        cluster = up(
            SandboxOptions(
                name="options",
                feature_gates={"ConstrainedImpersonation": False},
                api_server_flags=(("max-requests-inflight", "77"), ("event-ttl", "5m")),
                audit_policy=policy,
                audit_webhook=url,
            )
        )
        metrics = cluster.run("kubectl", "get", "--raw", "/metrics").stdout
        gate = next(
            line
            for line in metrics.splitlines()
            if line.startswith('kubernetes_feature_enabled{name="ConstrainedImpersonation"')
        )
        assert gate.endswith(" 0")
        flags = Path(f"/proc/{cluster.record.pids['kube-apiserver']}/cmdline").read_text().split("\0")
        assert "--max-requests-inflight=77" in flags
        cluster.run("kubectl", "create", "configmap", "seen", "--from-literal=a=b")
        assert eventually(lambda: any(_creates(event) for event in _events(cluster.audit_log)))
        assert eventually(lambda: any(_creates(event) for event in received))


def test_the_default_audit_policy_keeps_metadata_and_no_body(ostiary_cluster: RunningCluster, ostiary_namespace: str) -> None:
    cluster = ostiary_cluster
    cluster.run("kubectl", "create", "secret", "generic", "quiet", "--from-literal=word=sesame-open", "-n", ostiary_namespace)
    cluster.run("kubectl", "get", "secret", "quiet", "-o", "yaml", "-n", ostiary_namespace)
    about = [event for event in _events(cluster.audit_log) if event.get("objectRef", {}).get("name") == "quiet"]
    assert {event["verb"] for event in about} >= {"create", "get"}
    assert all(event["level"] == "Metadata" for event in about)
    text = cluster.audit_log.read_text()
    assert "sesame-open" not in text
    assert "c2VzYW1lLW9wZW4" not in text
    assert "/readyz" not in text


def test_loading_manifests(state: Path, tmp_path: Path) -> None:
    """Out of order on purpose: an instance before its definition, a pod before its namespace."""
    (tmp_path / "load").mkdir()
    (tmp_path / "load" / "1.yaml").write_text(
        "apiVersion: example.dev/v1\nkind: Door\nmetadata: {name: front, namespace: house}\nspec: {open: yes}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: guard, namespace: house, annotations: {since: 2024-01-01}}\n"
        "spec: {containers: [{name: c, image: none}]}\n"
    )
    (tmp_path / "load" / "2.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": [_definition(), _namespace()]})
    )
    cluster = up(SandboxOptions(name="load", load=(tmp_path / "load",)))
    door = json.loads(cluster.run("kubectl", "get", "door", "front", "-n", "house", "-o", "json").stdout)
    assert door["spec"] == {"open": True}
    pod = json.loads(cluster.run("kubectl", "get", "pod", "guard", "-n", "house", "-o", "json").stdout)
    assert pod["metadata"]["annotations"] == {"since": "2024-01-01"}


def test_a_manifest_that_is_not_taken_is_named(state: Path, tmp_path: Path) -> None:
    (tmp_path / "load").mkdir()
    (tmp_path / "load" / "good.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: fine}}")
    bad = tmp_path / "load" / "sub" / "bad.yaml"
    bad.parent.mkdir()
    bad.write_text("{apiVersion: v1, kind: Service, metadata: {name: loud}, spec: {ports: [{port: 99999}]}}")
    with pytest.raises(BadInput, match=rf"{bad}: Service loud cannot be applied: [\s\S]*between 1 and 65535"):
        up(SandboxOptions(name="refused", load=(tmp_path / "load",)))
    assert not left_of(_identity("refused"))


def test_pod_security_and_node_restriction_and_rbac_are_on(ostiary_cluster: RunningCluster, ostiary_namespace: str) -> None:
    cluster = ostiary_cluster
    cluster.run("kubectl", "label", "namespace", ostiary_namespace, "pod-security.kubernetes.io/enforce=restricted")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    refused = cluster.run("kubectl", "create", "-n", ostiary_namespace, "-f", "-", stdin=json.dumps(pod), check=False)
    assert "violates PodSecurity" in refused.stderr
    nobody = cluster.run("kubectl", "get", "secrets", "--as=somebody", check=False)
    assert "forbidden" in nobody.stderr.lower()
    node = '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "other"}}'
    as_node = ("--as=system:node:mine", "--as-group=system:nodes", "--as-group=system:authenticated")
    impersonated = cluster.run("kubectl", "create", "-f", "-", *as_node, stdin=node, check=False)
    assert "is not allowed to modify node" in impersonated.stderr


def _get(connection: http.client.HTTPSConnection, path: str) -> int:
    connection.request("GET", path)
    return connection.getresponse().status


def _identity(name: str) -> str:
    from ostiary.sandbox.state import read

    record = read(Layout.of(name))
    assert record is not None
    return record.identity


def _events(log: Path) -> list[Any]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def _creates(event: Any) -> bool:
    return event["verb"] == "create" and event.get("objectRef", {}).get("name") == "seen" and "responseObject" in event


def _namespace() -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "house"}}


def _definition() -> dict[str, object]:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"open": {"type": "boolean"}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "doors", "singular": "door", "kind": "Door"}
    spec = {"group": "example.dev", "scope": "Namespaced", "names": names, "versions": [version]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "doors.example.dev"},
        "spec": spec,
    }


@contextlib.contextmanager
def _receiver() -> Iterator[tuple[str, list[Any]]]:
    """An audit webhook that keeps what it gets."""
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.extend(json.loads(body)["items"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/audit", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
