"""What a proof about admission policies is of: the policy, and what it takes to enforce it in the World that was proved."""

from ostiary.model.plan import Change, Trial
from ostiary.model.value import Value
from ostiary.pillars.pods.admission.policy import AdmissionPolicy


class Proposal(Value, frozen=True, kw_only=True):
    """A policy with what it takes, in one World, to enforce it."""

    policy: AdmissionPolicy
    changes: tuple[Change, ...]
    trials: tuple[Trial, ...]
