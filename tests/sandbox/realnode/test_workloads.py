"""What pods can do on a real node, judged on the real thing: Services, DNS, exec, logs, port-forward, policies, certificates."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.realnode.place import Place, eventually, pod, service, web

from ostiary.sandbox.realnode import cgroups, link

pytestmark = pytest.mark.judge("real node", needs=("linux", "root"))


def test_a_pod_runs_as_nobody_with_a_read_only_root(place: Place) -> None:
    place.apply(pod("client"))
    place.ready("client")
    assert place.exec("client", "id", "-u") == (True, "65532\n")
    assert "Read-only file system" in place.exec("client", "touch", "/file")[1]
    assert place.exec("client", "grep", "Seccomp:", "/proc/self/status")[1].split()[-1] == "2"


def test_nobody_reads_the_files_that_the_node_gives_to_a_pod(place: Place) -> None:
    place.apply(pod("client"))
    place.ready("client")
    for file in ("/etc/hosts", "/etc/resolv.conf", "/var/run/secrets/kubernetes.io/serviceaccount/token"):
        assert place.exec("client", "cat", file)[0], file


def test_a_service_spreads_connections_over_its_pods(place: Place) -> None:
    place.apply(web("web-1"), web("web-2"), service("web"), pod("client"))
    place.ready("web-1", "web-2", "client")
    address = place.get("service", "web")["spec"]["clusterIP"]
    ask = f"for i in $(seq 24); do printf 'GET /hostname HTTP/1.0\\r\\n\\r\\n' | nc -w 2 {address} 80 | tail -n 1; echo; done"

    def answered() -> set[str]:
        return set(place.exec("client", "sh", "-c", ask)[1].split())

    assert eventually(lambda: answered() == {"web-1", "web-2"})


def test_pods_resolve_services_by_short_and_full_names_and_nothing_else(place: Place) -> None:
    place.apply(web("web"), service("web"), pod("client"))
    place.ready("web", "client")
    for name in ("web", f"web.{place.namespace}", f"web.{place.namespace}.svc.cluster.local", "kubernetes.default"):
        port = 443 if name.startswith("kubernetes") else 80
        assert eventually(lambda target=f"{name}:{port}": place.connects("client", target)), name  # type: ignore[misc]
    said = place.exec("client", "/agnhost", "connect", "no-such-service:80", "--timeout=5s")[1]
    assert "no such host" in said


def test_logs_come_through_the_api_server(place: Place) -> None:
    place.apply(pod("talk", container={"command": ["sh", "-c", "echo to stdout; echo to stderr >&2; sleep 600"]}))
    place.ready("talk")
    assert eventually(lambda: set(place.kubectl("logs", "talk").splitlines()) == {"to stdout", "to stderr"})


def test_exec_passes_stdin_and_the_exit_code(place: Place) -> None:
    place.apply(pod("client"))
    place.ready("client")
    run = place.cluster.run
    arguments = (f"--namespace={place.namespace}", "exec", "--stdin", "client", "--", "sh", "-c", "tr a-z A-Z; exit 7")
    done = run("kubectl", *arguments, stdin="loud", check=False)
    assert (done.returncode, done.stdout) == (7, "LOUD")


def test_port_forward_reaches_a_pod(place: Place) -> None:
    place.apply(web("web"))
    place.ready("web")
    command = ("kubectl", f"--namespace={place.namespace}", "port-forward", "pod/web", ":8080")
    environment = place.cluster.environment()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as forward:
        assert forward.stdout is not None
        match = re.search(r"127\.0\.0\.1:(\d+)", forward.stdout.readline())
        assert match is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(match[1]), timeout=10)
        connection.request("GET", "/hostname")
        assert connection.getresponse().read() == b"web"
        connection.close()
        forward.terminate()


def test_an_ephemeral_container_joins_a_running_pod(place: Place) -> None:
    place.apply(web("web"))
    place.ready("web")
    profile = ("--profile=restricted", "--image=ostiary.local/busybox:1", "--image-pull-policy=Never", "--container=look")
    place.kubectl("debug", "web", *profile, "--", "sh", "-c", "nc -w 2 127.0.0.1 8080 </dev/null && echo reached; sleep 60")
    assert eventually(lambda: "reached" in place.kubectl("logs", "web", "--container=look", check=False))


def test_host_ports_and_node_ports_lead_to_the_pod(place: Place, unrestricted: Place) -> None:
    value = web("web")
    value["spec"]["containers"][0]["ports"] = [{"containerPort": 8080, "hostPort": 18080}]
    exposed = service("web")
    exposed["spec"]["type"] = "NodePort"
    unrestricted.apply(value, exposed)
    unrestricted.ready("web")
    (port,) = unrestricted.get("service", "web")["spec"]["ports"]
    address = place.get("node", "node-1")["status"]["addresses"][0]["address"]
    for reached in (18080, port["nodePort"]):
        assert eventually(lambda reached=reached: _answers(address, reached)), reached  # type: ignore[misc]


def _answers(address: str, port: int) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=2)
    try:
        connection.request("GET", "/hostname")
        return connection.getresponse().read() == b"web"
    except OSError:
        return False
    finally:
        connection.close()


def test_a_pod_reaches_the_machine_at_its_end_of_the_link(place: Place) -> None:
    place.apply(pod("client"))
    place.ready("client")
    host = link.Link(link.POOL, place.cluster.record.identity).interface
    (shown,) = json.loads(link.ip("-json", "-4", "address", "show", "dev", host))
    with socket.create_server((shown["addr_info"][0]["local"], 0)) as server:
        address, port = server.getsockname()
        assert place.connects("client", f"{address}:{port}")


def deny_all() -> dict[str, Any]:
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny"}, "spec": spec}


def allow(name: str, pods: dict[str, Any], **rules: Any) -> dict[str, Any]:
    spec = {"podSelector": pods, **rules}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def test_a_network_policy_is_enforced_and_lifted_again(place: Place) -> None:
    place.apply(web("web"), pod("friend"), pod("stranger"))
    place.ready("web", "friend", "stranger")
    target = f"{place.get('pod', 'web')['status']['podIP']}:8080"
    assert place.connects("friend", target)
    assert place.connects("stranger", target)

    friend, server = {"matchLabels": {"app": "friend"}}, {"matchLabels": {"app": "web"}}
    place.apply(deny_all(), allow("in", server, ingress=[{"from": [{"podSelector": friend}], "ports": [{"port": 8080}]}]))
    place.apply(allow("out", friend, egress=[{"to": [{"podSelector": server}]}]))
    assert eventually(lambda: not place.connects("stranger", target))
    assert eventually(lambda: place.connects("friend", target))
    assert not place.connects("stranger", target)

    place.kubectl("delete", "networkpolicy", "--all")
    assert eventually(lambda: place.connects("stranger", target))


def test_a_policy_that_allows_cluster_dns_by_its_usual_labels_lets_names_resolve(place: Place) -> None:
    place.apply(web("web"), service("web"), pod("client"))
    place.ready("web", "client")
    client, server = {"matchLabels": {"app": "client"}}, {"matchLabels": {"app": "web"}}
    place.apply(deny_all(), allow("out", client, egress=[{"to": [{"podSelector": server}]}]))
    place.apply(allow("in", server, ingress=[{"from": [{"podSelector": client}]}]))
    name = f"web.{place.namespace}.svc.cluster.local.:80"
    address = place.get("pod", "web")["status"]["podIP"]
    assert eventually(lambda: place.connects("client", f"{address}:8080") and not place.connects("client", name))
    system = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    dns = {
        "to": [{**system, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
        "ports": [{"port": 53, "protocol": "UDP"}],
    }
    place.apply(allow("dns", client, egress=[dns]))
    assert eventually(lambda: place.connects("client", name))


def test_a_policy_holds_for_a_pod_from_its_first_packet(place: Place) -> None:
    place.apply(web("web"))
    place.ready("web")
    target = f"{place.get('pod', 'web')['status']['podIP']}:8080"
    place.apply(deny_all(), pod("waits"))
    assert eventually(lambda: not place.connects("waits", target))
    place.apply(pod("late", "connect", target, "--timeout=2s", restartPolicy="Never"))
    assert eventually(lambda: place.get("pod", "late")["status"]["phase"] == "Failed")


def test_pods_cannot_pretend_to_be_above_restricted(place: Place) -> None:
    privileged = pod("bad", container={"securityContext": {"privileged": True}})
    with pytest.raises(Exception, match="violates PodSecurity"):
        place.apply(privileged)


def test_a_killed_shim_costs_its_pod_a_restart_and_the_cluster_nothing(place: Place) -> None:
    place.apply(pod("client"))
    place.ready("client")
    before = place.get("pod", "client")
    os.kill(_shim_of(place, before["metadata"]["uid"]), signal.SIGKILL)

    def restarted() -> bool:
        (now,) = place.get("pod", "client")["status"]["containerStatuses"]
        return bool(now["restartCount"] > 0 and now["ready"])

    assert eventually(restarted, within=120)
    assert place.exec("client", "id", "-u")[0]


def _shim_of(place: Place, uid: str) -> int:
    """The parent of a pod's processes, as the host numbers it."""
    for root in cgroups.roots(place.cluster.record.identity):
        for group in root.rglob(f"pod{uid}"):
            for process in cgroups.members(group):
                status = Path(f"/proc/{process}/status").read_text()
                return int(re.findall(r"^PPid:\s+(\d+)", status, re.MULTILINE)[0])
    raise AssertionError(f"no process of pod {uid}")


def test_user_namespaces_are_what_the_node_says_they_are(place: Place) -> None:
    handlers = place.get("node", "node-1")["status"]["runtimeHandlers"]
    supported = all(handler["features"]["userNamespaces"] for handler in handlers)
    place.apply(pod("shifted", hostUsers=False))
    if supported:
        place.ready("shifted")
        assert place.exec("shifted", "cat", "/proc/self/uid_map")[1].split()[:2] != ["0", "0"]
    else:
        assert eventually(lambda: "user namespaces" in place.kubectl("get", "events", "--output=jsonpath={.items[*].message}"))
        assert place.get("pod", "shifted")["status"]["phase"] == "Pending"
