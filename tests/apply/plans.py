"""Plans for the tests: labels on namespaces in two stages, and a plan with every action."""

from typing import Any

from ostiary.model.meta import Ref
from ostiary.model.plan import Action, Change, Plan, Target, Trial

PREFIX = "pod-security.kubernetes.io/"


def namespace(name: str) -> Target:
    return Target(api_version="v1", kind="Namespace", resource="namespaces", name=name)


def pod(name: str, space: str) -> Target:
    return Target(api_version="v1", kind="Pod", resource="pods", namespace=space, name=name)


def role(name: str, space: str) -> Target:
    return Target(api_version="rbac.authorization.k8s.io/v1", kind="Role", resource="roles", namespace=space, name=name)


def labels(**values: str | None) -> dict[str, Any]:
    return {"metadata": {"labels": {PREFIX + key: value for key, value in values.items()}}}


def label(stage: str, name: str, key: str, old: str | None, new: str | None) -> Change:
    return Change(
        stage=stage,
        action=Action.PATCH,
        target=namespace(name),
        before=labels(**{key: old}),
        after=labels(**{key: new}),
        sentence=f"Namespace {name}: {key} {new}",
    )


def staged(*names: str, trials: tuple[Trial, ...] = (), premises: dict[str, Ref] | None = None) -> Plan:
    """warn, then enforce, on each namespace."""
    return Plan(
        pillar="pods",
        world="0" * 64,
        claim="what runs is admitted",
        stages=("observe", "enforce"),
        changes=(
            *(label("observe", name, "warn", None, "baseline") for name in names),
            *(label("enforce", name, "enforce", "privileged", "baseline") for name in names),
        ),
        trials=trials,
        premises=premises or {},
        assumptions=("PodSecurity is on",),
    )


def rules(*verbs: str) -> list[dict[str, Any]]:
    return [{"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}]


def role_object(name: str, space: str, *verbs: str) -> dict[str, Any]:
    target = role(name, space)
    return {
        "apiVersion": target.api_version,
        "kind": "Role",
        "metadata": {"name": name, "namespace": space},
        "rules": rules(*verbs),
    }


def every_action() -> Plan:
    """Create a role, patch a namespace twice, delete a role."""
    return Plan(
        pillar="pods",
        world="0" * 64,
        claim="roles are least",
        stages=("one", "two"),
        changes=(
            Change(
                stage="one",
                action=Action.CREATE,
                target=role("reader", "shop"),
                after=role_object("reader", "shop", "get"),
                sentence="Role shop/reader: may read pods",
            ),
            label("one", "shop", "warn", None, "baseline"),
            label("two", "shop", "warn", "baseline", "restricted"),
            Change(
                stage="two",
                action=Action.DELETE,
                target=role("writer", "shop"),
                before=role_object("writer", "shop", "create"),
                sentence="Role shop/writer: nobody uses it",
            ),
        ),
    )


def shop(*names: str) -> tuple[tuple[Target, dict[str, Any]], ...]:
    """Namespaces that declare ``privileged``, and a role to delete."""
    spaces = [(namespace(name), {"metadata": {"labels": {PREFIX + "enforce": "privileged", "team": "a"}}}) for name in names]
    return (*spaces, (role("writer", "shop"), role_object("writer", "shop", "create")))


def refusal(name: str, space: str, *, admitted: bool = False, because: str = "violates PodSecurity") -> Trial:
    return Trial(
        stage="enforce",
        sentence=f"a privileged pod in {space} is refused",
        target=pod(name, space),
        body={"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": space}},
        admitted=admitted,
        because=because,
    )
