"""Webhooks that are there (Kyverno, Gatekeeper and others): what they let by when they fail, and what they never see.

ostiary installs none: a webhook stands in the path of every request, and either it fails open, or it fails with the cluster. Decided from the
configurations alone: what a policy engine does with what it is asked is its own affair. CEL matchConditions are not evaluated: they may let requests by.

Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ostiary.model.admission import OperationRule, Webhook
from ostiary.model.finding import Finding, Severity
from ostiary.model.meta import Ref
from ostiary.model.world import World
from ostiary.pillars.pods.admission.policy import LEFT_OUT
from ostiary.pillars.pods.admission.scope import NAME_LABEL
from ostiary.pillars.pods.mutators import selects

PAGE = "https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/"
NATIVE = "a ValidatingAdmissionPolicy of ostiary holds the controls of docs/pod-controls.md without a webhook"
LONGEST = 10  # seconds: the default
WORKLOADS = frozenset(("deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs"))
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """One webhook, its configuration, and the World that it stands in."""

    world: World
    ref: Ref
    hook: Webhook
    mutating: bool

    def sees(self, resource: str, operation: str) -> bool:
        """Whether some rule takes in that operation on a resource or ``resource/subresource`` of core/v1."""
        return any(takes_in(rule, resource, operation) for rule in self.hook.rules)


@dataclass(frozen=True, slots=True)
class Weakness:
    """One thing that can be wrong with a webhook about pods. The function answers with the reason, empty when it does not apply."""

    code: str
    severity: Severity
    title: str
    fix: str
    reason: Callable[[Asked], str]


def takes_in(rule: OperationRule, resource: str, operation: str) -> bool:
    """``*`` is every resource without subresources, ``*/*`` everything, ``pods/*`` pods and all their subresources, ``*/scale`` that of every resource."""
    plain, _, sub = resource.partition("/")
    wanted = {resource, "*/*", f"{plain}/*"} | ({f"*/{sub}"} if sub else {"*"})
    return (
        bool({operation, "*"} & set(rule.operations))
        and bool({"", "*"} & set(rule.api_groups))
        and bool({"v1", "*"} & set(rule.api_versions))
        and bool(wanted & set(rule.resources))
        and rule.scope != "Cluster"
        and not rule.resource_names
    )


def _fails_open(asked: Asked) -> str:
    if asked.hook.failure_policy == "Ignore":
        return f"{_what(asked)} when it does not answer: whoever can slow it down or stop it gets any pod in"
    return ""


def _what(asked: Asked) -> str:
    return "changes nothing" if asked.mutating else "admits everything"


def _blind_to_debuggers(asked: Asked) -> str:
    if asked.mutating or asked.sees("pods/ephemeralcontainers", "UPDATE"):
        return ""
    return "is not asked about pods/ephemeralcontainers: a debug container may be anything"


def _blind_to_updates(asked: Asked) -> str:
    if asked.mutating or asked.sees("pods", "UPDATE"):
        return ""
    return "is asked when a pod is created and not when its image is changed"


def _exempt_namespaces(asked: Asked) -> str:
    selector = asked.hook.namespace_selector
    exempt = [
        one.metadata.name
        for one in asked.world.cluster.namespaces
        if one.metadata.name not in LEFT_OUT and not selects(selector, {NAME_LABEL: one.metadata.name, **one.metadata.labels})
    ]
    return f"does not look at {_some(exempt)}" if exempt else ""


def _exempt_by_label(asked: Asked) -> str:
    selector = asked.hook.namespace_selector
    keys = sorted({*selector.match_labels, *(one.key for one in selector.match_expressions)} - {NAME_LABEL}) if selector else []
    return f"goes by {_some(keys)}: whoever may label a namespace takes it out" if keys else ""


def _exempt_by_own_label(asked: Asked) -> str:
    selector = asked.hook.object_selector
    keys = sorted({*selector.match_labels, *(one.key for one in selector.match_expressions)}) if selector else []
    return f"goes by {_some(keys)} of the pod: whoever makes the pod chooses whether it is looked at" if keys else ""


def _conditions(asked: Asked) -> str:
    names = [one.name or "unnamed" for one in asked.hook.match_conditions]
    return f"is asked only where {_some(names)} holds" if names else ""


def _deadlock(asked: Asked) -> str:
    service = asked.hook.client_config.service
    if service is None or asked.hook.failure_policy != "Fail":
        return ""
    labels = next((one.metadata.labels for one in asked.world.cluster.namespaces if one.metadata.name == service.namespace), {})
    if not selects(asked.hook.namespace_selector, {NAME_LABEL: service.namespace, **labels}):
        return ""
    return (
        f"has to admit the pods of its own Service {service.namespace}/{service.name}: once they are gone they cannot come back"
    )


def _no_backend(asked: Asked) -> str:
    service, cluster = asked.hook.client_config.service, asked.world.cluster
    if service is None or not cluster.server_version or any(blind.kind in ("", "Service") for blind in cluster.blind):
        return ""
    there = any((one.metadata.namespace, one.metadata.name) == (service.namespace, service.name) for one in cluster.services)
    does = "every pod is refused" if asked.hook.failure_policy == "Fail" else "nothing is looked at"
    return "" if there else f"Service {service.namespace}/{service.name} is not there: {does}"


def _slow(asked: Asked) -> str:
    seconds = asked.hook.timeout_seconds or LONGEST
    return f"may take {seconds} seconds of every request" if seconds > LONGEST else ""


def _outside(asked: Asked) -> str:
    url = asked.hook.client_config.url
    return f"sends every pod that is created to {url}" if url else ""


def _only_workloads(asked: Asked) -> str:
    seen = {resource.partition("/")[0] for rule in asked.hook.rules for resource in rule.resources}
    if asked.sees("pods", "CREATE") or asked.mutating or not seen & WORKLOADS:
        return ""
    return "looks at workloads and not at pods: a pod made by hand, or by an operator, is not looked at"


FAILS_OPEN = Weakness(
    "POD-201",
    Severity.HIGH,
    "webhook about pods fails open",
    f"failurePolicy: Fail, with replicas enough; or none: {NATIVE}",
    _fails_open,
)
WEAKNESSES: tuple[Weakness, ...] = (
    FAILS_OPEN,
    Weakness(
        "POD-202",
        Severity.HIGH,
        "webhook does not see debug containers",
        "add pods/ephemeralcontainers with operation UPDATE to its rules",
        _blind_to_debuggers,
    ),
    Weakness(
        "POD-203", Severity.MEDIUM, "webhook does not see updates of pods", "add operation UPDATE for pods", _blind_to_updates
    ),
    Weakness(
        "POD-204",
        Severity.MEDIUM,
        "webhook leaves namespaces out",
        "name the namespaces that may be left out",
        _exempt_namespaces,
    ),
    Weakness(
        "POD-205",
        Severity.MEDIUM,
        "webhook's namespaces are chosen by a label that can be changed",
        f"select by {NAME_LABEL}, which nobody can change",
        _exempt_by_label,
    ),
    Weakness(
        "POD-206", Severity.HIGH, "pods choose whether the webhook sees them", "remove objectSelector", _exempt_by_own_label
    ),
    Weakness("POD-207", Severity.INFO, "webhook is asked under conditions", "read its matchConditions", _conditions),
    Weakness(
        "POD-208",
        Severity.HIGH,
        "webhook has to admit its own pods",
        f"leave its namespace out by {NAME_LABEL}, and protect that namespace by Pod Security labels",
        _deadlock,
    ),
    Weakness(
        "POD-209",
        Severity.HIGH,
        "webhook without its Service",
        "delete the configuration, or bring the Service back",
        _no_backend,
    ),
    Weakness("POD-210", Severity.LOW, "slow webhook", f"timeoutSeconds of {LONGEST} or less", _slow),
    Weakness("POD-211", Severity.MEDIUM, "webhook outside of the cluster", "call a Service of the cluster", _outside),
)
ONLY_WORKLOADS = Weakness(
    "POD-212",
    Severity.MEDIUM,
    "webhook sees workloads and no pods",
    f"add pods to its rules; or none: {NATIVE}",
    _only_workloads,
)
EVERY = (*WEAKNESSES, ONLY_WORKLOADS)


def found(world: World) -> Iterator[Finding]:
    """Every weakness of every webhook that is asked about pods or what makes them."""
    for asked in _asked(world):
        for weakness in WEAKNESSES if asked.sees("pods", "CREATE") else (ONLY_WORKLOADS,):
            reason = weakness.reason(asked)
            if reason:
                yield Finding(
                    code=weakness.code,
                    severity=weakness.severity,
                    subject=asked.ref,
                    reason=f"{engine(asked.ref.name)}{weakness.title}: {asked.hook.name} {reason}",
                    witness=f"webhooks[{asked.hook.name}]",
                    fix=weakness.fix,
                    references=(PAGE,),
                )


def _asked(world: World) -> Iterator[Asked]:
    for kind, section, mutating in (
        ("ValidatingWebhookConfiguration", world.cluster.validating_webhooks, False),
        ("MutatingWebhookConfiguration", world.cluster.mutating_webhooks, True),
    ):
        for configuration in section:
            for hook in configuration.webhooks:
                yield Asked(world, Ref(kind, "", configuration.metadata.name), hook, mutating)


def engine(name: str) -> str:
    """The policy engine that a configuration is of, by the name that it gives it."""
    known = (("kyverno", "Kyverno: "), ("gatekeeper", "Gatekeeper: "), ("kubewarden", "Kubewarden: "), ("polaris", "Polaris: "))
    return next((said for part, said in known if part in name), "")


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
