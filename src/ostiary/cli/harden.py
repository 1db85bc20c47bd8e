"""``ostiary learn pods --workloads`` and ``--upgrade-to``: what each workload could become, as patches; what an upgrade of the cluster would change.

ostiary learn pods --workloads manifests/ --patches patches/
kubectl patch -n shop deployment catalogue --type strategic --patch-file patches/deployment_shop_catalogue.yaml
ostiary learn pods --workloads --try                     run each patch once on the sandbox's real node
ostiary learn pods --upgrade-to 1.37
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ostiary.cli.output import FINDINGS, HOLDS, UNKNOWN, Format, answer_json, block, say, table
from ostiary.core.errors import BadInput

if TYPE_CHECKING:
    from ostiary.adapters.kubernetes.access import Access
    from ostiary.model.levels import Version
    from ostiary.model.verdict import Missing
    from ostiary.model.world import World
    from ostiary.pillars.pods.harden import Hardening, Upgrade
    from ostiary.sandbox.tryout import Tried

_AT_ONCE = 3  # trials side by side: each is a pod that starts
Where = tuple[str | None, str | None, Path | None, str | None]


class Asked(NamedTuple):
    """What was asked of ``learn`` beyond the policy."""

    workloads: bool = False
    patches: Path | None = None
    trial: bool = False
    upgrade_to: str | None = None
    upgrade_from: str | None = None


def learn_more(pillar: str, asked: Asked, where: Where, read: "Callable[[], World]", form: Format) -> int:
    """Answer it; the exit code. ``read`` reads the World of ``where``: source, --source, --kubeconfig, --context."""
    from ostiary.cli.source import access_of

    if pillar != "pods":
        raise BadInput(f"the pillar {pillar} has no workloads to patch", todo="ostiary learn pods --workloads")
    if asked.workloads == bool(asked.upgrade_to):
        raise BadInput("give --workloads (with --patches, --try) or --upgrade-to (with --upgrade-from)", todo="one of the two")
    if asked.upgrade_to:
        return show_upgrade(read(), form, after=asked.upgrade_to, before=asked.upgrade_from)
    access = access_of(where[0] or where[1], kubeconfig=where[2], context=where[3]) if asked.trial else None
    if access:
        from ostiary.sandbox.tryout import require_sandbox

        require_sandbox(access)  # before anything is read
    return show_workloads(read(), form, patches=asked.patches, access=access)


def show_workloads(world: "World", form: Format, *, patches: Path | None, access: "Access | None") -> int:
    """The answer of ``--workloads``; ``access``: the sandbox to try it on."""
    from ostiary.pillars import pods
    from ostiary.pillars.pods.harden import harden

    found, missing = list(harden(world)), pods.unseen(world)
    tried = _try(found, access) if access else [()] * len(found)
    if patches:
        _write(patches, found)
    if form is Format.JSON:
        shown = [_plain(one, trials) for one, trials in zip(found, tried, strict=True)]
        answer_json({"world": world.digest, "workloads": shown, "unseen": _unseen(missing)})
    else:
        for one, trials in zip(found, tried, strict=True):
            change = f"{one.now} -> {one.after}" if one.fields else str(one.now)
            block((str(one.workload), change), _lines(one, trials))
        _say_missing(missing)
        say(_sentence(found))
    return UNKNOWN if missing else HOLDS


def show_upgrade(world: "World", form: Format, *, after: str, before: str | None) -> int:
    """The answer of ``--upgrade-to``. Exit 1 when a pod that is admitted now would be refused then."""
    from ostiary.pillars import pods
    from ostiary.pillars.pods.harden import upgrade
    from ostiary.pillars.pods.labels import server_version

    server = server_version(world)
    start = _version(before, "--upgrade-from") if before else server
    if start is None:
        raise BadInput("files do not say which version the cluster has", todo="give --upgrade-from, such as 1.34")
    end = _version(after, "--upgrade-to")
    if end < start:
        raise BadInput(f"{end} is older than {start}, which the cluster has", todo="give a later version to --upgrade-to")
    found, missing = upgrade(world, start, end), pods.unseen(world)
    if form is Format.JSON:
        answer_json({"world": world.digest, "upgrade": found, "unseen": _unseen(missing)})
    else:
        _show_upgrade(found)
        _say_missing(missing)
    return FINDINGS if found.refuses else UNKNOWN if missing else HOLDS


def _version(text: str, option: str) -> "Version":
    from ostiary.model.levels import NEWEST, Version

    version = Version.parse(text if text.startswith("v") else f"v{text}")
    if version is None:
        raise BadInput(f"{option} {text}: that is no version of Kubernetes", todo="write it such as 1.37")
    if version > NEWEST:
        raise BadInput(f"{option} {text}: the levels are known up to {NEWEST} here", todo="use a newer ostiary")
    return version


def _try(found: "list[Hardening]", access: "Access") -> "list[tuple[Tried, ...]]":
    import asyncio

    from ostiary.adapters.kubernetes.client import Client
    from ostiary.sandbox.tryout import require_sandbox, try_out

    name = require_sandbox(access)
    say(f"trying on the real node of the sandbox {name}: each pod runs once, under another name")

    async def every() -> "list[tuple[Tried, ...]]":
        gate = asyncio.Semaphore(_AT_ONCE)
        async with Client(access) as client:

            async def one(hardening: "Hardening") -> "tuple[Tried, ...]":
                async with gate:
                    return await try_out(client, _candidate(hardening))

            return list(await asyncio.gather(*(one(hardening) for hardening in found)))

    return asyncio.run(every())


def _candidate(one: "Hardening") -> Any:
    from ostiary.pillars.pods.harden import patch, target
    from ostiary.pillars.pods.makers import ROOTS
    from ostiary.sandbox.tryout import Candidate, Step

    steps = [Step(name, patch(edits)) for name, edits in one.steps() if edits]
    return Candidate(target(one.workload), tuple(filter(None, ROOTS[one.workload.kind].split("."))), tuple(steps))


def _write(directory: Path, found: "list[Hardening]") -> None:
    from ostiary.adapters.files import write_atomically
    from ostiary.cli.patches import files

    written = files(found)
    for name, text in written.items():
        path = directory / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"cannot make {path.parent}: {error.strerror}", todo="give --patches another directory") from None
        write_atomically(path, text.encode(), mode=0o644)
    say(f"patches: {directory} ({sum(name.count('kustomization') == 0 for name in written)} workloads)")


def _plain(one: "Hardening", trials: "Sequence[Tried]") -> dict[str, object]:
    return {
        "workload": one.workload,
        "now": str(one.now),
        "after": str(one.after),
        "profile": one.profile,
        "fields": [{"field": change.field, "was": change.was, "value": change.value} for change in one.fields],
        "patch": one.patch,
        "decide": [
            {"code": ask.code, "field": ask.field, "question": ask.question, "options": ask.options, "patched": ask.patched}
            for ask in one.decide
        ],
        "notes": one.notes,
        "tried": [{"step": trial.step, "outcome": trial.outcome, "why": trial.why} for trial in trials],
    }


def _lines(one: "Hardening", trials: "Sequence[Tried]") -> Iterator[str]:
    for change in one.fields:
        yield f"set {change.field} to {_said(change.value)}" if change.value is not None else f"remove {change.field}"
    for ask in one.decide:
        yield f"decide ({ask.code}) {ask.field}: {ask.question}"
        yield from (f"     or: {option}" for option in ask.options)
    for name in one.profile.__struct_fields__:
        aspect = getattr(one.profile, name)
        if aspect.answer != "already":
            yield f"{name.replace('_', ' ')}: {aspect.answer} ({aspect.now})"
    yield from (f"tried {trial.step}: {trial.outcome}{f': {trial.why}' if trial.why else ''}" for trial in trials)
    yield from (f"note: {note}" for note in one.notes)


def _said(value: object) -> str:
    return (
        f"[{', '.join(map(str, value))}]"
        if isinstance(value, tuple | list)
        else str(value).lower()
        if value in (True, False)
        else str(value)
    )


def _sentence(found: "list[Hardening]") -> str:
    from ostiary.model.levels import Level

    there = sum(one.now.level is Level.RESTRICTED for one in found)
    ready = sum(bool(one.fields) and one.decided and one.after.level is Level.RESTRICTED for one in found)
    asked = sum(not one.decided for one in found)
    return f"{len(found)} workloads: {there} fit restricted, {ready} would with their patch, {asked} wait for people"


def _show_upgrade(found: "Upgrade") -> None:
    rows = [(one.namespace, one.mode, str(one.level), f"{one.before} -> {one.after}") for one in found.moves]
    table(("NAMESPACE", "MODE", "LEVEL", "VERSION"), rows)
    for control in found.controls:
        block((f"{control.level}", control.control, control.change), [control.title])
    for one in found.changes:
        lines = [f"{one.mode} {one.level}, shown by {one.shown_by}", *(f"appears: {text}" for text in one.appears)]
        lines += [*(f"ends: {text}" for text in one.ends), *(f"change: {field}" for field in one.fields)]
        block((str(one.workload), one.verdict), lines)
    kept = f"; {', '.join(found.kept)} keep their version" if found.kept else ""
    say(f"{found.before} -> {found.after}: {len(found.changes)} workloads are judged differently{kept}")


def _unseen(missing: "tuple[Missing, ...]") -> list[dict[str, object]]:
    return [{"what": item.what, "todo": item.todo} for item in missing]


def _say_missing(missing: "tuple[Missing, ...]") -> None:
    for item in missing:
        say(f"not seen: {item.what}\n  {item.todo}")
