"""How verbs say what they found: verdicts, findings, certificates; on stdout the answer, on stderr what is for people."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ostiary.cli.output import FINDINGS, HOLDS, UNKNOWN, FindingFormat, Format, answer, answer_json, block, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ostiary.model.finding import Finding
    from ostiary.model.verdict import Missing, Proof, Refutation, Unknown
    from ostiary.model.world import World


_EMPTY = "Nothing is claimed"  # how the claim of a policy begins that asks for nothing


def show_verdict(verdict: "Proof[Any] | Refutation | Unknown", world: "World", form: Format) -> int:
    """Write a verdict as the answer; returns its exit code."""
    from ostiary.model.verdict import Proof, Refutation

    match verdict:
        case Proof():
            shown = {"verdict": "proved", "claim": verdict.claim, "policy": verdict.policy, "assumptions": verdict.assumptions}
            lines = [f"proved: {verdict.claim}", *(f"  assuming: {text}" for text in verdict.assumptions)]
            code = HOLDS
        case Refutation():
            witnesses = [{"subject": witness.subject, "reason": witness.reason} for witness in verdict.witnesses]
            shown = {"verdict": "refuted", "claim": verdict.claim, "witnesses": witnesses}
            lines = [f"refuted: {verdict.claim}", *(f"  {witness.subject}: {witness.reason}" for witness in verdict.witnesses)]
            code = FINDINGS
        case _:
            shown = {"verdict": "unknown", "claim": verdict.claim, "missing": [missing_json(item) for item in verdict.missing]}
            lines = [f"unknown: {verdict.claim}", *(f"  {item.what}\n    {item.todo}" for item in verdict.missing)]
            code = UNKNOWN
    if form is Format.JSON:
        answer_json({"world": world.digest, **shown})
    else:
        answer("\n".join(lines))
    if isinstance(verdict, Proof) and verdict.claim.startswith(_EMPTY):
        say("beware: this holds of every cluster, and protects nothing")
    return code


def refuse_without_certificate(pillar: str, verdict: "Proof[Any] | Refutation | Unknown") -> None:
    """BadInput where there is a proof and the verifier could not check it."""
    from ostiary.core.errors import BadInput
    from ostiary.model.verdict import Proof

    if isinstance(verdict, Proof) and not verdict.certificate:
        raise BadInput(
            f"a proof about {pillar} has no certificate: the stand-alone verifier does not know what it is about",
            todo="leave --certificate away: the proof itself holds",
        )


def write_certificate(path: Path, verdict: "Proof[Any] | Refutation | Unknown") -> None:
    """Write it where there is one, and say so."""
    from ostiary.adapters.files import write_atomically
    from ostiary.model.verdict import Proof
    from ostiary.model.world import encode

    if isinstance(verdict, Proof):
        write_atomically(path, encode(verdict.certificate))
        say(f"certificate: {path}  (re-check it with: ostiary verify {path})")
    else:
        say(f"no certificate was written to {path}: there is no proof")


def show_findings(
    form: FindingFormat, pillar: str, world: "World", findings: "list[Finding]", missing: "tuple[Missing, ...]"
) -> None:
    """Findings as the answer, in any format."""
    match form:
        case FindingFormat.TABLE:
            for found in findings:
                block((f"{found.severity!s:8}", found.code, str(found.subject)), _sentences(found))
            say_missing(missing)
            say(_sentence(len(findings), len(missing)))
        case FindingFormat.JSON:
            answer_json({"world": world.digest, "findings": findings, "unseen": [missing_json(item) for item in missing]})
        case FindingFormat.SARIF:
            from ostiary.cli.formats.sarif import sarif

            answer_json(sarif(findings, missing))
        case FindingFormat.JUNIT:
            from ostiary.cli.formats.junit import junit

            answer(junit(pillar, findings, missing))
        case FindingFormat.MD:
            from ostiary.cli.formats.markdown import markdown

            answer(markdown(pillar, findings, missing))


def _sentences(found: "Finding") -> "Iterator[str]":
    yield found.reason
    if any(part not in found.fix for part in found.witness.split(", ")):
        yield f"seen at: {found.witness}"
    if found.fix:
        first, *others = found.fix.split("; ")
        yield f"fix: {first}"
        yield from (f"     {other}" for other in others)


def missing_json(item: "Missing") -> dict[str, object]:
    """One missing thing as JSON has it."""
    return {"what": item.what, "todo": item.todo}


def say_missing(missing: "tuple[Missing, ...]") -> None:
    """What could not be seen, for people."""
    for item in missing:
        say(f"not seen: {item.what}\n  {item.todo}")


def _sentence(findings: int, missing: int) -> str:
    found = f"{findings} finding{'s' * (findings != 1)}" if findings else "nothing found"
    return f"{found}; {missing} thing{'s' * (missing != 1)} could not be seen" if missing else found
