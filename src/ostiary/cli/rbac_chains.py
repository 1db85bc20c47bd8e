"""``ostiary explain rbac --chain``: everybody who gets to a request, or to cluster-admin, and by which chain of escalations.

ostiary explain rbac --chain get secrets -n payments
ostiary explain rbac --chain cluster-admin
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ostiary.cli.output import HOLDS, UNKNOWN, Format, answer, answer_json, say

if TYPE_CHECKING:
    from ostiary.model.cluster import Cluster
    from ostiary.model.rbac_intent import Guardrail
    from ostiary.pillars.rbac.proving.guarded import Guarded

CLUSTER_ADMIN = "cluster-admin"


def show_chains(
    words: tuple[str | None, str | None, str],
    namespace: str,
    source: str | None,
    kubeconfig: Path | None,
    context: str | None,
    form: Format,
) -> int:
    """Write everybody's shortest chain, the nearest first. What the intent file takes for granted is taken for granted here too."""
    from ostiary.cli.source import read_world
    from ostiary.pillars.rbac.proving.guarded import guarded

    world = read_world(source, kubeconfig=kubeconfig, context=context, intent=None)
    rail = _asked(words, namespace, world.cluster)
    found = guarded(world, (rail,), world.intent.rbac.assume)
    if form is Format.JSON:
        answer_json({"world": world.digest, "chains": found.witnesses, "unseen": [one.what for one in found.missing]})
    else:
        _show(found)
    return UNKNOWN if found.missing else HOLDS


def _asked(words: tuple[str | None, str | None, str], namespace: str, cluster: "Cluster") -> "Guardrail":
    """The question as a guardrail that allows nobody."""
    from ostiary.core.errors import BadInput
    from ostiary.model.rbac_intent import Guardrail
    from ostiary.pillars.rbac.question import asked

    verb, resource, name = words
    if verb == CLUSTER_ADMIN and not (resource or namespace):
        return Guardrail(name=CLUSTER_ADMIN, cluster_admin=True)
    if not verb or not resource or resource.startswith("/"):
        raise BadInput(
            "--chain asks about a request for a resource, or about cluster-admin",
            todo="write: --chain get secrets -n shop, or: --chain cluster-admin",
        )
    question = asked(verb, resource, "", namespace, cluster)
    for note in question.notes:
        say(note)
    here = question.request.namespace
    everywhere = question.namespaced is not False and not here
    return Guardrail(
        name=f"{verb} {resource}",
        verbs=(verb,),
        resources=(question.request.qualified,),
        names=(name,) if name else (),
        namespaces=(here,) if here else (),
        everywhere=everywhere,
    )


def _show(found: "Guarded") -> None:
    from ostiary.pillars.rbac.proving.chains import LISTED

    for witness in found.witnesses:
        answer(f"{witness.subject} {witness.reason.partition(': ')[2]}")
    if len(found.witnesses) >= LISTED:
        say(f"the nearest {LISTED} are shown; there may be more")
    for one in found.missing:
        say(f"not known: {one.what}\n  {one.todo}")
    if not found.witnesses and not found.missing:
        say("nobody gets there but Kubernetes' own identities")
