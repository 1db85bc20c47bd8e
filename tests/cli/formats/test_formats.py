"""What other programs read is well-formed whatever manifests say, and never green where something could not be seen."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.cli.formats.junit import junit
from ostiary.cli.formats.markdown import code, markdown
from ostiary.cli.formats.sarif import sarif
from ostiary.model.blind import Blind, Reason
from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.model.verdict import Missing

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
findings = st.builds(
    Finding,
    code=st.sampled_from(["POD-001", "POD-002"]),
    severity=st.sampled_from(Severity),
    subject=st.builds(Ref, st.just("Pod"), texts, texts),
    reason=texts,
    witness=texts,
    fix=texts,
)
UNSEEN = Missing(Blind(kind="Pod", reason=Reason.FORBIDDEN), "let this user list pods")


@given(st.lists(findings, max_size=4))
def test_junit_is_xml_with_a_failure_for_every_finding(found: list[Finding]) -> None:
    suite = ElementTree.fromstring(junit("pods", found, ()))
    assert len(suite.findall("testcase/failure")) == len(found) == int(suite.attrib["failures"])
    assert len(suite.findall("testcase")) == int(suite.attrib["tests"]) >= 1


def test_junit_counts_what_could_not_be_seen_as_an_error() -> None:
    suite = ElementTree.fromstring(junit("pods", (), (UNSEEN,)))
    assert suite.attrib["errors"] == "1"
    assert "let this user list pods" in suite.findall("testcase/error")[0].attrib["message"]


def test_sarif_is_not_a_success_when_something_could_not_be_seen() -> None:
    assert sarif((), ())["runs"][0]["invocations"][0]["executionSuccessful"] is True
    run = sarif((), (UNSEEN,))["runs"][0]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "let this user" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


@given(st.lists(findings, max_size=4))
def test_sarif_has_a_rule_for_every_result(found: list[Finding]) -> None:
    run = sarif(found, ())["runs"][0]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} == rules
    assert len(run["results"]) == len(found)


@pytest.mark.parametrize("hostile", ["` | x |", "``` evil ```", "a\nb", "| a | b |", "`", "[x](http://x)", "<img src=x>"])
def test_what_a_manifest_says_cannot_leave_its_table_cell(hostile: str) -> None:
    found = Finding(code="POD-001", severity=Severity.LOW, subject=Ref("Pod", "a", hostile), reason=hostile)
    row = markdown("pods", [found], ()).splitlines()[-1]
    assert row.replace("\\|", "").count("|") == 6
    fence = code(hostile)[: len(code(hostile)) - len(code(hostile).lstrip("`"))]
    assert fence not in code(hostile)[len(fence) : -len(fence)].replace(fence + "`", "")


def test_markdown_says_first_what_could_not_be_seen() -> None:
    assert "could not be seen" in markdown("pods", (), (UNSEEN,)).splitlines()[2]
