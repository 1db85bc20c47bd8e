"""What is claimed of guardrails, in sentences that the verifier writes a second time, and what no source can show about it.

>>> sentence(Guardrail(name="admin", cluster_admin=True))
'Nobody reaches cluster-admin, by any chain of escalations or all together.'
"""

from ostiary.model.rbac_intent import About, Assumed, Guardrail, SubjectKind
from ostiary.model.world import World
from ostiary.pillars.rbac.policy import RbacPolicy, Review
from ostiary.pillars.rbac.proving.replay import reviewed
from ostiary.pillars.rbac.usage import request_of

NOTHING = "Nothing is claimed: there is no guardrail (rbac.guardrails of the intent file) and no proposal."
ASSUMPTIONS = (
    "RBAC and the Node authorizer alone authorize: no authorization webhook or policy file allows more; feature gates are at their defaults",
    "nobody who should not has a credential of Kubernetes' own identities, of the group system:masters or of a node",
    "an identity provider puts nobody who should not into a group that a guardrail allows",
    "no container that runs already escapes to its node, and no application hands out its rights to whoever reaches it",
    "secrets and config maps hold no credentials of this cluster but tokens of service accounts",
    "clients check whom they talk to, so that traffic led elsewhere gives nobody's credentials away",
)
UNSEEN = "what was never seen to be used is not needed; what turns out to be is given back by the plan that is kept for it"
ASSUMED = {
    Assumed.PODS_STAY_INSIDE: "no pod takes over its node (assumed in the intent file; see: ostiary prove pods --closed)",
    Assumed.OPERATORS: "operators do nothing for others that these may not do themselves (assumed in the intent file)",
}


def sentence(guardrail: Guardrail) -> str:
    """One guardrail as a claim."""
    how = "directly, by what bindings give" if guardrail.directly else "by any chain of escalations or all together"
    return f"{_who(guardrail)} {_what(guardrail)}, {how}."


def _who(guardrail: Guardrail) -> str:
    nobody = "Nobody" if guardrail.about is About.EVERYBODY else "No service account"
    but = [
        f"{one.kind} {one.namespace}/{one.name}" if one.kind is SubjectKind.SERVICE_ACCOUNT else f"{one.kind} {one.name}"
        for one in guardrail.only
    ]
    return f"{nobody} but {', '.join(but)}" if but else nobody


def _what(guardrail: Guardrail) -> str:
    if guardrail.cluster_admin:
        return "reaches cluster-admin"
    named = f" named {', '.join(guardrail.names)}" if guardrail.names else ""
    place = (
        " anywhere"
        if guardrail.everywhere
        else f" in {', '.join(guardrail.namespaces)}"
        if guardrail.namespaces
        else " cluster-wide"
    )
    return f"can {', '.join(guardrail.verbs)} {', '.join(guardrail.resources)}{named}{place}"


def proposed(policy: RbacPolicy) -> str:
    """The proposals as a claim; empty where there are none."""
    who = ", ".join(f"{one.subject.kind} {one.subject.name}" for one in policy.tightened)
    doubtful = len(reviewed(policy.tightened))
    but = f", but for {doubtful} put up for review" if doubtful else ""
    return (
        f"No request that was seen to be allowed is denied by the proposed roles{but}, and nobody gets more by them: {who}."
        if who
        else ""
    )


def claim(policy: RbacPolicy) -> str:
    """Everything that is claimed."""
    said = [*filter(None, [proposed(policy)]), *map(sentence, policy.guardrails)]
    return " ".join(said) or NOTHING


def assumptions(world: World, policy: RbacPolicy) -> tuple[str, ...]:
    """What the claims take for granted, and what people chose to."""
    kept = (*ASSUMPTIONS, *(text for one, text in ASSUMED.items() if one in policy.assume)) if policy.guardrails else ()
    if not policy.tightened:
        return kept
    gaps = tuple(
        f"nothing that happened in a gap of the evidence needs a right that is taken: {gap}" for gap in world.evidence.gaps
    )
    return (UNSEEN, *map(_needless, reviewed(policy.tightened)), *gaps, *kept)


def _needless(review: Review) -> str:
    """What a proof takes for granted of a request that was put up for review."""
    usage = review.usage
    seen = f"seen {usage.allowed} time{'s' * (usage.allowed != 1)}, last on {usage.last}"
    return f"{usage.user} does not need to {request_of(usage)} ({seen}: {review.reason})"
