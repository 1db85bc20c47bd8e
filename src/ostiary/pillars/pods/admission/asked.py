"""What the intent file asks of admission, against what is there: controls that nothing holds, exceptions that excuse nothing.

An exception for a workload that is not there waits for somebody to make a workload of that name; one that its workload does not need
waits for the workload to get worse. Both are rights that nobody uses.
"""

from collections.abc import Iterator

from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.model.world import World
from ostiary.pillars.pods.admission.evaluator import violated
from ostiary.pillars.pods.admission.exceptions import excepted
from ostiary.pillars.pods.admission.learn import intended
from ostiary.pillars.pods.admission.policy import AdmissionPolicy, WorkloadException, checked
from ostiary.pillars.pods.admission.standing import OUTLIVED, Kind, finding
from ostiary.pillars.pods.admission.validating import BINDING, POLICY, name_of
from ostiary.pillars.pods.controls import BY_CODE
from ostiary.pillars.pods.makers import every_maker

NOT_HELD = Kind(
    "POD-228",
    Severity.HIGH,
    "control that the intent file asks for is not held",
    "ostiary prove admission shows what stands in the way; ostiary enforce admission makes the policy",
)
UNMATCHED = Kind(
    "POD-229", Severity.LOW, "exception matches nothing", "remove it from the intent file, or correct namespace, kind and name"
)
NEEDLESS = Kind("POD-230", Severity.LOW, "exception is not needed", "remove the controls from the exception")
EVERY = (NOT_HELD, UNMATCHED, NEEDLESS)


def found(world: World) -> Iterator[Finding]:
    """Findings about the intent file's part on admission; none where it has none. BadInput when it cannot mean what it says."""
    if world.intent.admission is None:
        return
    policy = checked(intended(world))
    yield from _not_held(world, policy)
    for one in policy.exceptions:
        yield from _of_exception(world, policy, one)


def _not_held(world: World, policy: AdmissionPolicy) -> Iterator[Finding]:
    if any(blind.kind in ("", POLICY, BINDING) for blind in world.cluster.blind):
        return
    there = {one.metadata.name for one in world.cluster.validating_admission_policies}
    for code in policy.codes:
        if name_of(code) not in there:
            yield finding(NOT_HELD, Ref(POLICY, "", name_of(code)), f"{code} ({BY_CODE[code].title}), {policy.scope}")


def _of_exception(world: World, policy: AdmissionPolicy, one: WorkloadException) -> Iterator[Finding]:
    subject, who = Ref(one.kind, one.namespace, one.name), f"({one.owner}: {one.reason})"
    if one.expires < world.today:
        yield finding(OUTLIVED, subject, f"its last day was {one.expires.isoformat()} {who}", "ostiary.yaml")
        return
    concerned = [maker for maker in every_maker(world) if excepted(one, maker, world.today)]
    if not concerned:
        yield finding(UNMATCHED, subject, f"nothing of that kind and name is there {who}", "ostiary.yaml")
        return
    used = {code for maker in concerned for code in violated(policy, maker)}
    spare = sorted(set(one.controls) - used)
    if spare:
        yield finding(NEEDLESS, subject, f"it violates no {', '.join(spare)} {who}", "ostiary.yaml")
