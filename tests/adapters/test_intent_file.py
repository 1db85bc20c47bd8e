"""The intent file: every mistake by its line, nothing silently without effect."""

import json
from datetime import date
from pathlib import Path

import pytest

from ostiary.adapters.intent_file import load, parse, schema
from ostiary.core.errors import BadInput
from ostiary.model.intent import Intent
from ostiary.model.levels import Level

GOOD = """\
apiVersion: ostiary.dev/v1
kind: Intent
pods:
  default: baseline
  levels: {payments: restricted, ci: privileged}
  exceptions:
    - namespace: ci
      level: privileged
      owner: build-team@shop.example
      reason: builds images
      expires: 2020-01-31
"""


def test_what_is_said_is_read() -> None:
    intent = parse(GOOD, "x")
    assert intent.pods.default is Level.BASELINE
    assert intent.pods.levels == {"payments": Level.RESTRICTED, "ci": Level.PRIVILEGED}
    assert intent.pods.exceptions[0].expires == date(2020, 1, 31)


def test_nothing_said_is_nothing_said() -> None:
    assert parse("apiVersion: ostiary.dev/v1\n", "x") == Intent()
    assert parse("apiVersion: ostiary.dev/v1\npods: {}\n", "x").digest == Intent().digest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  levels:", "  lvels:", r"x:5: unknown key `lvels`; did you mean `levels`\?"),
        ("pods:", "pod:", r"x:3: unknown key `pod`; did you mean `pods`\?"),
        ("default: baseline", "default: basline", r"x:4: `basline` is not allowed here; did you mean `baseline`\?"),
        (
            "default: baseline",
            "default: xyz",
            r"x:4: `xyz` is not allowed here; one of: privileged, baseline, restricted",
        ),
        ("ci: privileged", "ci: no", r"x:5: `no` is not allowed"),
        ("expires: 2020-01-31", "expires: 2020-02-31", r"x:11: a day is wanted"),
        ("expires: 2020-01-31", "expires: 20200131", r"x:11: a day is wanted"),
        ("owner: build-team@shop.example", "owner: 5", r"x:9: text is wanted"),
        ("      owner: build-team@shop.example\n", "", r"x:7: `owner` is missing"),
        ("apiVersion: ostiary.dev/v1", "apiVersion: ostiary.dev/v9", r"x:1: apiVersion is not `ostiary.dev/v1`"),
        ("kind: Intent", "kind: Intention", r"x:2: kind is not `Intent`"),
        (
            "levels: {payments: restricted, ci: privileged}",
            "levels: []",
            r"x:5: keys and values are wanted|x:5: keys and values is wanted",
        ),
    ],
)
def test_a_mistake_is_named_by_its_line(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(BadInput, match=said):
        parse(GOOD.replace(old, new, 1), "x")


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        parse(GOOD.replace("levels:", "lvels:").replace("owner:", "ownr:"), "x")
    assert [line.split(":")[1] for line in caught.value.happened.splitlines()] == ["5", "7", "9"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "5",
        "a: [",
        "- a\n",
        "? [a]\n: b",
        "apiVersion: ostiary.dev/v1\npods: 5",
        "apiVersion: ostiary.dev/v1\npods:\n  exceptions: {}\n",
    ],
)
def test_what_is_no_intent_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse(text, "x")


def test_anchors_and_merge_keys_are_read_too() -> None:
    text = GOOD.replace("    - namespace: ci", "    - &e\n      namespace: ci") + "    - <<: *e\n      namespace: shop\n"
    assert [exception.namespace for exception in parse(text, "x").pods.exceptions] == ["ci", "shop"]


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        load(tmp_path / "no.yaml")
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="UTF-8"):
        load(tmp_path / "x.yaml")


def test_the_schema_in_the_documentation_is_that_of_the_type() -> None:
    written = Path(__file__).resolve().parents[2] / "docs" / "intent.schema.json"
    assert json.loads(written.read_text()) == schema()


ADMISSION = """apiVersion: ostiary.dev/v1
kind: Intent
admission:
  controls: [POD-127]
  namespaces: [ci]
  exceptions:
    - {namespace: ci, kind: Deployment, name: builder, controls: [POD-127], owner: a, reason: b, expires: 2027-01-31}
"""


def test_what_is_asked_of_admission_is_read() -> None:
    asked = parse(ADMISSION, "x").admission
    assert asked is not None
    assert (asked.controls, [one.name for one in asked.exceptions]) == (("POD-127",), ["builder"])
    assert parse("apiVersion: ostiary.dev/v1\nkind: Intent\n", "x").admission is None


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("controls: [POD-127]\n", "contrls: [POD-127]\n", "x:4: unknown key `contrls`; did you mean `controls`?"),
        ("  controls: [POD-127]\n", "", "x:4: `controls` is missing"),
        ("reason: b", "reson: b", "x:7: unknown key `reson`; did you mean `reason`?"),
        ("2027-01-31", "soon", "x:7: a day is wanted here"),
        ("  controls: [POD-127]", "  controls: [POD-999]", "x:3: admission: there is no control POD-999"),
        ("  controls: [POD-127]", "  controls: [POD-112]", "cannot be decided by the API server"),
        ("  namespaces: [ci]\n", "", "the policy's scope is not said"),
        ("  namespaces: [ci]\n", "  namespaces: [ci]\n  everywhere: true\n", "scope is namespaces and everywhere"),
        ("[ci]", "[kube-system]", "is left out of every policy"),
        ("kind: Deployment", "kind: Rollout", "whose pods cannot be told apart"),
        ("{namespace: ci,", "{namespace: shop,", "is in a namespace that the policy is not about"),
    ],
)
def test_what_admission_cannot_mean_is_said(right: str, wrong: str, says: str) -> None:
    assert right in ADMISSION
    with pytest.raises(BadInput) as caught:
        parse(ADMISSION.replace(right, wrong), "x")
    assert says in str(caught.value)


def test_exceptions_that_contradict_each_other_are_refused() -> None:
    last = ADMISSION.splitlines(keepends=True)[-1]
    with pytest.raises(BadInput, match="end on different days"):
        parse(ADMISSION + last.replace("2027-01-31", "2027-02-28"), "x")
