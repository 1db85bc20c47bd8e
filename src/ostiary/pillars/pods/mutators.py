"""What may change a pod between its template and its creation: mutating webhooks and MutatingAdmissionPolicies.

CEL is not evaluated here: a matchCondition may match. A selector that cannot be read may match. So ``may_change`` errs towards yes.

Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ (rules, selectors).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ostiary.model.admission import AdmissionPolicyBinding, MatchResources, OperationRule
from ostiary.model.meta import Ref
from ostiary.model.workloads import LabelRequirement, LabelSelector
from ostiary.model.world import World

Labels = Mapping[str, str]

SECTIONS = ("mutating_webhooks", "mutating_admission_policies", "mutating_admission_policy_bindings")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which pods a mutator may be asked about: every one of ``namespaces`` and ``objects`` must match."""

    ref: Ref
    namespaces: tuple[LabelSelector | None, ...]
    objects: tuple[LabelSelector | None, ...]

    def may_change(self, namespace: Labels, pod: Labels) -> bool:
        """Whether a pod with these labels, in a namespace with those, may be changed on creation."""
        return all(selects(selector, namespace) for selector in self.namespaces) and all(
            selects(selector, pod) for selector in self.objects
        )


def scopes(world: World) -> tuple[Scope, ...]:
    """Everything that may be asked when a pod is created."""
    return (*_webhooks(world), *_policies(world))


def _webhooks(world: World) -> Iterator[Scope]:
    for configuration in world.cluster.mutating_webhooks:
        for hook in configuration.webhooks:
            if any(creates_pods(rule) for rule in hook.rules):
                ref = Ref("MutatingWebhookConfiguration", "", configuration.metadata.name)
                yield Scope(ref, (hook.namespace_selector,), (hook.object_selector,))


def _policies(world: World) -> Iterator[Scope]:
    bindings: dict[str, list[AdmissionPolicyBinding]] = {}
    for binding in world.cluster.mutating_admission_policy_bindings:
        bindings.setdefault(binding.spec.policy_name, []).append(binding)
    for policy in world.cluster.mutating_admission_policies:
        own = policy.spec.match_constraints or MatchResources()
        for binding in bindings.get(policy.metadata.name, ()):
            narrowed = binding.spec.match_resources or MatchResources()
            if _about_pods(own) and (not narrowed.resource_rules or _about_pods(narrowed)):
                ref = Ref("MutatingAdmissionPolicy", "", policy.metadata.name)
                parts = (own, narrowed)
                yield Scope(
                    ref, tuple(part.namespace_selector for part in parts), tuple(part.object_selector for part in parts)
                )


def _about_pods(match: MatchResources) -> bool:
    """Some rule takes in the creation of pods. Exclusions are not subtracted unless they are plain: too wide is safe."""
    excluded = any(creates_pods(rule) and not rule.resource_names for rule in match.exclude_resource_rules)
    return not excluded and any(creates_pods(rule) for rule in match.resource_rules)


def creates_pods(rule: OperationRule) -> bool:
    """Whether a rule takes in the creation of a pod; ``pods/*`` does, for the pod itself counts as an empty subresource."""
    return (
        bool({"CREATE", "*"} & set(rule.operations))
        and bool({"", "*"} & set(rule.api_groups))
        and bool({"v1", "*"} & set(rule.api_versions))
        and bool({"pods", "pods/*", "*", "*/*"} & set(rule.resources))
        and rule.scope != "Cluster"
    )


def selects(selector: LabelSelector | None, labels: Labels) -> bool:
    """Whether a selector of admission matches; there an absent selector matches everything."""
    if selector is None:
        return True
    plain = all(labels.get(key) == value for key, value in selector.match_labels.items())
    return plain and all(_meets(one, labels) for one in selector.match_expressions)


def _meets(one: LabelRequirement, labels: Labels) -> bool:
    if one.operator == "In":
        return labels.get(one.key) in one.values
    if one.operator == "NotIn":
        return labels.get(one.key) not in one.values
    if one.operator == "Exists":
        return one.key in labels
    return one.operator != "DoesNotExist" or one.key not in labels
