"""``ostiary check | learn | prove | enforce PILLAR``: the four verbs, the same for every pillar.

ostiary check pods                       the cluster of the current kubeconfig context
ostiary check pods manifests/            a directory: manifests, Helm or kustomize output
ostiary prove pods prod.snapshot         a saved snapshot
ostiary enforce pods --yes               only this changes anything
ostiary enforce admission --yes          policies that the API server holds by itself
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ostiary.cli.output import FINDINGS, HOLDS, UNKNOWN, FindingFormat, Format, answer, answer_json, block, say, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ostiary.model.finding import Finding, Severity
    from ostiary.model.verdict import Missing, Proof, Refutation, Unknown
    from ostiary.model.world import World
    from ostiary.pillars import Pillar

PillarName = Annotated[
    str, typer.Argument(metavar="PILLAR", help="What to look at: access, pods, admission, rbac.", show_default=False)
]
Source = Annotated[
    str | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="A directory of manifests, a manifest, a snapshot, a kubeconfig, `live`, or - for manifests on stdin. "
        "Without it: the cluster of the current kubeconfig context.",
        show_default=False,
    ),
]
SourceOption = Annotated[str | None, typer.Option("--source", metavar="SOURCE", help="The same as the argument SOURCE.")]
Kubeconfig = Annotated[
    Path | None, typer.Option("--kubeconfig", help="A kubeconfig file, instead of $KUBECONFIG or ~/.kube/config.")
]
Context = Annotated[str | None, typer.Option("--context", help="A context of the kubeconfig, instead of its current one.")]
IntentFile = Annotated[Path | None, typer.Option("--intent", help="The intent file; ./ostiary.yaml is read if it is there.")]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")]
Learned = Annotated[bool, typer.Option("--learned", help="Only what is learned: leave aside what the intent file asks for.")]


def _world(
    source: str | None, option: str | None, kubeconfig: Path | None, context: str | None, intent: Path | None
) -> "World":
    from ostiary.cli.source import read_world
    from ostiary.core.errors import BadInput

    if source and option and source != option:
        raise BadInput(f"two sources were given, {source!r} and {option!r}", todo="give one")
    return read_world(source or option, kubeconfig=kubeconfig, context=context, intent=intent)


def _of_access(pillar: str, world: "World") -> "World":
    """Of access: the moment is evidence too, since grants end."""
    if pillar != "access":
        return world
    from ostiary.cli.live_grants import at_this_moment

    return at_this_moment(world)


def _pillar(name: str, verb: str) -> "Pillar[Any]":
    from ostiary.cli.pillars import load

    return load(name, verb)


def check(
    pillar: PillarName,
    source: Source = None,
    source_option: SourceOption = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    intent: IntentFile = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="SOURCE", help="Of pods: add what became looser since this earlier look, a snapshot say."
        ),
    ] = None,
    declared: Annotated[
        str | None,
        typer.Option(
            "--declared",
            metavar="SOURCE",
            help="Of rbac: add what service accounts hold beyond these manifests, such as a chart's.",
        ),
    ] = None,
    severity: Annotated[
        str, typer.Option("--severity", help="Only findings at least this bad: critical, high, medium, low or info.")
    ] = "info",
    form: Annotated[
        FindingFormat, typer.Option("--format", "-f", help="How the answer is written on stdout.")
    ] = FindingFormat.TABLE,
) -> None:
    """What is wrong now. Exit 0: nothing; 1: findings; 4: nothing found, but not everything could be seen."""
    chosen = _pillar(pillar, "check")
    world = _of_access(pillar, _world(source, source_option, kubeconfig, context, intent))
    bad_enough = _at_least(severity)
    every = [
        *(_drift(pillar, world, since) if since else ()),
        *(_beyond(pillar, world, declared) if declared else ()),
        *chosen.check(world),
    ]
    findings, missing = [found for found in every if found.severity in bad_enough], chosen.unseen(world)
    _show_findings(form, pillar, world, findings, missing)
    raise typer.Exit(FINDINGS if findings else UNKNOWN if missing else HOLDS)


def _drift(pillar: str, world: "World", since: str) -> "Iterator[Finding]":
    from ostiary.cli.source import read_world
    from ostiary.core.errors import BadInput
    from ostiary.pillars.pods import drift

    if pillar != "pods":
        raise BadInput(f"--since compares levels of pods, not {pillar}", todo="ostiary snapshot diff compares everything")
    return drift(world, read_world(since))


def _beyond(pillar: str, world: "World", declared: str) -> "Iterator[Finding]":
    from ostiary.cli.source import read_world
    from ostiary.core.errors import BadInput
    from ostiary.pillars.rbac.detections.beyond import beyond

    if pillar != "rbac":
        raise BadInput(
            f"--declared compares rights of service accounts, not {pillar}", todo="ostiary check rbac --declared DIR"
        )
    return beyond(world, read_world(declared))


def learn(
    pillar: PillarName,
    source: Source = None,
    source_option: SourceOption = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    intent: IntentFile = None,
    workloads: Annotated[
        bool, typer.Option("--workloads", help="Pods: for each workload the smallest patch that reaches restricted.")
    ] = False,
    patches: Annotated[
        Path | None, typer.Option("--patches", help="With --workloads: write the patches into this directory.")
    ] = None,
    trial: Annotated[
        bool, typer.Option("--try", help="With --workloads: run each patched pod once, on a sandbox's real node.")
    ] = False,
    upgrade_to: Annotated[
        str | None, typer.Option("--upgrade-to", metavar="1.N", help="Pods: what an upgrade of the cluster would change.")
    ] = None,
    upgrade_from: Annotated[
        str | None, typer.Option("--upgrade-from", metavar="1.N", help="With --upgrade-to, where the source does not say it.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """The least that what is there needs, as a policy. Exit 4: not everything could be seen, so the policy may be too tight."""
    if workloads or patches or trial or upgrade_to or upgrade_from:
        from ostiary.cli.harden import Asked, learn_more

        asked = Asked(workloads, patches, trial, upgrade_to, upgrade_from)
        where = (source, source_option, kubeconfig, context)
        raise typer.Exit(learn_more(pillar, asked, where, lambda: _world(*where, intent), form))
    from ostiary.model.verdict import Unknown

    chosen = _pillar(pillar, "learn")
    world = _world(source, source_option, kubeconfig, context, intent)
    policy = chosen.learn(world)
    verdict = chosen.prove(world, policy)
    missing = verdict.missing if isinstance(verdict, Unknown) else ()
    if form is Format.JSON:
        answer_json({"world": world.digest, "policy": policy, "unseen": [_missing(item) for item in missing]})
    else:
        table(policy.COLUMNS, policy.rows())
        _say_missing(missing)
    raise typer.Exit(UNKNOWN if missing else HOLDS)


def prove(
    pillar: PillarName,
    source: Source = None,
    source_option: SourceOption = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    intent: IntentFile = None,
    learned: Learned = False,
    closed: Annotated[
        bool, typer.Option("--closed", help="Of pods: prove too that nobody gets round the levels but who may (pods.mayRelax).")
    ] = False,
    against_cluster: Annotated[
        int,
        typer.Option(
            "--against-cluster", metavar="N", help="Of rbac: ask the cluster N access reviews, and compare ostiary's answers."
        ),
    ] = 0,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="Where to write the proof's certificate, for `ostiary verify`.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Whether the policy may be enforced. Exit 0: proved; 1: refuted, with a witness; 4: unknown, with what is missing."""
    if against_cluster:
        _agree(pillar, against_cluster, source or source_option, kubeconfig, context, form)
    chosen = _pillar(pillar, "prove")
    world = _of_access(pillar, _world(source, source_option, kubeconfig, context, intent))
    verdict = chosen.prove(world, chosen.learn(world) if learned else chosen.intended(world))
    if closed:
        from ostiary.cli.closed import with_nobody_round

        verdict = with_nobody_round(pillar, verdict, world)
    if certificate:
        _refuse_without_certificate(pillar, verdict)
    code = show_verdict(verdict, world, form)
    if pillar == "access" and form is Format.TABLE:
        from ostiary.cli.live_grants import show_reach

        show_reach(verdict)
    if certificate:
        _write_certificate(certificate, verdict)
    raise typer.Exit(code)


