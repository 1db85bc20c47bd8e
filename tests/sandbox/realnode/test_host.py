"""A running real cluster leaves the machine as it is: no rule, no sysctl, no route, no file outside, one link with an address."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.sandbox.realnode.place import Place, pod, service, web

from ostiary.sandbox import RunningCluster
from ostiary.sandbox.mark import marked
from ostiary.sandbox.realnode import cgroups, link
from ostiary.sandbox.realnode.quiet import TUNABLES

pytestmark = pytest.mark.judge("host stays as it is", needs=("linux", "root", "nft"))


def said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_no_rule_of_a_node_is_on_the_host(place: Place) -> None:
    place.apply(web("web"), service("web"))
    place.ready("web")
    rules = said("nft", "list", "ruleset")
    assert [word for word in ("cali", "KUBE", "kube-proxy", "ostiary") if word in rules] == []


def test_the_kubelet_s_sysctls_are_not_the_host_s(place: Place) -> None:
    kubelet = next(process for process in marked(place.cluster.record.identity) if _runs(process.pid, "kubelet"))
    seen = {name: Path(f"/proc/{kubelet.pid}/root/proc/sys/{name}").read_text().strip() for name in TUNABLES}
    assert seen == {name: value for name, value in TUNABLES.items() if name in seen}
    log = (place.cluster.state_dir / "logs" / "kubelet.log").read_text()
    assert "Updating kernel flag" not in log
    assert "Invalid kernel flag" not in log


def _runs(pid: int, program: str) -> bool:
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].endswith(f"/{program}".encode())


def test_one_link_with_one_address_is_all_that_shows(ostiary_real_cluster: RunningCluster) -> None:
    identity = ostiary_real_cluster.record.identity
    interface = link.Link(link.POOL, identity).interface
    (shown,) = json.loads(said("ip", "-json", "-4", "address", "show", "dev", interface))
    (address,) = shown["addr_info"]
    assert ostiary_real_cluster.server.split("//")[1].rsplit(".", 1)[0] == address["local"].rsplit(".", 1)[0]
    assert "10.244." not in said("ip", "route", "show", "table", "all")
    assert "10.96." not in said("ip", "route", "show", "table", "all")


def test_no_file_of_a_node_lies_outside_its_state_directory(place: Place) -> None:
    place.apply(pod("client"))
    place.ready("client")
    places = ("/var/lib/calico", "/var/lib/kubelet", "/var/log/pods", "/var/log/containers", "/run/calico", "/run/containerd")
    ours = {str(path) for path in map(Path, places) if path.exists() and not _older(path, place.cluster)}
    assert ours == set()
    assert place.namespace not in Path("/proc/self/mountinfo").read_text()
    assert str(place.cluster.state_dir) not in Path("/proc/self/mountinfo").read_text()


def _older(path: Path, cluster: RunningCluster) -> bool:
    return path.stat().st_ctime < cluster.layout.pki.stat().st_ctime


def test_containers_are_in_the_cluster_s_own_control_groups(place: Place) -> None:
    place.apply(pod("client"))
    place.ready("client")
    uid = place.get("pod", "client")["metadata"]["uid"]
    roots = cgroups.roots(place.cluster.record.identity)
    found = [path for root in roots for path in root.rglob("pod*") if uid in path.name]
    assert len(found) == len(roots) > 0
