"""Trying what a plan was proved to do: dry-run creates, answered by the real API server after the change.

A trial that must be refused is shown by a refusal that says ``because``; one that must be admitted, by being admitted. When the API server refuses
for another reason (a quota, a missing service account, no right to create pods), the trial shows nothing: inconclusive, which is not green.

A trial with an ``answer`` asks the server a question, an access review say: it is shown by that answer, and a refusal to answer shows nothing.
"""

import asyncio
import time

from ostiary.apply.api import Answer, Api, Stored
from ostiary.apply.fields import differences, holds
from ostiary.apply.outcome import Shown, TrialOutcome, trial_outcome
from ostiary.model.plan import Plan, Trial

PATIENCE = (
    10.0  # seconds until a trial must come out: admission reads namespaces and policies from caches that follow a moment later
)
_PAUSE = 0.1


async def try_stage(plan: Plan, stage: str, api: Api, *, patience: float = PATIENCE) -> tuple[TrialOutcome, ...]:
    """Every trial of a stage, in order; one that comes out wrong is tried again until ``patience`` seconds have passed in all."""
    until = time.monotonic() + patience
    return tuple([await _try(number, trial, api, until) for number, trial in enumerate(plan.trials) if trial.stage == stage])


async def _try(number: int, trial: Trial, api: Api, until: float) -> TrialOutcome:
    while True:
        answer = await api.create(trial.target, trial.body, dry_run=True)
        result = shown(trial, answer)
        if result is not Shown.CONTRADICTS or time.monotonic() > until:
            return trial_outcome(number, trial, result, _said(trial, answer))
        await asyncio.sleep(_PAUSE)


def _said(trial: Trial, answer: Answer) -> str:
    if not isinstance(answer, Stored):
        return str(answer)
    if not trial.answer:
        return "admitted"
    otherwise = "; ".join(map(str, differences(answer.object, trial.answer)))
    return otherwise or "as expected"


def shown(trial: Trial, answer: Answer) -> Shown:
    """What an answer shows. With no ``because``, any refusal is the refusal that is meant."""
    if trial.answer:
        return _answered(trial, answer)
    if isinstance(answer, Stored):
        return Shown.HOLDS if trial.admitted else Shown.CONTRADICTS
    if trial.because not in answer.message:
        return Shown.INCONCLUSIVE
    return Shown.CONTRADICTS if trial.admitted else Shown.HOLDS


def _answered(trial: Trial, answer: Answer) -> Shown:
    if not isinstance(answer, Stored):
        return Shown.INCONCLUSIVE
    return Shown.HOLDS if holds(answer.object, trial.answer) else Shown.CONTRADICTS
