"""``ostiary explain rbac``: may somebody do something, by which bindings, and what would change that; or everybody who may.

    ostiary explain rbac --as ann get secrets -n shop
    ostiary explain rbac --as system:serviceaccount:shop:web create pods/exec web-1 -n shop
    ostiary explain rbac --as ann --as-group dev get /metrics
    ostiary explain rbac --who get secrets -n shop
    ostiary explain rbac --chain get secrets -n shop
    ostiary explain rbac --batch questions.ndjson --source manifests/ --format json

``--as`` is somebody who signed in: service accounts and nodes get the groups that Kubernetes gives them, everybody gets
``system:authenticated``. In a batch groups are taken literally. Exit 0: allowed, or a list; 1: not allowed; 4: unknown.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ostiary.cli.output import FINDINGS, HOLDS, UNKNOWN, Format, answer, answer_json, say, table

if TYPE_CHECKING:
    from ostiary.model.cluster import Cluster
    from ostiary.pillars.rbac.authorizer import Authorizer
    from ostiary.pillars.rbac.columns import Holder
    from ostiary.pillars.rbac.decision import Hit
    from ostiary.pillars.rbac.explanation import Explanation
    from ostiary.pillars.rbac.identity import Identity
    from ostiary.pillars.rbac.question import Asked
    from ostiary.pillars.rbac.server import Server
    from ostiary.pillars.rbac.who import Who


def rbac(
    verb: Annotated[
        str | None, typer.Argument(metavar="VERB", help="get, list, create, escalate: any verb.", show_default=False)
    ] = None,
    resource: Annotated[
        str | None,
        typer.Argument(metavar="RESOURCE[.GROUP][/SUBRESOURCE]", help="A plural name; or a /path.", show_default=False),
    ] = None,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The name of one object.", show_default=False)] = "",
    user: Annotated[str | None, typer.Option("--as", metavar="USER", help="Who asks, as somebody who signed in.")] = None,
    groups: Annotated[
        list[str] | None, typer.Option("--as-group", metavar="GROUP", help="A group of theirs; repeatable.")
    ] = None,
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="The namespace; without it, cluster-wide.")] = "",
    who: Annotated[bool, typer.Option("--who", help="List everybody who may. Without -n: in whatever namespace.")] = False,
    chain: Annotated[
        bool,
        typer.Option(
            "--chain", help="Everybody who gets there by a chain of escalations, and how. Also: --chain cluster-admin."
        ),
    ] = False,
    batch: Annotated[
        str | None,
        typer.Option("--batch", metavar="FILE", help="Questions, one JSON object a line; - is stdin. One answer a line."),
    ] = None,
    fields: Annotated[
        str,
        typer.Option("--field-selector", help="Of a list or watch: metadata.name=NAME gives it a name.", show_default=False),
    ] = "",
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="SOURCE", help="Anything that check takes; without it, the current context."),
    ] = None,
    kubeconfig: Annotated[Path | None, typer.Option("--kubeconfig", help="A kubeconfig file.")] = None,
    context: Annotated[str | None, typer.Option("--context", help="A context of the kubeconfig.")] = None,
    server_version: Annotated[
        str,
        typer.Option(
            "--server-version", help="The API server's version, where the source does not say it.", show_default=False
        ),
    ] = "",
    gates: Annotated[
        str, typer.Option("--feature-gates", metavar="A=true,B=false", help="Gates that are not at their default.")
    ] = "",
    modes: Annotated[str, typer.Option("--authorization-mode", help="The API server's authorizers, in order.")] = "Node,RBAC",
    form: Annotated[Format, typer.Option("--format", "-f", help="How the answer is written on stdout.")] = Format.TABLE,
) -> None:
    """May somebody do something, as the API server would say; by which bindings; what would change it. Or everybody who may."""
    from ostiary.cli.source import read_cluster
    from ostiary.pillars.rbac.authorizer import Authorizer
    from ostiary.pillars.rbac.question import asked, read_fields

    if chain:
        from ostiary.cli.rbac_chains import show_chains

        _check_alone(user, groups, who=who, batch=batch)
        raise typer.Exit(show_chains((verb, resource, name), namespace, source, kubeconfig, context, form))
    _check_usage(verb, resource, user, groups, who=who, batch=batch)
    selected = read_fields(fields)
    cluster = read_cluster(source, kubeconfig=kubeconfig, context=context)
    authorizer = Authorizer(cluster, _server(server_version or cluster.server_version, gates, modes))
    if batch is not None:
        raise typer.Exit(_answer_batch(authorizer, batch, form))
    question = asked(verb or "", resource or "", name, namespace, cluster, selected)
    for note in question.notes:
        say(note)
    if who:
        raise typer.Exit(_show_who(authorizer, cluster, question, form))
    raise typer.Exit(_show_one(authorizer, user or "", tuple(groups or ()), question, form))


def _check_alone(user: str | None, groups: list[str] | None, *, who: bool, batch: str | None) -> None:
    from ostiary.core.errors import BadInput

    if user or groups or who or batch is not None:
        raise BadInput("--chain asks about everybody", todo="leave out --as, --as-group, --who and --batch")


def _check_usage(
    verb: str | None, resource: str | None, user: str | None, groups: list[str] | None, *, who: bool, batch: str | None
) -> None:
    from ostiary.core.errors import BadInput

    if batch is not None:
        if verb or who or user or groups:
            raise BadInput("--batch takes its questions from the file alone", todo="leave out VERB, --as, --as-group and --who")
        return
    if not verb or not resource:
        raise BadInput("nothing was asked", todo="write VERB RESOURCE, such as: get secrets -n shop")
    if who and (user or groups):
        raise BadInput("--who asks about everybody", todo="leave out --as and --as-group, or leave out --who")
    if not who and not (user or groups):
        raise BadInput("nobody is named", todo="write --as USER, or --who for everybody")


def _server(version: str, gates: str, modes: str) -> "Server":
    from dataclasses import replace

    from ostiary.core.errors import BadInput
    from ostiary.pillars.rbac.server import GATES, Mode, Server

    said = []
    for part in filter(None, gates.split(",")):
        gate, _, value = part.partition("=")
        if gate not in GATES or value not in ("true", "false"):
            raise BadInput(f"{part!r} is no gate that decides here", todo=f"GATE=true or GATE=false, of {', '.join(GATES)}")
        said.append((gate, value == "true"))
    try:
        order = tuple(Mode(mode) for mode in modes.split(","))
    except ValueError:
        raise BadInput(f"{modes!r} are no authorization modes", todo=f"some of {','.join(map(str, Mode))}") from None
    server = replace(Server.of(version, gates=tuple(said)), modes=order)
    if server.assumed and version:
        raise BadInput(f"{version!r} is no version of an API server", todo="write it as v1.37.2 or 1.37")
    return server


def _answer_batch(authorizer: "Authorizer", file: str, form: Format) -> int:
    """Every question is read before the first answer is written: a broken line leaves nothing half said."""
    from ostiary.core.errors import BadInput
    from ostiary.pillars.rbac.batch import answers, read_questions, written
    from ostiary.pillars.rbac.decision import Decision

    if file == "-":
        questions = list(read_questions(sys.stdin.buffer, "stdin"))
    else:
        try:
            with Path(file).open("rb") as lines:
                questions = list(read_questions(lines, file))
        except OSError as error:
            raise BadInput(f"cannot read {file}: {error.strerror}", todo="give a file of questions, or - for stdin") from None
    found = list(answers(authorizer, questions))
    if form is Format.JSON:
        sys.stdout.buffer.writelines(map(written, found))
        sys.stdout.buffer.flush()
    else:
        table(("DECISION", "REASON"), ((str(one.decision), one.reason) for one in found))
    open_ends = sum(one.decision in (Decision.UNKNOWN, Decision.CONDITIONAL) for one in found)
    say(f"{len(found)} answers, {open_ends} of them unknown")
    return UNKNOWN if open_ends else HOLDS


def _show_one(authorizer: "Authorizer", user: str, groups: tuple[str, ...], question: "Asked", form: Format) -> int:
    from ostiary.pillars.rbac.decision import Decision
    from ostiary.pillars.rbac.explanation import explain
    from ostiary.pillars.rbac.identity import authenticated

    identity = authenticated(user, groups)
    found = explain(authorizer, identity, question.request)
    if form is Format.JSON:
        answer_json(_plain(identity, question, found))
    else:
        say(f"{identity}: {question.request}?")
        _show_explanation(found)
    codes = {Decision.ALLOW: HOLDS, Decision.DENY: FINDINGS, Decision.NO_OPINION: FINDINGS}
    return codes.get(found.answer.decision, UNKNOWN)


def _show_explanation(found: "Explanation") -> None:
    answer(f"{found.answer.decision}: {found.answer.reason}")
    _section("allowed by" if found.answer.allowed else "perhaps allowed by", map(_hit_line, found.hits))
    _section("near", found.near)
    _section("would change it", found.change)
    _section(
        "and then also",
        (f"{one.name}, {one.when}: {' or '.join(map(str, one.asks))}" for one in found.secondary if one.usual),
    )


def _section(title: str, lines: Iterable[str]) -> None:
    every = list(lines)
    if every:
        answer(f"{title}:")
        for line in every:
            answer(f"  {line}")


def _hit_line(hit: "Hit") -> str:
    return f"{hit}: {_rule_words(hit)}"


def _rule_words(hit: "Hit") -> str:
    rule = hit.rule
    on = rule.non_resource_urls or tuple(
        f"{group or 'core'}:{resource}" for group in rule.api_groups for resource in rule.resources
    )
    names = f" named {', '.join(rule.resource_names)}" if rule.resource_names else ""
    return f"{', '.join(rule.verbs)} on {', '.join(on)}{names}"


def _plain(identity: "Identity", question: "Asked", found: "Explanation") -> dict[str, Any]:
    return {
        "decision": str(found.answer.decision),
        "reason": found.answer.reason,
        "identity": {"user": identity.user, "groups": identity.groups},
        "request": str(question.request),
        "notes": question.notes,
        "allowedBy": [
            {"binding": hit.grant.binding, "role": hit.grant.role, "rule": hit.rule, "sure": hit.sure} for hit in found.hits
        ],
        "near": found.near,
        "change": found.change,
        "doubts": [{"what": doubt.what, "todo": doubt.todo} for doubt in found.answer.doubts],
        "further": [{"check": one.name, "when": one.when, "asks": [str(ask) for ask in one.asks]} for one in found.secondary],
    }


def _show_who(authorizer: "Authorizer", cluster: "Cluster", question: "Asked", form: Format) -> int:
    from ostiary.pillars.rbac.who import members, who_can

    everywhere = not question.request.namespace and question.request.is_resource and question.namespaced is not False
    found = who_can(authorizer, question.request, everywhere=everywhere)
    counts = {key: members(key, cluster) for key in {holder.key for holder in found.holders}}
    if form is Format.JSON:
        answer_json(_plain_who(question, found, counts))
    else:
        always = ("Group system:masters", "everywhere", "no binding: it may do anything")
        nodes = [(f"Node {node}", "everywhere", "the Node authorizer") for node in found.nodes]
        table(("SUBJECT", "WHERE", "BY"), [always, *nodes, *(_holder_row(holder, counts) for holder in found.holders)])
    for doubt in found.doubts:
        say(f"not seen: {doubt}\n  {doubt.todo}")
    return UNKNOWN if found.doubts else HOLDS


def _holder_row(holder: "Holder", counts: "dict[Any, int | None]") -> tuple[str, str, str]:
    count = counts[holder.key]
    of = f" ({count} service account{'s' * (count != 1)})" if count is not None else ""
    where = f"namespace {holder.scope}" if holder.scope else "everywhere"
    return f"{holder.key}{of}", where, f"{holder.grant.binding} of {holder.grant.role}"


def _plain_who(question: "Asked", found: "Who", counts: "dict[Any, int | None]") -> dict[str, Any]:
    return {
        "request": str(question.request),
        "notes": question.notes,
        "always": ["Group system:masters"],
        "nodes": found.nodes,
        "holders": [
            {
                "kind": holder.key.kind,
                "name": holder.key.name,
                "namespace": holder.scope,
                "binding": holder.grant.binding,
                "role": holder.grant.role,
                "serviceAccounts": counts[holder.key],
            }
            for holder in found.holders
        ],
        "doubts": [{"what": doubt.what, "todo": doubt.todo} for doubt in found.doubts],
    }
