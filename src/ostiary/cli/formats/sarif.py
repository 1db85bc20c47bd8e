"""Findings as SARIF 2.1.0, the format that code scanning reads.

What could not be seen is a notification of the run and makes the execution unsuccessful: a viewer then does not show green.
Source: OASIS Static Analysis Results Interchange Format 2.1.0, sections 3.14 (run), 3.20 (invocation), 3.27 (result).
"""

from collections.abc import Sequence
from typing import Any

from ostiary import __version__
from ostiary.model.finding import Finding, Severity
from ostiary.model.verdict import Missing

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}


def sarif(findings: Sequence[Finding], missing: Sequence[Missing]) -> dict[str, Any]:
    """The whole log as plain JSON types."""
    rules = sorted({found.code: found for found in findings}.items())
    run = {
        "tool": {"driver": {"name": "ostiary", "version": __version__, "rules": [_rule(found) for _, found in rules]}},
        "invocations": [
            {
                "executionSuccessful": not missing,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": f"not seen: {item.what}. {item.todo}"}} for item in missing
                ],
            }
        ],
        "results": [_result(found) for found in findings],
    }
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _rule(found: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": found.code, "defaultConfiguration": {"level": _LEVELS[found.severity]}}
    if found.references:
        rule["helpUri"] = found.references[0]
    return rule


def _result(found: Finding) -> dict[str, Any]:
    location = {"logicalLocations": [{"fullyQualifiedName": str(found.subject), "kind": "resource"}]}
    text = ". ".join(filter(None, (f"{found.subject}: {found.reason}", f"Fix: {found.fix}" if found.fix else "")))
    return {
        "ruleId": found.code,
        "level": _LEVELS[found.severity],
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"ostiary/v1": f"{found.code} {found.subject}"},
    }
