"""Fixtures that give a test a real Kubernetes cluster, and a count of the judges that could not run.

Loaded in every pytest run where ostiary is installed, so it imports nothing of weight before a fixture is used. Clusters are
the pytest process's own: they end with it, also when it is killed with -9.

    def test_my_operator(ostiary_cluster, ostiary_namespace):
        ostiary_cluster.run("kubectl", "apply", "-n", ostiary_namespace, "-f", "config/")

A test marked ``judge`` compares something with a real engine. When it cannot run here (no root, no Go), it is skipped,
counted and named at the end of the run; with ``OSTIARY_JUDGES=require`` in the environment it fails instead.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from ostiary.sandbox.options import Nodes
    from ostiary.sandbox.running import RunningCluster

REQUIRE = "OSTIARY_JUDGES"
PROPERTY = "ostiary-judge"
SIMULATED_NODES = 3


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "judge(name, needs): compares something with a real engine; counted and named loudly when it cannot run"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note that a test is a judge, and stop it when this machine lacks what it needs."""
    mark = item.get_closest_marker("judge")
    if mark is None:
        return
    name = str(mark.args[0] if mark.args else mark.kwargs.get("name", item.name))
    item.user_properties.append((PROPERTY, name))
    needs = mark.args[1] if len(mark.args) > 1 else mark.kwargs.get("needs", ())
    missing = [need for need in ((needs,) if isinstance(needs, str) else needs) if not _has(need)]
    if missing:
        cannot_run(f"needs {', '.join(missing)}")


def cannot_run(reason: str) -> NoReturn:
    """Skip the test that asks, or fail it where every judge has to run."""
    if os.environ.get(REQUIRE) == "require":
        pytest.fail(f"cannot run: {reason}, and {REQUIRE}=require", pytrace=False)
    pytest.skip(f"cannot run: {reason}")


def _has(need: str) -> bool:
    """``root``, ``linux``, or a program on PATH."""
    if need == "root":
        return os.geteuid() == 0
    if need == "linux":
        return sys.platform.startswith("linux")
    return shutil.which(need) is not None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many judges ran, how many could not, and why."""
    ran, could_not = tally(terminalreporter.stats)
    if not ran and not could_not:
        return
    reasons: dict[str, list[str]] = {}
    for name, reason in could_not:
        reasons.setdefault(reason, []).append(name)
    terminalreporter.section("judges", sep="-")
    terminalreporter.line(
        f"judges: {len(ran)} ran, {len(could_not)} could not run{':' if could_not else ''}", red=bool(could_not)
    )
    for reason, names in sorted(reasons.items()):
        terminalreporter.line(f"  {reason}: {', '.join(sorted(set(names)))}")


def tally(stats: Mapping[str, list[Any]]) -> tuple[list[str], list[tuple[str, str]]]:
    """Names of the judges that ran, and name and reason of those that could not, from pytest's reports by outcome."""
    ran: dict[str, str] = {}
    could_not: dict[str, tuple[str, str]] = {}
    for outcome, reports in stats.items():
        for report in reports:
            name = dict(getattr(report, "user_properties", ())).get(PROPERTY)
            if name is None:
                continue
            text = str(report.longrepr)
            if outcome == "skipped" or "cannot run: " in text:
                could_not[report.nodeid] = (name, _reason(text))
            elif outcome in ("passed", "failed", "xfailed", "xpassed") and report.when == "call":
                ran[report.nodeid] = name
    return list(ran.values()), list(could_not.values())


def _reason(text: str) -> str:
    _, found, rest = text.partition("cannot run: ")
    return rest.strip().rstrip("')") if found else text.strip()


def _cluster(kind: str, nodes: "Nodes") -> "Iterator[RunningCluster]":
    from ostiary.sandbox.cannot import CannotRun
    from ostiary.sandbox.lifecycle import up
    from ostiary.sandbox.options import SandboxOptions
    from ostiary.sandbox.progress import Talk

    name = f"pytest-{kind}-{os.getpid()}"
    try:
        cluster = up(SandboxOptions(name=name, nodes=nodes, owner_pid=os.getpid()), progress=Talk())
    except CannotRun as error:
        cannot_run(error.happened)
    yield cluster
    cluster.down()


@pytest.fixture(scope="session")
def ostiary_cluster() -> "Iterator[RunningCluster]":
    """A control plane without nodes, for the whole session: the API server decides, nothing runs."""
    from ostiary.sandbox.options import Nodes

    yield from _cluster("none", Nodes())


@pytest.fixture(scope="session")
def ostiary_simulated_cluster() -> "Iterator[RunningCluster]":
    """A cluster with three simulated nodes, for the whole session: pods of any image become Running."""
    from ostiary.sandbox.options import Nodes

    yield from _cluster("sim", Nodes("simulated", SIMULATED_NODES))


@pytest.fixture(scope="session")
def ostiary_real_cluster() -> "Iterator[RunningCluster]":
    """A cluster with a real node, for the whole session: containers run, packets are filtered. Needs root."""
    from ostiary.sandbox.options import Nodes

    yield from _cluster("real", Nodes("real", 1))


@pytest.fixture
def ostiary_namespace(ostiary_cluster: "RunningCluster") -> Iterator[str]:
    """The name of a new namespace in ``ostiary_cluster``, ready for pods and deleted afterwards."""
    from ostiary.sandbox.namespaces import fresh_namespace

    with fresh_namespace(ostiary_cluster) as name:
        yield name
