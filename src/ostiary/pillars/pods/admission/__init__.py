"""Admission without webhooks: controls as policies that the API server itself holds, and a look at the webhooks that are there.

>>> from ostiary.pillars.pods.admission import AdmissionPolicy, policies
>>> [one["kind"] for one in policies(AdmissionPolicy(controls=("POD-127",), namespaces=("shop",)))]
['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']
"""

from ostiary.pillars.pods.admission.changes import STAGES, changes
from ostiary.pillars.pods.admission.check import check
from ostiary.pillars.pods.admission.evaluator import violated, would_refuse
from ostiary.pillars.pods.admission.found import found
from ostiary.pillars.pods.admission.learn import intended, learn
from ostiary.pillars.pods.admission.mutating import defaulting
from ostiary.pillars.pods.admission.policy import WORST, AdmissionPolicy, WorkloadException
from ostiary.pillars.pods.admission.premises import premises, premises_of
from ostiary.pillars.pods.admission.proposal import Proposal
from ostiary.pillars.pods.admission.prove import enforce, prove
from ostiary.pillars.pods.admission.static_files import proved_files, static_files
from ostiary.pillars.pods.admission.trials import trials
from ostiary.pillars.pods.admission.unread import unseen
from ostiary.pillars.pods.admission.validating import policies

__all__ = [
    "STAGES",
    "WORST",
    "AdmissionPolicy",
    "Proposal",
    "WorkloadException",
    "changes",
    "check",
    "defaulting",
    "enforce",
    "found",
    "intended",
    "learn",
    "policies",
    "premises",
    "premises_of",
    "prove",
    "proved_files",
    "static_files",
    "trials",
    "unseen",
    "violated",
    "would_refuse",
]
