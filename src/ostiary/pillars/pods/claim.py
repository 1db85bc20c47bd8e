"""What is claimed of a policy, in one sentence, and what no source can show about it."""

from ostiary.model.world import World
from ostiary.pillars.pods import mutators
from ostiary.pillars.pods.policy import PodPolicy

ASSUMPTIONS = (
    "the API server's PodSecurity admission plugin is on, as it is by default",
    "its configuration exempts no user, namespace or runtime class here",
    "its configured defaults are not stricter than the levels set here",
    "nothing puts pods on a node past the API server: static pods are not judged by it",
)
_MUTATED = "what webhooks and mutating policies did to the pods that run, they do to the next pods of the same owner: "


def claim(policy: PodPolicy) -> str:
    """One sentence; the verifier writes the same one from the same policy and compares."""
    if not policy.levels:
        return "Nothing is claimed: the policy names no namespace."
    levels = ", ".join(f"{namespace} {policy.levels[namespace]}" for namespace in sorted(policy.levels))
    return (
        f"Every pod that runs, and every pod that a template would make, is admitted by the level of its namespace: {levels}."
    )


def assumptions(world: World) -> tuple[str, ...]:
    """What the claim takes for granted, in this World."""
    names = sorted({f"{scope.ref}" for scope in mutators.scopes(world)})
    return (*ASSUMPTIONS, _MUTATED + ", ".join(names)) if names else ASSUMPTIONS
