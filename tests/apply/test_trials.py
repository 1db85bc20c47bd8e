"""What an answer to a trial shows."""

from typing import Any

import pytest

from ostiary.apply.api import Answer, Rejected, Stored
from ostiary.apply.outcome import Shown
from ostiary.apply.trials import shown
from ostiary.model.plan import Target, Trial

REVIEW = Target(api_version="authorization.k8s.io/v1", kind="SubjectAccessReview", resource="subjectaccessreviews", name="ann")


def review(*, allowed: bool) -> Trial:
    answer = {"status": {"allowed": allowed}}
    return Trial(stage="s", sentence="", target=REVIEW, body={}, admitted=True, answer=answer)


def said(status: Any) -> Stored:
    return Stored({"kind": "SubjectAccessReview", "status": status}, ())


@pytest.mark.parametrize(
    ("trial", "answer", "expected"),
    [
        (review(allowed=True), said({"allowed": True, "reason": "RBAC"}), Shown.HOLDS),
        (review(allowed=True), said({"allowed": False}), Shown.CONTRADICTS),
        (review(allowed=False), said({"allowed": False, "denied": True}), Shown.HOLDS),
        (review(allowed=False), said({"allowed": True}), Shown.CONTRADICTS),
        (review(allowed=False), said({}), Shown.CONTRADICTS),  # no answer is no "no"
        (review(allowed=False), Rejected(403, "Forbidden", "may not create subjectaccessreviews"), Shown.INCONCLUSIVE),
        (review(allowed=True), Rejected(500, "", ""), Shown.INCONCLUSIVE),
    ],
)
def test_a_question_is_shown_by_its_answer(trial: Trial, answer: Answer, expected: Shown) -> None:
    assert shown(trial, answer) is expected
