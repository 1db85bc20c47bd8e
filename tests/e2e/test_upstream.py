"""Kubernetes' own tests of kubectl: a representative few through the gateway (``make e2e`` runs all, both ways, and compares)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.upstream import chosen, images, through
from tests.e2e.upstream.comparison import differences
from tests.e2e.upstream.suite import Outcome, read, run

from ostiary.sandbox import Nodes, RunningCluster, SandboxOptions, up
from ostiary.sandbox.progress import Talk


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    archive = images.archive(tmp_path_factory.mktemp("images") / "images.tar")
    options = SandboxOptions(name=f"e2e-{os.getpid()}", nodes=Nodes("real", 1), images=(archive,), owner_pid=os.getpid())
    running = up(options, progress=Talk())
    yield running
    running.down()


@pytest.mark.judge("Kubernetes' own tests of kubectl, through the gateway", needs=("root", "linux"))
def test_kubectl_cannot_tell_the_gateway_from_the_server(cluster: RunningCluster, tmp_path: Path) -> None:
    with through.gateway(cluster, tmp_path) as door:
        by_name = run(chosen.REPRESENTATIVE, (), door.by_name, tmp_path / "by-name-report", door.hosts)
        by_path = run(chosen.BY_PATH, (), door.by_path, tmp_path / "by-path-report")
        records = door.records.read_text().splitlines()
    assert {name: one.why for name, one in [*by_name.items(), *by_path.items()] if not one.passed} == {}
    assert (len(by_name), len(by_path)) == (len(chosen.REPRESENTATIVE), len(chosen.BY_PATH))
    assert len(records) > 100, "the tests did not go through the gateway"


def test_a_test_that_ended_otherwise_or_only_once_is_a_difference() -> None:
    passed, failed = Outcome("passed", 1.0), Outcome("failed", 1.0, "refused")
    found = differences({"a": passed, "b": passed, "c": failed}, {"a": Outcome("passed", 9.0), "b": failed})
    assert [(one.name, one.directly.status, one.through.status) for one in found] == [
        ("b", "passed", "failed"),
        ("c", "failed", "not run"),
    ]


def test_a_report_holds_what_ran_and_what_skipped_itself(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text("""<testsuites><testsuite>
        <testcase name="[SynchronizedBeforeSuite]" status="passed" time="1"/>
        <testcase name="[It] [sig-cli] Kubectl exec works [sig-cli, Conformance]" status="passed" time="2.5"/>
        <testcase name="[It] [sig-cli] Kubectl says no [sig-cli]" status="failed" time="1"><failure message="no&#10;way"/></testcase>
        <testcase name="[It] [sig-cli] Kubectl wants a cloud [sig-cli]" status="skipped" time="0"><skipped message="skipped - no cloud"/></testcase>
        <testcase name="[It] [sig-node] Pods start [sig-node]" status="skipped" time="0"><skipped message="skipped"/></testcase>
    </testsuite></testsuites>""")
    assert read(report) == {
        "Kubectl exec works": Outcome("passed", 2.5),
        "Kubectl says no": Outcome("failed", 1.0, "no way"),
        "Kubectl wants a cloud": Outcome("skipped", 0.0, "skipped - no cloud"),
    }
