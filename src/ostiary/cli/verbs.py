"""``ostiary check | learn | prove | enforce PILLAR``: the four verbs, the same for every pillar.

ostiary check pods                       the cluster of the current kubeconfig context
ostiary check pods manifests/            a directory: manifests, Helm or kustomize output
ostiary prove pods prod.snapshot         a saved snapshot
ostiary enforce pods --yes               only this changes anything
ostiary enforce admission --yes          policies that the API server holds by itself
ostiary learn rbac --evidence audit.log  with what happened, from audit logs
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ostiary.cli.checking import at_least, beyond_declared, drifted
from ostiary.cli.output import FINDINGS, HOLDS, UNKNOWN, FindingFormat, Format, answer_json, table
from ostiary.cli.showing import (
    missing_json,
    refuse_without_certificate,
    say_missing,
    show_findings,
    show_verdict,
    write_certificate,
)
from ostiary.cli.where import Where, with_where

if TYPE_CHECKING:
    from ostiary.model.verdict import Missing
    from ostiary.model.world import World
    from ostiary.pillars import Pillar

PillarName = Annotated[
    str, typer.Argument(metavar="PILLAR", help="What to look at: access, pods, admission, rbac.", show_default=False)
]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")]
Learned = Annotated[bool, typer.Option("--learned", help="Only what is learned: leave aside what the intent file asks for.")]


def _of_access(pillar: str, world: "World", behind: str | None) -> "World":
    """Of access: the moment is evidence too, since grants end; and so is what the control plane says, where it is asked."""
    if pillar != "access":
        if behind:
            from ostiary.core.errors import BadInput

            raise BadInput(f"--behind is about grants, not about {pillar}", todo="ostiary prove access --behind NAME")
        return world
    from ostiary.cli.live_grants import at_this_moment, live_grants

    return at_this_moment(world, live_grants(behind) if behind else None)


def _pillar(name: str, verb: str) -> "Pillar[Any]":
    from ostiary.cli.pillars import load

    return load(name, verb)


@with_where
def check(
    pillar: PillarName,
    where: Where,
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
    behind: Annotated[
        str | None,
        typer.Option(
            "--behind",
            metavar="NAME",
            help="Of access: ask the control plane which grants are live on its cluster of that name.",
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
    world = _of_access(pillar, where.world(), behind)
    bad_enough = at_least(severity)
    every = [
        *(drifted(pillar, world, since) if since else ()),
        *(beyond_declared(pillar, world, declared) if declared else ()),
        *chosen.check(world),
    ]
    findings, missing = [found for found in every if found.severity in bad_enough], chosen.unseen(world)
    show_findings(form, pillar, world, findings, missing)
    raise typer.Exit(FINDINGS if findings else UNKNOWN if missing else HOLDS)


@with_where
def learn(
    pillar: PillarName,
    where: Where,
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
        place = (where.source, where.source_option, where.kubeconfig, where.context)
        raise typer.Exit(learn_more(pillar, asked, place, where.world, form))
    from ostiary.model.verdict import Unknown

    chosen = _pillar(pillar, "learn")
    world = where.world()
    policy = chosen.learn(world)
    verdict = chosen.prove(world, policy)
    missing = (*(verdict.missing if isinstance(verdict, Unknown) else ()), *_not_in_evidence(pillar, world))
    if form is Format.JSON:
        answer_json({"world": world.digest, "policy": policy, "unseen": [missing_json(item) for item in missing]})
    else:
        table(policy.COLUMNS, policy.rows())
        say_missing(missing)
    raise typer.Exit(UNKNOWN if missing else HOLDS)


def _not_in_evidence(pillar: str, world: "World") -> "tuple[Missing, ...]":
    """What rbac would have to know of what happened."""
    if pillar != "rbac":
        return ()
    from ostiary.pillars.rbac.learning.missing import missing

    return missing(world.evidence)


@with_where
def prove(
    pillar: PillarName,
    where: Where,
    learned: Learned = False,
    closed: Annotated[
        bool, typer.Option("--closed", help="Of pods: prove too that nobody gets round the levels but who may (pods.mayRelax).")
    ] = False,
    behind: Annotated[
        str | None,
        typer.Option(
            "--behind",
            metavar="NAME",
            help="Of access: ask the control plane which grants are live on its cluster of that name.",
        ),
    ] = None,
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
        _agree(pillar, against_cluster, where, form)
    chosen = _pillar(pillar, "prove")
    world = _of_access(pillar, where.world(), behind)
    verdict = chosen.prove(world, chosen.learn(world) if learned else chosen.intended(world))
    if closed:
        from ostiary.cli.closed import with_nobody_round

        verdict = with_nobody_round(pillar, verdict, world)
    if certificate:
        refuse_without_certificate(pillar, verdict)
    code = show_verdict(verdict, world, form)
    if pillar == "access" and form is Format.TABLE:
        from ostiary.cli.live_grants import show_reach

        show_reach(verdict)
    if certificate:
        write_certificate(certificate, verdict)
    raise typer.Exit(code)


def _agree(pillar: str, questions: int, where: Where, form: Format) -> NoReturn:
    from ostiary.cli.rbac_agreement import against_cluster
    from ostiary.core.errors import BadInput

    if pillar != "rbac":
        raise BadInput(
            f"--against-cluster compares access reviews, and {pillar} has none",
            todo="ostiary prove rbac --against-cluster 1000",
        )
    code = against_cluster(where.place, kubeconfig=where.kubeconfig, context=where.context, questions=questions, form=form)
    raise typer.Exit(code)


@with_where
def enforce(
    pillar: PillarName,
    where: Where,
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
    world = where.world()
    verdict = chosen.prove(world, chosen.learn(world) if learned else chosen.intended(world))
    if not isinstance(verdict, Proof):
        raise typer.Exit(show_verdict(verdict, world, form))
    plan = chosen.enforce(verdict)
    if shadow:
        raise typer.Exit(rbac_enforcing.show_shadow(plan.changes, world, form))
    if save_plan:
        save(plan, save_plan)
    if pillar == rbac_enforcing.RBAC:
        rbac_enforcing.hint(world)
        rbac_enforcing.keep_way_back(verdict, restore_plan, yes=yes)
    if gitops:
        plan_files.write_manifests(plan, gitops)
    elif static_files:
        plan_files.write_static_files(chosen, verdict, world, static_files)
    else:
        carry_out(
            plan,
            source=where.place,
            kubeconfig=where.kubeconfig,
            context=where.context,
            intent=where.intent,
            stage=stage,
            yes=yes,
            journal=journal,
            form=form,
        )
