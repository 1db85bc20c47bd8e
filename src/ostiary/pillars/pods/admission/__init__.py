"""Admission without webhooks: controls as policies that the API server itself holds, and a look at the webhooks that are there.

>>> from ostiary.pillars.pods.admission import AdmissionPolicy, policies
>>> [one["kind"] for one in policies(AdmissionPolicy(controls=("POD-127",), namespaces=("shop",)))]
['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']
"""

from ostiary.pillars.pods.admission.changes import STAGES, changes
from ostiary.pillars.pods.admission.evaluator import violated, would_refuse
from ostiary.pillars.pods.admission.found import found
from ostiary.pillars.pods.admission.mutating import defaulting
from ostiary.pillars.pods.admission.policy import WORST, AdmissionPolicy, WorkloadException
from ostiary.pillars.pods.admission.prove import Proposal, enforce, prove
from ostiary.pillars.pods.admission.static_files import static_files
from ostiary.pillars.pods.admission.trials import trials
from ostiary.pillars.pods.admission.validating import policies

__all__ = [
    "STAGES",
    "WORST",
    "AdmissionPolicy",
    "Proposal",
    "WorkloadException",
    "changes",
    "defaulting",
    "enforce",
    "found",
    "policies",
    "prove",
    "static_files",
    "trials",
    "violated",
    "would_refuse",
]
