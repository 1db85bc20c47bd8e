"""RBAC of a large synthetic cluster: 44,000 roles and bindings and 20,000 service accounts for every 100,000 pods.

A namespace of 50 pods has ten service accounts, five Roles and 14 RoleBindings, half of them to shared ClusterRoles; there are 1,600 ClusterRoles and 4,400
ClusterRoleBindings, of operators mostly. About 17,000 rules are distinct, a third of them with names. One binding in a hundred is loose.
"""

from collections.abc import Iterator
from random import Random

from ostiary.model.basics import Namespace, ServiceAccount
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta
from ostiary.model.rbac import Binding, PolicyRule, Role, RoleRef, Subject

GROUP = "rbac.authorization.k8s.io"
READ, WRITE = ("get", "list", "watch"), ("create", "update", "patch", "delete")
CORE = (
    "pods",
    "services",
    "configmaps",
    "events",
    "endpoints",
    "secrets",
    "persistentvolumeclaims",
    "pods/log",
    "pods/exec",
    "serviceaccounts",
)
LOOSE = (
    PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",)),
    PolicyRule(verbs=(*READ, *WRITE), api_groups=("",), resources=("secrets", "pods", "pods/exec")),
    PolicyRule(verbs=("create",), api_groups=("",), resources=("serviceaccounts/token",)),
    PolicyRule(verbs=("escalate", "bind", *WRITE), api_groups=(GROUP,), resources=("*",)),
)


def rbac(pods: int, server_version: str = "v1.37.2") -> Cluster:
    """Everything but pods."""
    random = Random(37)
    namespaces = [f"shop-{number}" for number in range(max(1, pods // 50))]
    cluster_roles = tuple(_cluster_roles(random, pods * 1600 // 100_000))
    return Cluster(
        namespaces=tuple(Namespace(metadata=Meta(name=name)) for name in namespaces),
        service_accounts=tuple(
            ServiceAccount(metadata=Meta(name=f"app-{n}", namespace=name)) for name in namespaces for n in range(10)
        ),
        roles=tuple(_role(random, name, n) for name in namespaces for n in range(5)),
        cluster_roles=cluster_roles,
        role_bindings=tuple(
            _binding(random, name, n, len(cluster_roles), namespaces) for name in namespaces for n in range(14)
        ),
        cluster_role_bindings=tuple(
            _binding(random, "", n, len(cluster_roles), namespaces) for n in range(pods * 4400 // 100_000)
        ),
        server_version=server_version,
    )


def _role(random: Random, namespace: str, number: int) -> Role:
    named = PolicyRule(
        verbs=("get", "update"),
        api_groups=("",),
        resources=("configmaps", "secrets"),
        resource_names=(f"{namespace}-{number}",),
    )
    rules = (_rule(random), named) if random.random() < 0.5 else (_rule(random), _rule(random))
    return Role(metadata=Meta(name=f"role-{number}", namespace=namespace), rules=rules)


def _rule(random: Random) -> PolicyRule:
    verbs = READ if random.random() < 0.7 else (*READ, *random.sample(WRITE, 2))
    if random.random() < 0.5:
        return PolicyRule(verbs=verbs, api_groups=("",), resources=tuple(random.sample(CORE, 3)))
    group = f"group-{random.randrange(60)}.example.com"
    kind = random.randrange(15)
    return PolicyRule(verbs=verbs, api_groups=(group,), resources=(f"things-{kind}", f"things-{kind}/status"))


def _cluster_roles(random: Random, count: int) -> Iterator[Role]:
    for number in range(max(8, count)):
        rules = tuple(_rule(random) for _ in range(random.randint(3, 12)))
        loose = (LOOSE[number % len(LOOSE)],) if number < 8 or random.random() < 0.01 else ()
        yield Role(metadata=Meta(name=f"cluster-role-{number:05d}"), rules=(*rules, *loose))


def _binding(random: Random, namespace: str, number: int, cluster_roles: int, namespaces: list[str]) -> Binding:
    shared = not namespace or random.random() < 0.5
    loose = random.random() < 0.01
    name = f"cluster-role-{random.randrange(8 if loose else cluster_roles):05d}" if shared else f"role-{random.randrange(5)}"
    subjects = tuple(_subject(random, namespace or random.choice(namespaces)) for _ in range(random.randint(1, 3)))
    ref = RoleRef(api_group=GROUP, kind="ClusterRole" if shared else "Role", name=name)
    return Binding(metadata=Meta(name=f"binding-{number:05d}", namespace=namespace), subjects=subjects, role_ref=ref)


def _subject(random: Random, namespace: str) -> Subject:
    chance = random.random()
    if chance < 0.8:
        return Subject(kind="ServiceAccount", name=f"app-{random.randrange(10)}", namespace=namespace)
    if chance < 0.9:
        return Subject(kind="Group", api_group=GROUP, name=f"team-{random.randrange(300)}")
    return Subject(kind="User", api_group=GROUP, name=f"person-{random.randrange(2000)}@example.com")
