"""The Pod Security Standards, exact: three levels in every version from v1.0 to the newest, one function a control.

``evaluate`` decides what the API server's PodSecurity plugin would say to the creation of a pod. It reads annotations and spec and nothing else;
exemptions (users, namespaces, runtime classes) stand in the API server's configuration, which no API shows, and are not decided here.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ and ``k8s.io/pod-security-admission/policy``.

>>> from ostiary.model.pods import Container, Pod, PodSpec
>>> pod = Pod(spec=PodSpec(host_network=True, containers=(Container(name="web"),)))
>>> [violation.message for violation in evaluate(pod, Level.BASELINE, NEWEST)]
['host namespaces (hostNetwork=true)']
"""

from ostiary.model.levels import NEWEST, NEWEST_MINOR, Level, Version
from ostiary.model.pods import Pod, PodTemplate
from ostiary.pillars.pods.standards.control import Control, Variant
from ostiary.pillars.pods.standards.posture import Posture
from ostiary.pillars.pods.standards.registry import CONTROLS, checks
from ostiary.pillars.pods.standards.violation import Violation, refusal

__all__ = ["CONTROLS", "Control", "Variant", "Violation", "evaluate", "refusal"]

_CHECKS = {level: tuple(checks(level, minor) for minor in range(NEWEST_MINOR + 1)) for level in Level}


def evaluate(pod: Pod | PodTemplate, level: Level, version: Version = NEWEST) -> tuple[Violation, ...]:
    """Every control of the level that the pod violates, in the API server's order; empty when it would be admitted.

    A version newer than the newest known is read as the newest known, as the API server does; who must not guess asks before.
    """
    wanted = _CHECKS[level][min(version.minor, NEWEST_MINOR)]
    if not wanted:
        return ()
    posture = Posture(pod.metadata.annotations.kept, pod.spec)
    return tuple([found for check in wanted if (found := check(posture)) is not None])
