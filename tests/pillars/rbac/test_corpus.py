"""The corpus without an API server: the verdicts that the judge confirms, from the manifests alone."""

import pytest
from tests.judges.rbac.cases import CORPUS, Case, cases

from ostiary.adapters.manifests.directory import read_directory
from ostiary.pillars.rbac.authorizer import Authorizer

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_verdicts(case: Case) -> None:
    authorizer = Authorizer(read_directory(case.directory, bytes(32), lambda _: None))
    for identity, request, answer in case.questions:
        decided = authorizer.decide(identity, request)
        assert str(decided.decision) == answer, (case.pitfall, str(identity), str(request), decided)


def test_there_are_enough_and_both_ways() -> None:
    answers = [answer for case in CASES for _, _, answer in case.questions]
    assert len(CASES) >= 100
    assert min(answers.count("allow"), answers.count("no-opinion")) > 200
    assert len({case.pitfall for case in CASES}) == len(CASES)
    assert len(list(CORPUS.iterdir())) == len(CASES)