def _agree(
    pillar: str, questions: int, source: str | None, kubeconfig: Path | None, context: str | None, form: Format
) -> NoReturn:
    from ostiary.cli.rbac_agreement import against_cluster
    from ostiary.core.errors import BadInput

    if pillar != "rbac":
        raise BadInput(
            f"--against-cluster compares access reviews, and {pillar} has none",
            todo="ostiary prove rbac --against-cluster 1000",
        )
    raise typer.Exit(against_cluster(source, kubeconfig=kubeconfig, context=context, questions=questions, form=form))


def enforce(
    pillar: PillarName,
    source: Source = None,
    source_option: SourceOption = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    intent: IntentFile = None,
    learned: Learned = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without this the plan is shown and nothing is changed.")] = False,
    stage: Annotated[
        str | None,
        typer.Option("--stage", help="Go up to this stage of the plan and no further; `observe` only warns and audits."),
    ] = None,
    save_plan: Annotated[
        Path | None, typer.Option("--save-plan", help="Write the plan to a file, for `ostiary apply`.")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option("--journal", help="Where to keep the journal that `ostiary undo` reads.")
    ] = None,
    gitops: Annotated[
        Path | None,
        typer.Option("--gitops", help="Write the plan as manifests (kustomize) into this directory, and change nothing."),
    ] = None,
    static_files: Annotated[
        Path | None,
        typer.Option(
            "--static-files", help="Of admission: write the policies as files for the API server, which nobody can delete."
        ),
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Of rbac: say what would have been denied of what happened, and change nothing.")
    ] = False,
    restore_plan: Annotated[
        Path | None,
        typer.Option("--restore-plan", help="Of rbac: where to keep the plan that gives back everything that is taken."),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Prove the policy and make it native objects, in stages, with undo. Nothing is enforced that is not proved."""
    from ostiary.cli import plan_files, rbac_enforcing
    from ostiary.cli.apply import carry_out, save
    from ostiary.model.verdict import Proof

    chosen = _pillar(pillar, "enforce")
    plan_files.refuse_wrong_use(chosen, pillar, yes=yes, gitops=gitops, static_files=static_files)
    rbac_enforcing.refuse_wrong_use(pillar, shadow=shadow, restore_plan=restore_plan, yes=yes)
    where = source or source_option
    world = _world(source, source_option, kubeconfig, context, intent)
    verdict = chosen.prove(world, chosen.learn(world) if learned else chosen.intended(world))
    if not isinstance(verdict, Proof):
        raise typer.Exit(show_verdict(verdict, world, form))
    plan = chosen.enforce(verdict)
    if shadow:
        raise typer.Exit(rbac_enforcing.show_shadow(plan.changes, world, form))
    if save_plan:
        save(plan, save_plan)
    if pillar == rbac_enforcing.RBAC:
        rbac_enforcing.keep_way_back(verdict, restore_plan, yes=yes)
    if gitops:
        plan_files.write_manifests(plan, gitops)
    elif static_files:
        plan_files.write_static_files(chosen, verdict, world, static_files)
    else:
        carry_out(
            plan,
            source=where,
            kubeconfig=kubeconfig,
            context=context,
            intent=intent,
            stage=stage,
            yes=yes,
            journal=journal,
            form=form,
        )


def _at_least(severity: str) -> "set[Severity]":
    from ostiary.core.errors import BadInput
    from ostiary.model.finding import Severity

    worst_first = list(Severity)
    if severity not in map(str, worst_first):
        raise BadInput(f"there is no severity {severity!r}", todo=f"one of {', '.join(map(str, worst_first))}")
    return set(worst_first[: worst_first.index(Severity(severity)) + 1])


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
            shown = {"verdict": "unknown", "claim": verdict.claim, "missing": [_missing(item) for item in verdict.missing]}
            lines = [f"unknown: {verdict.claim}", *(f"  {item.what}\n    {item.todo}" for item in verdict.missing)]
            code = UNKNOWN
    if form is Format.JSON:
        answer_json({"world": world.digest, **shown})
    else:
        answer("\n".join(lines))
    return code


def _refuse_without_certificate(pillar: str, verdict: "Proof[Any] | Refutation | Unknown") -> None:
    from ostiary.core.errors import BadInput
    from ostiary.model.verdict import Proof

    if isinstance(verdict, Proof) and not verdict.certificate:
        raise BadInput(
            f"a proof about {pillar} has no certificate: the stand-alone verifier does not know what it is about",
            todo="leave --certificate away: the proof itself holds",
        )


def _write_certificate(path: Path, verdict: "Proof[Any] | Refutation | Unknown") -> None:
    from ostiary.adapters.files import write_atomically
    from ostiary.model.verdict import Proof
    from ostiary.model.world import encode

    if isinstance(verdict, Proof):
        write_atomically(path, encode(verdict.certificate))
        say(f"certificate: {path}  (re-check it with: ostiary verify {path})")
    else:
        say(f"no certificate was written to {path}: there is no proof")


def _show_findings(
    form: FindingFormat, pillar: str, world: "World", findings: "list[Finding]", missing: "tuple[Missing, ...]"
) -> None:
    match form:
        case FindingFormat.TABLE:
            for found in findings:
                block((f"{found.severity!s:8}", found.code, str(found.subject)), _sentences(found))
            _say_missing(missing)
            say(_sentence(len(findings), len(missing)))
        case FindingFormat.JSON:
            answer_json({"world": world.digest, "findings": findings, "unseen": [_missing(item) for item in missing]})
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


def _missing(item: "Missing") -> dict[str, object]:
    return {"what": item.what, "todo": item.todo}


def _say_missing(missing: "tuple[Missing, ...]") -> None:
    for item in missing:
        say(f"not seen: {item.what}\n  {item.todo}")


def _sentence(findings: int, missing: int) -> str:
    found = f"{findings} finding{'s' * (findings != 1)}" if findings else "nothing found"
    return f"{found}; {missing} thing{'s' * (missing != 1)} could not be seen" if missing else found
