"""The plugin, in pytest runs of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ostiary.sandbox.layout import cache_root

pytest_plugins = ("pytester",)

CACHE = cache_root()

JUDGES = """
import pytest

@pytest.mark.judge("walls", needs=("no-such-tool",))
def test_walls():
    pass

@pytest.mark.judge("doors", needs=("sh", "linux"))
def test_doors():
    assert True

@pytest.mark.judge("gates")
def test_gates():
    assert False

def test_ordinary():
    pytest.skip("not today")
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A test run that knows nothing of this repository's settings."""
    monkeypatch.delenv("OSTIARY_JUDGES", raising=False)
    pytester.makeini(
        "[pytest]\naddopts = --strict-markers -p no:randomly -p no:hypothesispytest\nasyncio_default_fixture_loop_scope = function"
    )
    return pytester


def test_judges_that_cannot_run_are_counted_and_named(inner: pytest.Pytester) -> None:
    inner.makepyfile(JUDGES)
    result = inner.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=1, skipped=2)
    result.stdout.fnmatch_lines(["judges: 2 ran, 1 could not run:", "*needs no-such-tool: walls"])


def test_where_judges_are_required_one_that_cannot_run_fails(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSTIARY_JUDGES", "require")
    inner.makepyfile(JUDGES)
    result = inner.runpytest_subprocess()
    assert result.ret == 1
    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == 2
    result.stdout.fnmatch_lines(
        ["*cannot run: needs no-such-tool, and OSTIARY_JUDGES=require*", "judges: 2 ran, 1 could not run:"]
    )


def test_a_run_without_judges_says_nothing_of_them(inner: pytest.Pytester) -> None:
    inner.makepyfile("def test_one(): pass")
    assert "judges:" not in inner.runpytest_subprocess().stdout.str()


def test_a_cluster_that_cannot_start_here_is_a_judge_that_could_not_run(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without Go and with an empty cache."""
    monkeypatch.setenv("OSTIARY_CACHE", str(inner.path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    inner.makeconftest(
        """
        from ostiary.sandbox import gotoolchain
        from ostiary.sandbox.cannot import CannotRun
        def find(module, progress):
            raise CannotRun("no Go is installed")
        gotoolchain.find = find
        """
    )
    inner.makepyfile(
        """
        import pytest
        @pytest.mark.judge("admission")
        def test_cluster(ostiary_namespace):
            pass
        """
    )
    result = inner.runpytest_subprocess()
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["judges: 0 ran, 1 could not run:", "*no Go is installed: admission"])


@pytest.mark.judge("pytest-fixtures", needs=("linux",))
def test_fixtures_give_a_cluster_and_a_namespace_and_leave_nothing(
    inner: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSTIARY_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("OSTIARY_CACHE", str(CACHE))  # pytester moves HOME, where the engines are
    inner.makepyfile(
        """
        import pytest
        seen = set()
        @pytest.mark.parametrize("turn", [1, 2])
        def test_namespace(ostiary_cluster, ostiary_namespace, turn):
            ostiary_cluster.run("kubectl", "create", "configmap", "same-name", "-n", ostiary_namespace)
            assert ostiary_namespace not in seen
            seen.add(ostiary_namespace)
        """
    )
    inner.runpytest_subprocess().assert_outcomes(passed=2)
    assert list((tmp_path / "state" / "sandbox").iterdir()) == []


def test_loading_the_plugin_costs_next_to_nothing() -> None:
    """It is loaded in every pytest run on the machine: nothing heavy may come with it."""
    code = (
        "import sys, pytest; before = set(sys.modules); import ostiary.sandbox.pytest_plugin;"
        "print(*sorted(name for name in set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    ).stdout.split()
    assert set(loaded) <= {"ostiary", "ostiary.sandbox", "ostiary.sandbox.pytest_plugin"}
