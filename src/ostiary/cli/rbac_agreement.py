"""``ostiary prove rbac --against-cluster``: ask a cluster's own API server a sample of questions, and say how well the answers agree.

It writes nothing: an access review is a question. It needs the right to create ``subjectaccessreviews``. Roles that change between reading and asking look like
disagreements; then ask again. Exit 0: no answer differs; 1: some do; 4: nothing could be compared.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ostiary.cli.output import FINDINGS, HOLDS, UNKNOWN, Format, answer, answer_json, say

if TYPE_CHECKING:
    from ostiary.adapters.kubernetes.access import Access
    from ostiary.pillars.rbac.agreement import Agreement
    from ostiary.pillars.rbac.authorizer import Authorizer
    from ostiary.pillars.rbac.batch import Question

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
QUESTIONS = 1000
_AT_ONCE = 16


def against_cluster(
    source: str | None,
    *,
    kubeconfig: Path | None,
    context: str | None,
    questions: int = QUESTIONS,
    seed: str = "1",
    form: Format,
) -> int:
    """Sample, compare, report; the exit code."""
    import asyncio

    from ostiary.cli.source import access_of, read_cluster
    from ostiary.pillars.rbac.agreement import sample
    from ostiary.pillars.rbac.authorizer import Authorizer

    access = access_of(source, kubeconfig=kubeconfig, context=context)
    authorizer = Authorizer(read_cluster(source, kubeconfig=kubeconfig, context=context))
    asked = list(sample(authorizer, questions, seed))
    say(f"asking {len(asked)} access reviews")
    said = asyncio.run(_review_all(access, asked))
    found = compare(authorizer, asked, said)
    if form is Format.JSON:
        answer_json(
            {"asked": found.asked, "unknown": found.unknown, "differing": found.differing, "sentence": found.sentence()}
        )
    else:
        answer(found.sentence())
        for line in found.differing:
            answer(f"  {line}")
        if found.unknown:
            answer(f"  {found.unknown} answers were unknown here and are not compared")
    return FINDINGS if found.differing else HOLDS if found.compared else UNKNOWN


def compare(authorizer: "Authorizer", asked: "list[Question]", said: list[str]) -> "Agreement":
    """Answers of an API server (allow, deny, no-opinion) beside those here."""
    from ostiary.pillars.rbac.agreement import Agreement
    from ostiary.pillars.rbac.decision import Decision

    unknown, differing = 0, []
    for (identity, request), theirs in zip(asked, said, strict=True):
        ours = authorizer.decide(identity, request)
        if ours.decision in (Decision.UNKNOWN, Decision.CONDITIONAL):
            unknown += 1
        elif str(ours.decision) != theirs:
            differing.append(f"{identity}: {request}: the API server says {theirs}, ostiary {ours.decision} ({ours.reason})")
    return Agreement(len(asked), unknown, tuple(differing))


async def _review_all(access: "Access", asked: "list[Question]") -> list[str]:
    import asyncio

    import msgspec

    from ostiary.adapters.kubernetes.client import Client
    from ostiary.core.errors import Unreachable

    room = asyncio.Semaphore(_AT_ONCE)
    async with Client(access, connections=_AT_ONCE) as client:

        async def review(question: "Question") -> str:
            async with room:
                response = await client.request("POST", REVIEWS, body=msgspec.json.encode(_review(question)))
            if not response.ok:
                todo = "you need the right to create subjectaccessreviews.authorization.k8s.io"
                raise Unreachable(f"the API server refused an access review with HTTP {response.status}", todo=todo)
            status = msgspec.json.decode(response.body)["status"]
            return "allow" if status.get("allowed") else "deny" if status.get("denied") else "no-opinion"

        return list(await asyncio.gather(*map(review, asked)))


def _review(question: "Question") -> dict[str, Any]:
    identity, request = question
    spec: dict[str, Any] = {"user": identity.user, "groups": identity.groups}
    if request.is_resource:
        spec["resourceAttributes"] = {
            "verb": request.verb,
            "group": request.api_group,
            "resource": request.resource,
            "subresource": request.subresource,
            "name": request.name,
            "namespace": request.namespace,
        }
    else:
        spec["nonResourceAttributes"] = {"verb": request.verb, "path": request.path}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
