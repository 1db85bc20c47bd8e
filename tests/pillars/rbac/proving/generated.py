"""Small clusters in which every right that leads further turns up, held in full, by name, or nearly: from ``random.Random``, in bulk."""

from datetime import date
from random import Random

from ostiary.model.basics import CRDNames, CRDSpec, CustomResourceDefinition, Namespace, Node, Secret, ServiceAccount
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta
from ostiary.model.pods import Pod, PodSpec, ProjectedVolume, Projection, SecretVolume, ServiceAccountTokenProjection, Volume
from ostiary.model.rbac import Binding, PolicyRule, Role, RoleRef, Subject
from ostiary.model.rbac_intent import About, Allowed, Assumed, Guardrail, SubjectKind
from ostiary.model.sealed import Annotations
from ostiary.model.workloads import Workload
from ostiary.model.world import World
from ostiary.pillars.rbac.proving.rights import RIGHTS
from ostiary.pillars.rbac.validity import GROUP

LIVE, TODAY = "v1.37.2", date(2026, 11, 24)
NAMESPACES = ("shop", "ci", "kube-system")
ACCOUNTS = (("shop", "web"), ("ci", "runner"), ("kube-system", "job-controller"), ("kube-system", "tiller"))
LEVEL = "pod-security.kubernetes.io/enforce"
REQUESTS = sorted(
    {(one.verb, one.api_group, one.combined) for need in RIGHTS.values() for one in need.requests}
    | {("create", "velero.io", "restores"), ("get", "", "configmaps"), ("*", "*", "*"), ("*", "", "pods"), ("get", "", "pods")}
)
NAMES = ("web", "runner", "token", "db", "shop", "ci", "n1", "ann", "sre", "system:masters", "role-0", "role-1", "aws-auth")
SUBJECTS = (
    Subject(kind="User", name="ann"),
    Subject(kind="User", name="bob"),
    Subject(kind="Group", name="sre"),
    Subject(kind="Group", name="dev"),
    Subject(kind="Group", name="system:authenticated"),
    Subject(kind="Group", name="system:serviceaccounts"),
    Subject(kind="Group", name="system:serviceaccounts:ci"),
    Subject(kind="User", name="system:kube-controller-manager"),
    *(Subject(kind="ServiceAccount", name=name, namespace=namespace) for namespace, name in ACCOUNTS),
    Subject(kind="ServiceAccount", name="ghost", namespace="shop"),
)


def world(random: Random, server: str = LIVE) -> World:
    """A cluster with few bindings, so that guardrails hold about as often as not."""
    roles = random.randint(1, 5)
    cluster_roles = tuple(
        Role(metadata=Meta(name=f"role-{n}"), rules=tuple(_rule(random) for _ in range(random.randint(1, 2))))
        for n in range(roles)
    )
    own = tuple(
        Role(metadata=Meta(name=f"role-{n}", namespace=ns), rules=(_rule(random),)) for ns in NAMESPACES for n in range(2)
    )
    bindings = [_binding(random, n, roles) for n in range(random.randint(1, 6))]
    return World.of(
        Cluster(
            namespaces=tuple(_namespace(random, name) for name in NAMESPACES),
            nodes=tuple(Node(metadata=Meta(name="n1", labels=_plane(random))) for _ in range(random.randint(0, 1))),
            pods=tuple(_pod(ns, name, n) for n, (ns, name) in enumerate(ACCOUNTS) if random.random() < 0.5),
            deployments=tuple(Workload(metadata=Meta(name="web", namespace=ns)) for ns in NAMESPACES if random.random() < 0.3),
            service_accounts=tuple(ServiceAccount(metadata=Meta(name=name, namespace=ns)) for ns, name in ACCOUNTS),
            secrets=tuple(_secrets(random)),
            roles=own,
            cluster_roles=cluster_roles,
            role_bindings=tuple(one for one in bindings if one.metadata.namespace),
            cluster_role_bindings=tuple(one for one in bindings if not one.metadata.namespace),
            custom_resource_definitions=tuple(_definitions(random)),
            server_version=server,
        ),
        today=TODAY,
    )


