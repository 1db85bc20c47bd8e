"""Two pods for each namespace, to try on the API server by dry-run: one that the level must refuse, and one that it must admit.

A refusal for another reason than Pod Security (a quota, no service account) shows nothing about the level: ``because`` is the text that tells.
"""

from collections.abc import Iterator
from typing import Any

from ostiary.model.levels import Level
from ostiary.model.plan import Target, Trial
from ostiary.pillars.pods.policy import LevelVersion

_NAME = "ostiary-trial"


def trials(stage: str, namespace: str, level: LevelVersion) -> Iterator[Trial]:
    """What must be refused and what must be admitted once the level is enforced there."""
    target = Target(api_version="v1", kind="Pod", resource="pods", namespace=namespace, name=_NAME)
    violates = f'violates PodSecurity "{level}"'
    if level.level is not Level.PRIVILEGED:
        refused, how = _refused(level.level)
        yield Trial(
            stage=stage,
            sentence=f"Namespace {namespace}: a pod that {how} is refused",
            target=target,
            body=_pod(namespace, **refused),
            admitted=False,
            because=violates,
        )
    yield Trial(
        stage=stage,
        sentence=f"Namespace {namespace}: a pod that satisfies restricted is admitted",
        target=target,
        body=_pod(namespace),
        admitted=True,
        because=violates,
    )


def _refused(level: Level) -> tuple[dict[str, Any], str]:
    """One control short of what the level admits."""
    if level is Level.BASELINE:
        return {"hostPID": True}, "shares the node's processes (hostPID)"
    return {"escalation": True}, "may gain privileges (allowPrivilegeEscalation)"


def _pod(namespace: str, *, escalation: bool = False, **spec: Any) -> dict[str, Any]:
    """A pod that satisfies restricted, but for what is said."""
    context = {"allowPrivilegeEscalation": escalation, "capabilities": {"drop": ["ALL"]}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _NAME, "namespace": namespace},
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "trial", "image": "ostiary.dev/trial:none", "securityContext": context}],
            **spec,
        },
    }
