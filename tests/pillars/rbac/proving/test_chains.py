"""Every way up, by hand: rights that lead to the crown, and rights that look like it and do not. The API server confirms several of them in a judge."""

import pytest
from tests.pillars.rbac.escalations.test_catalogue import right
from tests.pillars.rbac.proving.generated import LEVEL, LIVE, TODAY

from ostiary.model.basics import Namespace, Node, Secret, ServiceAccount
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta, Ref
from ostiary.model.pods import Pod, PodSpec, ProjectedVolume, Projection, SecretVolume, ServiceAccountTokenProjection, Volume
from ostiary.model.rbac import Binding, PolicyRule, Role, RoleRef, Subject
from ostiary.model.rbac_intent import About, Allowed, Assumed, Guardrail, SubjectKind
from ostiary.model.sealed import Annotations
from ostiary.model.verdict import Proof, Refutation, Unknown
from ostiary.model.workloads import Workload
from ostiary.model.world import World
from ostiary.pillars.rbac.policy import RbacPolicy
from ostiary.pillars.rbac.proving.prove import prove

GROUP = "rbac.authorization.k8s.io"
ANN = Subject(kind="User", name="ann")
KING = Subject(kind="ServiceAccount", name="king", namespace="castle")
ALL = PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",))
CROWN = Guardrail(
    name="crown", only=(Allowed(kind=SubjectKind.SERVICE_ACCOUNT, namespace="castle", name="king"),), cluster_admin=True
)


def bind(name: str, subject: Subject, role: str, namespace: str = "") -> Binding:
    return Binding(
        metadata=Meta(name=name, namespace=namespace),
        subjects=(subject,),
        role_ref=RoleRef(api_group=GROUP, kind="ClusterRole", name=role),
    )


def guard(namespace: str, account: str, name: str) -> Pod:
    """A pod of the castle that carries a token, and the secret of the gate."""
    token = Projection(service_account_token=ServiceAccountTokenProjection())
    volumes = (
        Volume(name="t", projected=ProjectedVolume(sources=(token,))),
        Volume(name="s", secret=SecretVolume(secret_name="gate")),
    )
    return Pod(
        metadata=Meta(name=name, namespace=namespace),
        spec=PodSpec(service_account_name=account, node_name="n1", volumes=volumes),
    )


def castle(wide: str, narrow: str, *, live: str = LIVE, level: str = "baseline", plane: bool = False) -> World:
    """The king may do anything, and runs in ``castle``; ann has these rights, ``;`` between them: cluster-wide, and in the castle."""
    roles = [Role(metadata=Meta(name="crown"), rules=(ALL,)), Role(metadata=Meta(name="humble"))]
    bindings = [bind("crown", KING, "crown")]
    for role, where, words in (("wide", "", wide), ("narrow", "castle", narrow)):
        rules = tuple(right(one.strip()) for one in words.split(";") if one.strip())
        if rules:
            roles.append(Role(metadata=Meta(name=role), rules=rules))
            bindings.append(bind(role, ANN, role, where))
    labels = {"node-role.kubernetes.io/control-plane": ""} if plane else {}
    token = Annotations.of({"kubernetes.io/service-account.name": "king"})
    cluster = Cluster(
        namespaces=tuple(Namespace(metadata=Meta(name=name, labels={LEVEL: level})) for name in ("castle", "village")),
        nodes=(Node(metadata=Meta(name="n1", labels=labels)),),
        pods=(guard("castle", "king", "throne"), guard("castle", "servant", "kitchen")),
        deployments=(Workload(metadata=Meta(name="hall", namespace="castle")),),
        service_accounts=(
            ServiceAccount(metadata=Meta(name="king", namespace="castle")),
            ServiceAccount(metadata=Meta(name="servant", namespace="castle")),
        ),
        secrets=(
            Secret(metadata=Meta(name="gate", namespace="castle")),
            Secret(metadata=Meta(name="seal", namespace="castle", annotations=token)),
        ),
        cluster_roles=tuple(roles),
        role_bindings=tuple(one for one in bindings if one.metadata.namespace),
        cluster_role_bindings=tuple(one for one in bindings if not one.metadata.namespace),
        server_version=live,
    )
    return World.of(cluster, today=TODAY)


def verdict(world: World, *guardrails: Guardrail, assume: tuple[Assumed, ...] = ()) -> Proof[RbacPolicy] | Refutation | Unknown:
    return prove(world, RbacPolicy(guardrails=guardrails or (CROWN,), assume=assume))


