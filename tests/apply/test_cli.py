"""``ostiary apply`` and ``ostiary undo`` without a cluster: what is refused before one is asked, and what a journal says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.apply.plans import staged

from ostiary.apply.files import write_plan
from ostiary.apply.journal import Journal

OSTIARY = Path(sys.executable).with_name("ostiary")
DEAD = """
apiVersion: v1
kind: Config
current-context: dead
contexts: [{name: dead, context: {cluster: dead, user: dead}}]
clusters: [{name: dead, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: dead, user: {token: not-a-secret}}]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "kubeconfig").write_text(DEAD)
    write_plan(tmp_path / "plan.json", staged("shop"))
    return tmp_path


def ostiary(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "KUBECONFIG": str(place / "kubeconfig"),
        "OSTIARY_STATE": str(place / "state"),
    }
    done = subprocess.run([OSTIARY, *arguments], capture_output=True, text=True, check=False, env=environment, cwd=place)
    assert "Traceback" not in done.stderr
    return done


def begin(place: Path, *, ended: bool = False) -> Path:
    with Journal.create(place / "j.jsonl", staged("shop", "pay"), cluster="") as journal:
        journal.append("start", stages=["observe"])
        journal.append("applying", change=0)
        journal.append("applied", change=0, fingerprint="f")
        journal.append("applying", change=1)
        if ended:
            journal.append("end", exit=0)
    return place / "j.jsonl"


def test_a_journal_that_was_cut_short_says_what_was_done_and_how_to_go_on(place: Path) -> None:
    done = ostiary(place, "apply", str(begin(place)))
    assert done.returncode == 1
    assert [line.split()[3] for line in done.stdout.splitlines()[1:3]] == ["applied", "applying"]
    assert f"ostiary apply {place / 'j.jsonl'} --continue" in done.stderr
    assert f"ostiary undo {place / 'j.jsonl'}" in done.stderr


def test_the_same_in_json(place: Path) -> None:
    done = ostiary(place, "apply", str(begin(place, ended=True)), "--format", "json")
    said = json.loads(done.stdout)
    assert done.returncode == 0
    assert [change["state"] for change in said["changes"]] == ["applied", "applying", "", ""]
    assert said["undo"] == f"ostiary undo {place / 'j.jsonl'}"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["apply", "none.json"], 2, "cannot read none.json"),
        (["apply", "kubeconfig"], 2, "kubeconfig is not a whole JSON document"),
        (["apply", "plan.json", "--stage", "later"], 2, "one of: observe, enforce"),
        (["apply", "plan.json"], 3, "cannot reach https://127.0.0.1:1"),
        (["apply", "plan.json", "--yes"], 3, "cannot reach https://127.0.0.1:1"),
        (["apply", "plan.json", "--continue"], 2, "plan.json is no journal"),
        (["apply", "plan.json", "--yes", "--source", "."], 2, "not a live cluster"),
        (["apply", "plan.json", "--context", "none"], 2, "no context 'none'"),
        (["undo", "none"], 2, "cannot read the journal none"),
        (["undo", "plan.json"], 2, "is not a journal"),
        (["undo", "plan.json", "--yes", "--format", "json"], 2, "is not a journal"),
    ],
)
def test_wrong_input_says_what_is_wrong(place: Path, arguments: list[str], code: int, said: str) -> None:
    done = ostiary(place, *arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert done.stdout == "" or json.loads(done.stdout)["stopped"]


def test_a_plan_can_be_looked_at_without_a_cluster(place: Path) -> None:
    """Only shown: no rehearsal is claimed."""
    (place / "manifests").mkdir()
    for form, begins in (("table", "what runs is admitted"), ("md", "# what runs is admitted"), ("json", "{")):
        done = ostiary(place, "apply", "plan.json", "--source", "manifests", "--format", form)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(begins)
        assert "not rehearsed" in done.stderr


def test_nothing_to_undo_says_so(place: Path) -> None:
    with Journal.create(place / "empty.jsonl", staged("shop"), cluster="") as journal:
        journal.append("start", stages=["observe"])
    for name, said in (("empty.jsonl", "nothing was changed"),):
        done = ostiary(place, "undo", name, "--yes")
        assert done.returncode == 0
        assert said in done.stderr


def test_a_run_that_was_cut_short_comes_first(place: Path) -> None:
    """The same plan again, while a journal of it is unfinished: refused, with both ways out."""
    from ostiary.apply.files import plan_digest

    folder = place / "state" / "undo"
    name = folder / f"20260101T000000.000000Z-pods-{plan_digest(staged('shop'))[:12]}.jsonl"
    with Journal.create(name, staged("shop"), cluster="") as journal:
        journal.append("start", stages=["observe"])
        journal.append("applying", change=0)
    done = ostiary(place, "apply", "plan.json", "--yes")
    assert done.returncode == 1
    assert "--continue" in done.stderr
    assert "ostiary undo" in done.stderr


def test_what_was_taken_back_is_not_gone_on_with(place: Path) -> None:
    path = begin(place)
    with Journal.open(path) as journal:
        journal.append("undone", change=0)
    done = ostiary(place, "apply", str(path), "--continue")
    assert done.returncode == 1
    assert "was taken back" in done.stderr


def test_another_plans_journal_is_not_gone_on_with(place: Path) -> None:
    done = ostiary(place, "apply", "plan.json", "--continue", "--journal", str(begin(place)))
    assert done.returncode == 2
    assert "another plan" in done.stderr
