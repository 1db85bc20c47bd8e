"""Generated clusters on a real API server, and a hundred thousand access reviews: no answer may differ.

Each cluster is judged twice. As read back from the server (every role and binding there is), every answer must be the
server's. As manifests (the generated ones alone, aggregation computed), every answer must be the server's wherever the roles
of the server itself do not already allow. ``OSTIARY_JUDGE_DECISIONS=1000000`` is the long mode; ``OSTIARY_JUDGE_SEED`` begins
elsewhere.
"""

import os
from random import Random
from typing import Any

import pytest
from tests.judges.rbac.api import LABEL, ApiServer, Question, Reviewed
from tests.pillars.rbac import clusters

from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.decision import Decision

pytestmark = pytest.mark.judge("rbac-generated")
DECISIONS = int(os.environ.get("OSTIARY_JUDGE_DECISIONS", "100000"))
SEED = int(os.environ.get("OSTIARY_JUDGE_SEED", "1"))
EACH = 8_000
VERSION = "v1.37.2"
SIZES = ((4, 6, 1), (8, 12, 2), (15, 30, 4))  # roles and bindings of each kind, aggregated roles


@pytest.mark.parametrize("number", range(-(-DECISIONS // EACH)))
def test_no_disagreement(api: ApiServer, number: int) -> None:
    random = Random(SEED * 1_000_003 + number)
    roles, bindings, aggregating = SIZES[number % len(SIZES)]
    objects = clusters.rbac(random, roles=roles, bindings=bindings, aggregating=aggregating)
    for namespace in clusters.NAMESPACES:
        api.namespace(namespace)
    api.clear()
    api.create(objects)
    api.settle(clusters.NAMESPACES[0], aggregation=True)
    live = [{**item, "kind": kind} for kind, items in api.rbac().items() for item in items]
    questions = clusters.questions(random, objects, EACH)
    answers = api.review(questions)
    allowed = sum(answer.allowed for answer in answers)
    assert EACH // 50 < allowed < EACH - EACH // 50, "a cluster of which nothing can be learned"
    assert differing(Authorizer(clusters.typed(live, server_version=VERSION)), questions, answers) == []
    own = Authorizer(clusters.typed([item for item in live if not ours(item)], server_version=VERSION))
    left = [(asked, said) for asked, said in zip(questions, answers, strict=True) if not own.decide(*asked).allowed]
    assert differing(Authorizer(clusters.typed(objects)), [asked for asked, _ in left], [said for _, said in left]) == []


def ours(item: dict[str, Any]) -> bool:
    """Whether the judge made this object."""
    return LABEL in (item["metadata"].get("labels") or {})


def differing(authorizer: Authorizer, questions: list[Question], answers: list[Reviewed]) -> list[str]:
    """Every question on which ostiary and the API server differ. Nobody denies here, and nothing is hidden."""
    found = []
    for (identity, request), said in zip(questions, answers, strict=True):
        decided = authorizer.decide(identity, request)
        expected = Decision.ALLOW if said.allowed else Decision.DENY if said.denied else Decision.NO_OPINION
        circular = decided.decision is Decision.UNKNOWN and any("circle" in str(doubt) for doubt in decided.doubts)
        if decided.decision is not expected and not circular:
            found.append(
                f"{identity}: {request}: API server {expected} ({said.reason}), ostiary {decided.decision} ({decided.reason})"
            )
    return found