CSR = "certificatesigningrequests.certificates.k8s.io"
ROLE, ROLES, CLUSTER_ROLES, BINDINGS = f"roles.{GROUP}", f"roles.{GROUP}", f"clusterroles.{GROUP}", f"rolebindings.{GROUP}"
ADMISSION = "admissionregistration.k8s.io"

# rights cluster-wide, rights in the castle; how many steps the chain has
REACHES = {
    "by itself": ("* *.*", "", 1),
    "pods": ("", "create pods", 3),
    "deployments": ("", "create deployments.apps", 3),
    "pods anywhere": ("create jobs.batch", "", 3),
    "template that is there": ("", "patch deployments.apps =hall", 4),
    "exec": ("", "create pods/exec", 4),
    "exec by name": ("", "create pods/exec =throne", 4),
    "debug": ("", "patch pods/ephemeralcontainers =throne", 4),
    "token": ("", "create serviceaccounts/token", 3),
    "token by name": ("", "create serviceaccounts/token =king", 3),
    "secret with a token": ("", "list secrets", 3),
    "secret with a token by name": ("", "get secrets =seal", 3),
    "forged token secret": ("", "create secrets; get secrets", 3),
    "account": ("", "impersonate serviceaccounts =king", 3),
    "user": ("impersonate users", "", 2),
    "user by name": ("impersonate users =system:kube-controller-manager", "", 0),
    "group": ("impersonate groups; impersonate users =x", "", 2),
    "bind": (f"bind {CLUSTER_ROLES}; create clusterrolebindings.{GROUP}", "", 2),
    "bind by name": (f"bind {CLUSTER_ROLES} =crown; create clusterrolebindings.{GROUP}", "", 3),
    "bind in the castle": ("", f"bind {CLUSTER_ROLES} =crown; create {BINDINGS}", 5),
    "escalate": (f"escalate,update {CLUSTER_ROLES} =wide", "", 1),
    "escalate and bind": (f"escalate,patch {CLUSTER_ROLES}; create clusterrolebindings.{GROUP}", "", 1),
    "certificate": (
        f"create {CSR}; update {CSR}/approval; approve signers.certificates.k8s.io =kubernetes.io/kube-apiserver-client",
        "",
        1,
    ),
    "kubelet": ("get nodes/proxy", "", 4),
    "kubelet by name": ("get nodes/proxy =n1", "", 4),
    "webhook": (f"patch mutatingwebhookconfigurations.{ADMISSION}", "", 2),
    "policy": (f"create mutatingadmissionpolicies.{ADMISSION}; create mutatingadmissionpolicybindings.{ADMISSION}", "", 1),
    "webhook that observes": (f"create validatingwebhookconfigurations.{ADMISSION}", "", 4),
}
NEARLY = {
    "nothing": ("", ""),
    "another namespace's pods": ("get pods", ""),
    "exec into another pod": ("create pods/log", ""),
    "get secrets of another name": ("", "create serviceaccounts/token =servant"),
    "create without get": ("", "create secrets"),
    "named create": ("", "create pods =throne"),
    "bind without a role": ("", f"create {BINDINGS}"),
    "write roles without escalate": (f"create,update,patch {CLUSTER_ROLES}", ""),
    "approve without request": (
        f"update {CSR}/approval; approve signers.certificates.k8s.io =kubernetes.io/kube-apiserver-client",
        "",
    ),
    "another signer": (
        f"create {CSR}; update {CSR}/approval; approve signers.certificates.k8s.io =kubernetes.io/kubelet-serving",
        "",
    ),
    "nodes without proxy": ("get nodes", ""),
    "node rights in a namespace": ("", "get nodes/proxy"),
    "users in a namespace": ("", "impersonate users"),
    "policies without bindings": (f"create mutatingadmissionpolicies.{ADMISSION}", ""),
    "namespaces' labels alone": ("", "patch namespaces"),
    "accounts alone": ("", "create serviceaccounts"),
    "volumes alone": ("create persistentvolumes", ""),
    "account as user": ("impersonate users =system:serviceaccount:castle:king", ""),
    "services": ("", "create,update services; update endpoints"),
}


@pytest.mark.parametrize("name", [name for name in REACHES if name != "user by name"])
def test_a_chain_is_found_and_its_every_step_is_named(name: str) -> None:
    wide, narrow, steps = REACHES[name]
    found = verdict(castle(wide, narrow))
    assert isinstance(found, Refutation), found
    ours = [one for one in found.witnesses if one.subject == Ref("User", "", "ann")]
    assert len(ours) == 1
    assert max(1, ours[0].reason.count("\n")) == steps, ours[0].reason
    assert "Binding" in ours[0].reason


