"""Findings as Markdown, for a comment on a pull request.

What manifests say is quoted as code, so that it cannot pretend to be part of the page.
"""

from collections.abc import Sequence

from ostiary.model.finding import Finding
from ostiary.model.verdict import Missing


def markdown(pillar: str, findings: Sequence[Finding], missing: Sequence[Missing]) -> str:
    """The comment as text."""
    lines = [f"### ostiary check {pillar}: {_count(len(findings), 'finding')}", ""]
    if missing:
        lines += [f"**{_count(len(missing), 'thing')} could not be seen**, so silence is not health:", ""]
        lines += [f"- {code(str(item.what))}: {code(item.todo)}" for item in missing] + [""]
    if findings:
        lines += ["| severity | code | object | what | fix |", "|---|---|---|---|---|"]
        lines += [_row(found) for found in findings]
    return "\n".join(lines)


def _row(found: Finding) -> str:
    fix = code(found.fix) if found.fix else ""
    return f"| {found.severity} | {found.code} | {code(str(found.subject))} | {code(found.reason)} | {fix} |"


def code(text: str) -> str:
    """Text as inline code that nothing in it can end, and that fits a table cell."""
    text = " ".join(text.split()).replace("|", "\\|")
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