def _namespace(random: Random, name: str) -> Namespace:
    return Namespace(metadata=Meta(name=name, labels={LEVEL: "baseline"} if random.random() < 0.8 else {}))


def _plane(random: Random) -> dict[str, str]:
    return {"node-role.kubernetes.io/control-plane": ""} if random.random() < 0.5 else {}


def _pod(namespace: str, account: str, number: int) -> Pod:
    token = Projection(service_account_token=ServiceAccountTokenProjection())
    volumes = (
        Volume(name="token", projected=ProjectedVolume(sources=(token,))),
        Volume(name="s", secret=SecretVolume(secret_name="db")),
    )
    return Pod(
        metadata=Meta(name=f"pod-{number}" if number else "web", namespace=namespace),
        spec=PodSpec(service_account_name=account, node_name="n1", volumes=volumes[: 1 + number % 2]),
    )


def _secrets(random: Random) -> list[Secret]:
    found = [Secret(metadata=Meta(name="db", namespace="shop"))]
    if random.random() < 0.4:
        said = Annotations.of({"kubernetes.io/service-account.name": "web"})
        found.append(Secret(metadata=Meta(name="token", namespace="shop", annotations=said)))
    return found


def _definitions(random: Random) -> list[CustomResourceDefinition]:
    spec = CRDSpec(group="velero.io", scope="Namespaced", names=CRDNames(plural="restores", kind="Restore"))
    return [CustomResourceDefinition(metadata=Meta(name="restores.velero.io"), spec=spec)] if random.random() < 0.3 else []


def _rule(random: Random) -> PolicyRule:
    made = random.sample(REQUESTS, random.randint(1, 2))
    verb, group, resource = made[0]
    verbs, groups, resources = {verb}, {group}, {resource}
    if random.random() < 0.4:
        verbs.add(made[-1][0])
        groups.add(made[-1][1])
        resources.add(made[-1][2])
    names = tuple(random.sample(NAMES, random.randint(1, 2))) if random.random() < 0.35 else ()
    return PolicyRule(
        verbs=tuple(sorted(verbs)), api_groups=tuple(sorted(groups)), resources=tuple(sorted(resources)), resource_names=names
    )


def _binding(random: Random, number: int, roles: int) -> Binding:
    namespace = random.choice((*NAMESPACES, ""))
    kind = "Role" if namespace and random.random() < 0.4 else "ClusterRole"
    name = f"role-{random.randrange(2 if kind == 'Role' else roles + 1)}"  # one that is not there, now and then
    return Binding(
        metadata=Meta(name=f"b-{number}", namespace=namespace),
        subjects=tuple(random.sample(SUBJECTS, random.randint(1, 2))),
        role_ref=RoleRef(api_group=GROUP, kind=kind, name=name),
    )


SRE = Allowed(kind=SubjectKind.GROUP, name="sre")
RUNNER = Allowed(kind=SubjectKind.SERVICE_ACCOUNT, name="runner", namespace="ci")


def guardrail(random: Random) -> Guardrail:
    """One guardrail, of any form."""
    only = tuple(one for one in (SRE, RUNNER) if random.random() < 0.4)
    about = About.SERVICE_ACCOUNTS if random.random() < 0.3 else About.EVERYBODY
    directly = random.random() < 0.2
    if random.random() < 0.3:
        return Guardrail(name="admin", only=only, about=about, cluster_admin=True, directly=directly)
    verb, resource = random.choice(
        (("get", "secrets"), ("list", "secrets"), ("create", "pods"), ("create", "pods/exec"), ("update", "deployments.apps"))
    )
    everywhere = random.random() < 0.2
    return Guardrail(
        name="rail",
        only=only,
        about=about,
        verbs=(verb,),
        resources=(resource,),
        names=("db",) if random.random() < 0.3 else (),
        namespaces=() if everywhere else tuple(random.sample(NAMESPACES, random.randint(1, 2))),
        everywhere=everywhere,
        directly=directly,
    )


def assumed(random: Random) -> tuple[Assumed, ...]:
    """What is taken for granted, mostly nothing."""
    return tuple(one for one in Assumed if random.random() < 0.25)