@pytest.mark.parametrize("name", NEARLY)
def test_what_only_looks_like_a_chain_is_none(name: str) -> None:
    wide, narrow = NEARLY[name]
    found = verdict(castle(wide, narrow))
    assert isinstance(found, Proof), found


def test_whoever_may_is_no_violation_and_who_gets_to_be_him_is() -> None:
    assert isinstance(verdict(castle("", "")), Proof)
    through = verdict(castle("", "create serviceaccounts/token =king"))
    assert isinstance(through, Refutation)
    assert [one.subject.name for one in through.witnesses] == ["ann"]
    assert "gets a token" in through.witnesses[0].reason or "asks for a token" in through.witnesses[0].reason


def test_a_service_account_that_nobody_allowed_is_a_violation_itself() -> None:
    found = verdict(castle("", ""), Guardrail(name="crown", cluster_admin=True))
    assert isinstance(found, Refutation)
    assert found.witnesses[0].subject == Ref("ServiceAccount", "castle", "king")


def test_pods_take_their_node_where_no_level_holds_them_back() -> None:
    world = castle("", "", level="privileged", plane=True)
    village = bind("v", ANN, "humble", "village")
    roles = (*world.cluster.cluster_roles[:1], Role(metadata=Meta(name="humble"), rules=(right("create pods"),)))
    loose = World.of(_with(world.cluster, roles, village), today=TODAY)
    found = verdict(loose)
    assert isinstance(found, Refutation)
    assert "takes its node" in found.witnesses[0].reason
    assert isinstance(verdict(loose, assume=(Assumed.PODS_STAY_INSIDE,)), Proof)
    held = castle("", "")
    assert isinstance(verdict(World.of(_with(held.cluster, roles, village), today=TODAY)), Proof)
    relabels = Role(metadata=Meta(name="humble"), rules=(right("create pods"), right("patch namespaces")))
    found = verdict(World.of(_with(castle("", "", plane=True).cluster, (roles[0], relabels), village), today=TODAY))
    assert isinstance(found, Refutation)
    assert "takes the level of Pod Security off namespace village" in found.witnesses[0].reason


def _with(cluster: Cluster, roles: tuple[Role, ...], binding: Binding) -> Cluster:
    import msgspec

    return msgspec.structs.replace(cluster, cluster_roles=roles, role_bindings=(*cluster.role_bindings, binding))


def test_two_who_have_a_part_each_are_refuted_together() -> None:
    bob = Subject(kind="User", name="bob")
    csr = f"create {CSR}"
    world = castle(f"update {CSR}/approval; approve signers.certificates.k8s.io =kubernetes.io/kube-apiserver-client", "")
    roles = (*world.cluster.cluster_roles, Role(metadata=Meta(name="asks"), rules=(right(csr),)))
    import msgspec

    both = msgspec.structs.replace(
        world.cluster,
        cluster_roles=roles,
        cluster_role_bindings=(*world.cluster.cluster_role_bindings, bind("asks", bob, "asks")),
    )
    found = verdict(World.of(both, today=TODAY))
    assert isinstance(found, Refutation)
    assert "together" in found.witnesses[0].reason
    assert {"User ann", "User bob"} <= {
        f"User {name}" for name in ("ann", "bob") if f"User {name}" in found.witnesses[0].reason
    }


def test_two_who_would_need_one_request_are_unknown_not_refuted() -> None:
    """Nobody can see whether somebody is in both groups of the identity provider."""
    world = castle(f"bind {CLUSTER_ROLES} =crown", "")
    found = verdict(world)
    assert isinstance(found, Unknown)
    assert "binds ClusterRole crown" in found.missing[0].todo


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("update apiservices.apiregistration.k8s.io", ""),
        ("", "create pods/exec =nobody"),
        ("", "patch statefulsets.apps"),
        (f"escalate {CLUSTER_ROLES}", ""),
        ("", "create podcertificaterequests.certificates.k8s.io"),
        ("impersonate:arbitrary-node nodes.authentication.k8s.io", ""),
    ],
)
def test_what_depends_on_more_than_the_objects_is_unknown(wide: str, narrow: str) -> None:
    assert isinstance(verdict(castle(wide, narrow)), Unknown)


