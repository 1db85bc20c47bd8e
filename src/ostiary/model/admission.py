"""``admissionregistration.k8s.io``: who may still say no, or change an object, before it is stored."""

from msgspec import field

from ostiary.model.meta import Meta
from ostiary.model.value import Present, Value, always
from ostiary.model.workloads import LabelSelector


class OperationRule(Value, frozen=True, kw_only=True):
    """Which requests: operations on resources of groups and versions."""

    operations: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    api_versions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    scope: str = always("*")


class Expression(Value, frozen=True, kw_only=True):
    """A CEL expression: of a match condition or a variable with its name, of a validation with its message."""

    name: str = ""
    expression: str = ""
    message: str = ""
    reason: str = ""


class MatchResources(Value, frozen=True, kw_only=True):
    """Which objects a policy or binding is about."""

    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    resource_rules: tuple[OperationRule, ...] = ()
    exclude_resource_rules: tuple[OperationRule, ...] = ()
    match_policy: str = always("Equivalent")


class ParamKind(Value, frozen=True, kw_only=True):
    """The kind of a policy's parameters."""

    api_version: str = ""
    kind: str = ""


class AdmissionPolicySpec(Value, frozen=True, kw_only=True):
    """ValidatingAdmissionPolicySpec and MutatingAdmissionPolicySpec."""

    param_kind: ParamKind | None = None
    match_constraints: MatchResources | None = None
    match_conditions: tuple[Expression, ...] = ()
    variables: tuple[Expression, ...] = ()
    validations: tuple[Expression, ...] = ()
    mutations: tuple[Present, ...] = ()
    failure_policy: str = always("Fail")


class AdmissionPolicy(Value, frozen=True, kw_only=True):
    """ValidatingAdmissionPolicy or MutatingAdmissionPolicy."""

    metadata: Meta = always(Meta())
    spec: AdmissionPolicySpec = always(AdmissionPolicySpec())


class ParamRef(Value, frozen=True, kw_only=True):
    """Where a binding's parameters are."""

    name: str = ""
    namespace: str = ""
    selector: LabelSelector | None = None
    parameter_not_found_action: str = ""


class AdmissionPolicyBindingSpec(Value, frozen=True, kw_only=True):
    """What makes a policy count."""

    policy_name: str = ""
    param_ref: ParamRef | None = None
    match_resources: MatchResources | None = None
    validation_actions: tuple[str, ...] = ()


class AdmissionPolicyBinding(Value, frozen=True, kw_only=True):
    """ValidatingAdmissionPolicyBinding or MutatingAdmissionPolicyBinding."""

    metadata: Meta = always(Meta())
    spec: AdmissionPolicyBindingSpec = always(AdmissionPolicyBindingSpec())


class WebhookService(Value, frozen=True, kw_only=True):
    """The Service that answers."""

    namespace: str = ""
    name: str = ""


class WebhookClient(Value, frozen=True, kw_only=True):
    """Where a webhook is called."""

    url: str | None = None
    service: WebhookService | None = None


class Webhook(Value, frozen=True, kw_only=True):
    """One webhook of a configuration."""

    name: str = ""
    client_config: WebhookClient = always(WebhookClient())
    rules: tuple[OperationRule, ...] = ()
    failure_policy: str = always("Fail")
    match_policy: str = always("Equivalent")
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    match_conditions: tuple[Expression, ...] = ()
    timeout_seconds: int | None = None


class WebhookConfiguration(Value, frozen=True, kw_only=True):
    """ValidatingWebhookConfiguration or MutatingWebhookConfiguration."""

    metadata: Meta = always(Meta())
    webhooks: tuple[Webhook, ...] = field(default_factory=tuple)
