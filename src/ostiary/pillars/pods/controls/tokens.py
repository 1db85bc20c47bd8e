"""Controls about tokens of service accounts: who has one, what for, for whom and for how long.

The API server itself mounts a token unless the pod, or else its service account, says not to; the pod's word counts first.
Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
"""

from collections.abc import Iterator

from ostiary.model.finding import Severity
from ostiary.model.pods import ServiceAccountTokenProjection
from ostiary.pillars.pods.controls.case import Case
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import NSA_TOKENS, cis, k8s

ACCOUNTS_PAGE = k8s("tasks/configure-pod-container/configure-service-account/")
DAY = 86400
_SOURCES = "has(v.projected) && v.projected.?sources.orValue([]).exists(p, has(p.serviceAccountToken) && {})"


def _projected(case: Case) -> Iterator[tuple[str, ServiceAccountTokenProjection]]:
    for i, volume in enumerate(case.spec.volumes):
        for j, source in enumerate(volume.projected.sources if volume.projected else ()):
            if source.service_account_token is not None:
                yield f"spec.volumes[{i}].projected.sources[{j}].serviceAccountToken", source.service_account_token


def _default_account(case: Case) -> Iterator[Violation]:
    if case.spec.service_account == "default" and not case.mirror:
        yield Violation("spec.serviceAccountName", "default")


DEFAULT_ACCOUNT = Control(
    code="POD-107",
    title="runs as the namespace's default service account",
    severity=Severity.LOW,
    sources=(cis("5.1.5"), NSA_TOKENS),
    rationale="A right given to one such pod is given to every pod that says nothing, and nobody can tell them apart in the audit log.",
    fix="make a service account for this workload and name it in serviceAccountName",
    violations=_default_account,
    cel=Cel.of_pod("s.?serviceAccountName.orValue('default') == 'default'"),
)


def _mounted_by_default(case: Case) -> Iterator[Violation]:
    account = case.around.account(case.namespace, case.spec.service_account)
    said = case.spec.automount_service_account_token is not None
    decided = account is not None and account.automount_service_account_token is not None
    if not (said or decided or case.mirror):
        yield Violation("spec.automountServiceAccountToken", "said by neither the pod nor its service account")


MOUNTED_BY_DEFAULT = Control(
    code="POD-108",
    title="has a token because nobody said otherwise",
    severity=Severity.LOW,
    sources=(cis("5.1.6"), NSA_TOKENS),
    rationale="Most workloads never speak to the API server; for whoever breaks into them the token is the first thing to take.",
    fix="set automountServiceAccountToken: false, or true where the workload calls the API server",
    violations=_mounted_by_default,
)


def _needless(case: Case) -> Iterator[Violation]:
    account = (case.namespace, case.spec.service_account)
    if case.around.bindings_seen and case.automounts and not case.mirror and account not in case.around.bound:
        yield Violation("spec.automountServiceAccountToken", f"no binding names service account {case.spec.service_account}")


NEEDLESS_TOKEN = Control(
    code="POD-109",
    title="has a token that no binding gives a right to",
    severity=Severity.MEDIUM,
    sources=(cis("5.1.6"), NSA_TOKENS),
    rationale="The token lets the workload do nothing that it needs, yet it opens discovery and whatever is bound to all service accounts.",
    fix="set automountServiceAccountToken: false",
    violations=_needless,
)


def _overrides_account(case: Case) -> Iterator[Violation]:
    account = case.around.account(case.namespace, case.spec.service_account)
    refused = account is not None and account.automount_service_account_token is False
    if refused and case.spec.automount_service_account_token is True:
        yield Violation(
            "spec.automountServiceAccountToken", f"true, though ServiceAccount {case.spec.service_account} says false"
        )