def test_secrets_are_read_in_pods_too() -> None:
    rail = Guardrail(
        name="gate", only=CROWN.only, verbs=("get",), resources=("secrets",), names=("gate",), namespaces=("castle",)
    )
    for narrow in ("get secrets", "get secrets =gate", "create deployments.apps", "create pods/exec =kitchen"):
        assert isinstance(verdict(castle("", narrow), rail), Refutation), narrow
    for narrow in ("get secrets =seat", "list secrets =other", "get configmaps"):
        assert isinstance(verdict(castle("", narrow), rail), Proof), narrow


def test_directly_leaves_chains_aside() -> None:
    rail = Guardrail(
        name="gate", only=CROWN.only, verbs=("get",), resources=("secrets",), namespaces=("castle",), directly=True
    )
    assert isinstance(verdict(castle("", "create pods/exec"), rail), Proof)
    assert isinstance(verdict(castle("", "get secrets =gate"), rail), Refutation)


def test_people_are_not_asked_about_where_service_accounts_are() -> None:
    rail = Guardrail(
        name="pods",
        about=About.SERVICE_ACCOUNTS,
        only=CROWN.only,
        verbs=("create",),
        resources=("pods",),
        namespaces=("castle",),
    )
    assert isinstance(verdict(castle("", "create pods"), rail), Proof)
    servant = Subject(kind="ServiceAccount", name="servant", namespace="castle")
    world = castle("", "create deployments.apps")
    moved = tuple(
        bind(one.metadata.name, servant, one.role_ref.name, "castle") if one.metadata.name == "narrow" else one
        for one in world.cluster.role_bindings
    )
    import msgspec

    found = verdict(World.of(msgspec.structs.replace(world.cluster, role_bindings=moved), today=TODAY), rail)
    assert isinstance(found, Refutation)
    assert found.witnesses[0].subject.name == "servant"
    assert "so has pods made" in found.witnesses[0].reason


def test_a_binding_waits_for_an_account_that_somebody_may_make() -> None:
    ghost = Subject(kind="ServiceAccount", name="ghost", namespace="castle")
    import msgspec

    def waiting(narrow: str) -> World:
        world = castle("", narrow).cluster
        return World.of(
            msgspec.structs.replace(world, cluster_role_bindings=(*world.cluster_role_bindings, bind("g", ghost, "crown"))),
            today=TODAY,
        )

    rail = Guardrail(
        name="crown",
        only=(*CROWN.only, Allowed(kind=SubjectKind.SERVICE_ACCOUNT, namespace="castle", name="ghost")),
        cluster_admin=True,
    )
    assert isinstance(verdict(waiting("create serviceaccounts; create serviceaccounts/token =ghost"), rail), Refutation)
    assert isinstance(verdict(waiting("impersonate serviceaccounts =ghost"), rail), Refutation)
    assert isinstance(verdict(waiting("create serviceaccounts/token =ghost"), rail), Proof)


def test_an_account_that_nobody_made_is_nobody_in_a_cluster_and_may_be_somebody_in_manifests() -> None:
    ghost = Subject(kind="ServiceAccount", name="ghost", namespace="castle")
    import msgspec

    def haunted(live: str) -> World:
        world = castle("", "create pods", live=live).cluster
        bindings = (bind("g", ghost, "crown"),)
        return World.of(msgspec.structs.replace(world, cluster_role_bindings=bindings), today=TODAY)

    only = (Allowed(kind=SubjectKind.SERVICE_ACCOUNT, namespace="castle", name="ghost"),)
    assert isinstance(verdict(haunted(LIVE), Guardrail(name="crown", cluster_admin=True)), Proof)
    assert isinstance(verdict(haunted(""), Guardrail(name="crown", cluster_admin=True)), Refutation)
    assert isinstance(verdict(haunted(""), Guardrail(name="crown", only=only, cluster_admin=True)), Unknown)


def test_having_pods_made_is_not_making_deployments() -> None:
    rail = Guardrail(name="d", only=CROWN.only, verbs=("create",), resources=("deployments",), namespaces=("village",))
    world = castle("", "")
    import msgspec

    makes = (*world.cluster.cluster_roles, Role(metadata=Meta(name="makes"), rules=(right("create pods"),)))
    bound = (*world.cluster.role_bindings, bind("m", ANN, "makes", "village"))
    made = World.of(msgspec.structs.replace(world.cluster, cluster_roles=makes, role_bindings=bound), today=TODAY)
    assert isinstance(verdict(made, rail), Proof)
    pods = msgspec.structs.replace(rail, resources=("pods",))
    assert isinstance(verdict(made, pods), Refutation)
