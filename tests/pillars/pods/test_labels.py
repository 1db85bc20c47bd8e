"""Namespace labels, read as the API server reads them: typos included."""

import pytest
from tests.pillars.pods.worlds import LABEL, world

from ostiary.model.levels import Level, Version
from ostiary.pillars.pods.labels import Mode, newest, stance

NEWEST = Version(37)


def read(**labels: str) -> dict[str, Mode]:
    said = stance({LABEL + key.replace("_", "-"): value for key, value in labels.items()}, newest=NEWEST)
    return {"enforce": said.enforce, "warn": said.warn, "audit": said.audit}


def test_no_label_is_privileged_and_not_declared() -> None:
    assert read()["enforce"] == Mode(Level.PRIVILEGED, NEWEST, declared=False, pinned=False)


def test_a_level_without_a_version_is_the_latest() -> None:
    assert read(enforce="baseline")["enforce"] == Mode(Level.BASELINE, NEWEST, declared=True, pinned=False)
    assert read(enforce="baseline", enforce_version="latest")["enforce"].pinned is False
    assert read(enforce="baseline", enforce_version="v1.24")["enforce"] == Mode(Level.BASELINE, Version(24), True, True)


def test_a_level_that_does_not_exist_is_restricted_to_enforce_and_nothing_to_warn() -> None:
    said = read(enforce="restrcted", warn="Baseline", audit="")
    assert [said[mode].level for mode in ("enforce", "warn", "audit")] == [Level.RESTRICTED, Level.PRIVILEGED, Level.PRIVILEGED]


@pytest.mark.parametrize("version", ["1.24", "v1.24.1", "v01.24", "v1.024", "v2.0", "latst", ""])
def test_a_version_that_is_none_is_the_latest(version: str) -> None:
    said = stance({LABEL + "enforce": "baseline", LABEL + "enforce-version": version}, newest=NEWEST)
    assert said.enforce == Mode(Level.BASELINE, NEWEST, declared=True, pinned=False)
    assert [(found.key, found.value) for found in said.wrong_versions] == [("enforce-version", version)]
    assert said.invalid


def test_a_version_of_the_future_is_the_newest_the_server_knows_and_is_valid_to_it() -> None:
    said = stance({LABEL + "enforce": "baseline", LABEL + "enforce-version": "v1.99"}, newest=NEWEST)
    assert said.enforce == Mode(Level.BASELINE, NEWEST, declared=True, pinned=False)
    assert said.wrong_versions
    assert not said.invalid


def test_a_key_with_a_typo_means_nothing() -> None:
    said = stance({LABEL + "enforced": "restricted", "other.io/enforced": "x"}, newest=NEWEST)
    assert said.enforce.level is Level.PRIVILEGED
    assert [found.key for found in said.wrong_keys] == ["enforced"]


@pytest.mark.parametrize(
    ("server", "minor"), [("v1.30.5", 30), ("v1.99.0", 37), ("", 37), ("v1.35.4+k3s1", 35), ("nonsense", 37)]
)
def test_latest_is_what_server_and_ostiary_both_know(server: str, minor: int) -> None:
    assert newest(world(server=server)) == Version(minor)
