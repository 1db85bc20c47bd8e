"""Which roles and bindings an API server would refuse to store.

In manifests they may stand all the same; then it is not known what will count: the refused object (nothing), or an older one of that name as
written. A running server may hold such objects from older days, and then they count as they stand: these checks are for files.

Source: ``pkg/apis/rbac/validation/validation.go`` of 1.37, which has read the same since 1.9.

>>> wrong_rule(PolicyRule(api_groups=("",), resources=("pods",)), namespaced=True)
'verbs are missing'
"""

import re

from ostiary.model.rbac import Binding, PolicyRule, Role, Subject
from ostiary.pillars.rbac.selector import wrong_selector

GROUP = "rbac.authorization.k8s.io"
_ACCOUNT_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")


def wrong_role(role: Role, *, namespaced: bool) -> str:
    """Why a Role or ClusterRole would be refused, with the field; empty when it would not."""
    for index, rule in enumerate(role.rules):
        if wrong := wrong_rule(rule, namespaced=namespaced):
            return f"rules[{index}]: {wrong}"
    if namespaced or role.aggregation_rule is None:
        return ""
    selectors = role.aggregation_rule.cluster_role_selectors
    if not selectors:
        return "aggregationRule.clusterRoleSelectors: at least one selector is needed"
    wrong = next(filter(None, map(wrong_selector, selectors)), "")
    return f"aggregationRule.clusterRoleSelectors: {wrong}" if wrong else ""


def wrong_rule(rule: PolicyRule, *, namespaced: bool) -> str:
    """Why a rule would be refused."""
    if not rule.verbs:
        return "verbs are missing"
    if rule.non_resource_urls:
        if namespaced:
            return "a namespaced rule cannot have nonResourceURLs"
        mixed = rule.api_groups or rule.resources or rule.resource_names
        return "a rule cannot have both resources and nonResourceURLs" if mixed else ""
    if not rule.api_groups:
        return 'apiGroups are missing (the core group is "")'
    return "" if rule.resources else "resources are missing"


def wrong_binding(binding: Binding, *, namespaced: bool) -> str:
    """Why a RoleBinding or ClusterRoleBinding would be refused, with the field; empty when it would not."""
    if binding.role_ref.api_group not in ("", GROUP):
        return f"roleRef.apiGroup: {binding.role_ref.api_group!r} is not {GROUP}"
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    if binding.role_ref.kind not in kinds:
        return f"roleRef.kind: {binding.role_ref.kind!r} is not {' or '.join(kinds)}"
    name = binding.role_ref.name
    if name in ("", ".", "..") or "/" in name or "%" in name:
        return f"roleRef.name: {name!r} is not the name of a role"
    for index, subject in enumerate(binding.subjects):
        if wrong := wrong_subject(subject, namespaced=namespaced):
            return f"subjects[{index}]: {wrong}"
    return ""


def wrong_subject(subject: Subject, *, namespaced: bool) -> str:
    """Why a subject would be refused."""
    if not subject.name:
        return "name is missing"
    match subject.kind:
        case "User" | "Group":
            return "" if subject.api_group in ("", GROUP) else f"apiGroup {subject.api_group!r} is not {GROUP}"
        case "ServiceAccount":
            if not _ACCOUNT_NAME.fullmatch(subject.name):
                return f"{subject.name!r} cannot be the name of a service account"
            if subject.api_group:
                return f"apiGroup {subject.api_group!r} is not empty"
            return "" if namespaced or subject.namespace else "namespace is missing"
        case _:
            return f"kind {subject.kind!r} is not User, Group or ServiceAccount"
