"""Findings as JUnit XML, the format that CI servers read:

A finding is a failed case, what could not be seen is an error. No case at all is one that passed.
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from ostiary.model.finding import Finding
from ostiary.model.verdict import Missing

_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(pillar: str, findings: Sequence[Finding], missing: Sequence[Missing]) -> str:
    """The document as text."""
    attributes = {
        "name": f"ostiary check {pillar}",
        "tests": str(len(findings) + len(missing) or 1),
        "failures": str(len(findings)),
        "errors": str(len(missing)),
    }
    suite = ElementTree.Element("testsuite", attributes)
    for found in findings:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": f"{pillar}.{found.code}", "name": printable(str(found.subject))}
        )
        failure = ElementTree.SubElement(case, "failure", {"type": str(found.severity), "message": printable(found.reason)})
        failure.text = printable("\n".join(filter(None, (found.witness, f"fix: {found.fix}" if found.fix else ""))))
    for item in missing:
        case = ElementTree.SubElement(suite, "testcase", {"classname": f"{pillar}.unseen", "name": printable(str(item.what))})
        ElementTree.SubElement(case, "error", {"type": str(item.what.reason), "message": printable(item.todo)})
    if not findings and not missing:
        ElementTree.SubElement(suite, "testcase", {"classname": pillar, "name": "nothing found"})
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode")


def printable(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold (section 2.2)."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
