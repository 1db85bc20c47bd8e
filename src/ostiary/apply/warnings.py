"""API warnings that contradict a proof.

When an ``enforce`` label is set, the Pod Security admission plugin looks at pods that exist and warns of those that the level would refuse. A plan
was proved to refuse none of them: such a warning says that the proof, or what it assumed, is wrong.

Source: k8s.io/pod-security-admission, admission/admission.go, EvaluatePodsInNamespace.

>>> contradicts('existing pods in namespace "shop" violate the new PodSecurity enforce level "restricted:v1.37"')
True
>>> contradicts("new PodSecurity enforce level only checked against the first 3000 of 5000 existing pods")
False
"""

import re

_VIOLATE = re.compile(r"existing pods in namespace .* violate the new PodSecurity enforce level")


def contradicts(warning: str) -> bool:
    """Whether the API server says that what runs would be refused."""
    return _VIOLATE.search(warning) is not None
