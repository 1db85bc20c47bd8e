"""Every pillar says which verbs it has; the others are a usage error that says where they work."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from ostiary.cli.pillars import ALL_VERBS, PILLARS, load
from ostiary.core.errors import BadInput

OSTIARY = Path(sys.executable).with_name("ostiary")
SHOP = Path(__file__).parents[2] / "examples/01-shop/manifests"


@pytest.mark.parametrize(("name", "verb"), [(name, verb) for name, (_, verbs) in PILLARS.items() for verb in verbs])
def test_a_pillar_has_the_verbs_that_it_says(name: str, verb: str) -> None:
    assert callable(getattr(load(name, verb), verb))


@pytest.mark.parametrize("name", [name for name, (_, verbs) in PILLARS.items() if verbs == ALL_VERBS])
def test_a_whole_pillar_has_everything_that_the_verbs_and_apply_call(name: str) -> None:
    module = importlib.import_module(PILLARS[name][0])
    for function in (*ALL_VERBS, "unseen", "intended", "premises", "premises_of"):
        assert inspect.isfunction(getattr(module, function)), function


def test_a_verb_that_a_pillar_lacks_is_named_with_those_that_have_it() -> None:
    with pytest.raises(BadInput, match="access has no learn yet") as caught:
        load("access", "learn")
    assert "pods" in caught.value.todo


def test_check_rbac_finds_the_operator_that_may_do_everything() -> None:
    done = subprocess.run([OSTIARY, "check", "rbac", SHOP], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "RBAC-001  ClusterRole cluster-admin" in done.stdout
    assert "ServiceAccount backup-operator/backup-operator" in done.stdout


def test_only_rbac_can_be_compared_with_access_reviews() -> None:
    done = subprocess.run(
        [OSTIARY, "prove", "pods", SHOP, "--against-cluster", "5"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "ostiary prove rbac --against-cluster" in done.stderr