OVERRIDES_ACCOUNT = Control(
    code="POD-110",
    title="takes a token that its service account refuses",
    severity=Severity.LOW,
    sources=(ACCOUNTS_PAGE,),
    rationale="Somebody decided that this account's pods get no token; the pod's own word goes over that decision.",
    fix="remove the field, or decide it for the service account",
    violations=_overrides_account,
)


def _by_hand(case: Case) -> Iterator[Violation]:
    if case.automounts:
        return
    for path, token in _projected(case):
        if not token.audience:
            yield Violation(path, "a token for the API server, though automounting is off")


MOUNTED_BY_HAND = Control(
    code="POD-111",
    title="mounts a token by hand although automounting is off",
    severity=Severity.INFO,
    sources=(ACCOUNTS_PAGE,),
    rationale="A look at automountServiceAccountToken says that there is no token, and there is one.",
    fix="if it is meant so, say why beside it; otherwise remove the projection",
    violations=_by_hand,
    cel=Cel.of_volume(
        "s.?automountServiceAccountToken.orValue(true) == false && "
        + _SOURCES.format("p.serviceAccountToken.?audience.orValue('') == ''")
    ),
)


def _secrets_used(case: Case) -> Iterator[tuple[str, str]]:
    for i, volume in enumerate(case.spec.volumes):
        if volume.secret is not None:
            yield f"spec.volumes[{i}].secret", volume.secret.secret_name
        for j, source in enumerate(volume.projected.sources if volume.projected else ()):
            if source.secret is not None:
                yield f"spec.volumes[{i}].projected.sources[{j}].secret", source.secret.name
    for place in case.containers:
        for i, env in enumerate(place.container.env):
            if env.value_from is not None and env.value_from.secret_key_ref is not None:
                yield f"{place.path}.env[{i}]", env.value_from.secret_key_ref.name
        for i, every in enumerate(place.container.env_from):
            if every.secret_ref is not None:
                yield f"{place.path}.envFrom[{i}]", every.secret_ref.name


def _without_end(case: Case) -> Iterator[Violation]:
    for path, name in _secrets_used(case):
        if (case.namespace, name) in case.around.legacy_tokens:
            yield Violation(path, f"Secret {name} holds a token that does not expire")


LEGACY_TOKEN = Control(
    code="POD-112",
    title="uses a service account token without end",
    severity=Severity.HIGH,
    sources=(NSA_TOKENS, k8s("concepts/security/service-accounts/")),
    rationale="A token in a Secret stays good until the Secret or its account is deleted, wherever it has been copied to.",
    fix="use a projected serviceAccountToken, and delete the Secret",
    violations=_without_end,
)


def _foreign(case: Case) -> Iterator[Violation]:
    for path, token in _projected(case):
        if token.audience:
            yield Violation(f"{path}.audience", token.audience)


FOREIGN_AUDIENCE = Control(
    code="POD-113",
    title="has a token for another audience",
    severity=Severity.INFO,
    sources=(k8s("concepts/storage/projected-volumes/#serviceaccounttoken"),),
    rationale="With such a token the workload is somebody outside the cluster too: a cloud, a vault. It belongs in the picture of what it can reach.",
    fix="make sure that the audience is one that this workload needs",
    violations=_foreign,
)


def _long(case: Case) -> Iterator[Violation]:
    for path, token in _projected(case):
        if (token.expiration_seconds or 0) >= DAY:
            yield Violation(f"{path}.expirationSeconds", f"{token.expiration_seconds} seconds")


LONG_TOKEN = Control(
    code="POD-114",
    title="has a token that lives a day or longer",
    severity=Severity.MEDIUM,
    sources=(NSA_TOKENS, k8s("concepts/storage/projected-volumes/#serviceaccounttoken")),
    rationale="The kubelet renews tokens in place; a long life helps only who stole one.",
    fix="leave expirationSeconds at an hour",
    violations=_long,
    cel=Cel.of_volume(_SOURCES.format(f"p.serviceAccountToken.?expirationSeconds.orValue(0) >= {DAY}")),
)
