"""What is learned is what was used: never more than was held, never what was denied, never a way up that nobody went."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.pillars.rbac.learning.scenes import (
    ACCOUNT,
    ALL,
    GROUPS,
    RBAC,
    WEB,
    cluster,
    grants,
    proposal,
    proposals,
    rule,
    used,
    world,
)

from ostiary.model.evidence import Gap, Impersonator, Lack, Usage
from ostiary.model.meta import Meta, Ref
from ostiary.model.rbac import Binding, PolicyRule, Role, RoleRef, Subject
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.escalation import covers
from ostiary.pillars.rbac.learning.atom import Atom, atom_of, request_of
from ostiary.pillars.rbac.learning.danger import Dangers
from ostiary.pillars.rbac.learning.standing import Standing
from ostiary.pillars.rbac.policy import Outcome
from ostiary.pillars.rbac.subject import SubjectKey

EVERYTHING = cluster((ACCOUNT, "", ALL))
NOVEMBER = tuple(range(1, 31))


def test_what_was_used_is_all_that_is_left() -> None:
    one = proposal(EVERYTHING, used("get", "configmaps", "settings", "shop"))
    assert one.outcome is Outcome.TIGHTEN
    assert (one.cluster_rules, dict(one.namespaced)) == ((), {"shop": (rule("get", "configmaps", names="settings"),)})
    assert one.replaces == (Ref("ClusterRoleBinding", "", "binding-0"),)


def test_what_was_denied_is_for_review_and_in_no_rule() -> None:
    one = proposal(EVERYTHING, used("list", "pods", namespace="shop"), used("get", "secrets", "db", "shop", days=(), denied=9))
    assert not grants(one, "get", "secrets", "db", "shop")
    assert [(review.usage.resource, review.reason) for review in one.review] == [("secrets", "denied")]


def test_never_more_than_was_held() -> None:
    """An informer that may not list, and names that cannot be given up because they never were."""
    held = cluster((ACCOUNT, "shop", rule("watch", "pods")), (ACCOUNT, "shop", rule("get", "configmaps", names="a b c d")))
    names = (used("get", "configmaps", name, "shop", days=(1 + 7 * n, 2 + 7 * n)) for n, name in enumerate("abcd"))
    one = proposal(held, used("watch", "pods", namespace="shop"), *names)
    assert one.outcome is Outcome.KEEP
    assert one.reason == "it needs all that it has"


def test_names_that_were_not_told_apart_are_those_that_are_held() -> None:
    held = cluster((ACCOUNT, "shop", rule("get update", "configmaps", names="a b")))
    one = proposal(held, used("get", "configmaps", namespace="shop", many=True))
    assert grants(one, "get", "configmaps", "a", "shop")
    assert not grants(one, "get", "configmaps", "", "shop")
    assert not grants(one, "update", "configmaps", "a", "shop")


def test_two_namespaces_are_not_all_namespaces() -> None:
    one = proposal(EVERYTHING, *(used("list", "configmaps", namespace=place) for place in ("shop", "pay")))
    assert grants(one, "list", "configmaps", "", "pay")
    assert not grants(one, "list", "configmaps", "", "kube-system")


def test_exec_and_tokens_keep_their_names() -> None:
    one = proposal(
        EVERYTHING,
        used("create", "pods/exec", "db-0", "shop", days=NOVEMBER),
        used("create", "serviceaccounts/token", "ci", "shop", days=NOVEMBER),
    )
    assert grants(one, "create", "pods/exec", "db-0", "shop")
    assert not grants(one, "create", "pods/exec", "db-1", "shop")
    assert not grants(one, "create", "serviceaccounts/token", "default", "shop")


def test_ever_new_names_of_what_leads_nowhere_are_any_name() -> None:
    one = proposal(EVERYTHING, *(used("get", "configmaps", f"run-{day}", "shop", days=(day,)) for day in NOVEMBER))
    assert grants(one, "get", "configmaps", "run-31", "shop")
    assert not grants(one, "update", "configmaps", "run-31", "shop")


@pytest.mark.parametrize(
    ("verb", "resource"), [("get", "secrets"), ("create", "pods/exec"), ("create", "serviceaccounts/token")]
)
def test_ever_new_names_of_what_leads_further_leave_all_as_it_is(verb: str, resource: str) -> None:
    one = proposal(EVERYTHING, *(used(verb, resource, f"x-{day}", "shop", days=(day,)) for day in NOVEMBER))
    assert one.outcome is Outcome.KEEP
    assert "ever new names" in one.reason
    assert not one.namespaced


def test_who_lists_secrets_may_get_them_and_who_creates_workloads_may_change_them() -> None:
    """Neither shows or gives anything that is not held already; both are what informers and operators do."""
    made = (used("update", "deployments", f"x-{day}", "shop", group="apps", days=(day,)) for day in NOVEMBER)
    one = proposal(
        EVERYTHING,
        *(used(verb, "secrets", namespace="shop") for verb in ("list", "watch")),
        used("create", "deployments", namespace="shop", group="apps"),
        *made,
    )
    assert grants(one, "get", "secrets", "any", "shop")
    assert grants(one, "update", "deployments", "any", "shop", "apps")
    assert not grants(one, "get", "secrets", "any", "pay")
    assert not grants(one, "update", "deployments", "any", "pay", "apps")


def test_leader_election_is_whole_for_whoever_leads_later() -> None:
    one = proposal(EVERYTHING, used("update", "leases", "ctl", "shop", group="coordination.k8s.io"))
    assert grants(one, "create", "leases", "", "shop", "coordination.k8s.io")
    assert grants(one, "get", "leases", "ctl", "shop", "coordination.k8s.io")
    assert not grants(one, "get", "leases", "other", "shop", "coordination.k8s.io")
    for group in ("", "events.k8s.io"):
        assert grants(one, "create", "events", "", "shop", group)
        assert grants(one, "patch", "events", "e", "shop", group)


# Attacks: one witness of two, or one day, with what is held.
STOLEN = ("p1",)
WORK = (used("list", "pods", days=NOVEMBER), used("watch", "pods", days=NOVEMBER))


@pytest.mark.parametrize(
    "attack",
    [
        used("list", "secrets", days=NOVEMBER, pods=STOLEN),
        used("get", "secrets", "admin", "kube-system", days=(9,)),
        used("create", "pods/exec", "db-0", "pay", days=(9, 10), pods=STOLEN),
        used("create", "clusterrolebindings", group=RBAC, days=(9, 10, 11), pods=STOLEN),
        used("impersonate", "users", "admin", days=(9, 10), pods=STOLEN),
        used("get", "nodes/proxy", "n1", days=(9,)),
        used("list", "configmaps", namespace="kube-system", days=(9, 12), pods=STOLEN),
        used("delete", "pods", "db-0", "pay", days=(9,)),
    ],
    ids=str,
)
def test_what_a_thief_does_is_not_learned(attack: Usage) -> None:
    one = proposal(EVERYTHING, *WORK, attack)
    assert one.outcome is Outcome.TIGHTEN
    assert not any(
        covers((*one.cluster_rules, *one.namespaced.get(attack.namespace, ())), atom.rule) for atom in [atom_of(attack)]
    )
    assert [review.usage for review in one.review] == [attack]


def test_many_secrets_read_by_a_thief_do_not_become_all_secrets() -> None:
    reads = (used("get", "secrets", f"s-{day}", "pay", days=(day,), pods=STOLEN) for day in range(9, 30))
    one = proposal(EVERYTHING, *WORK, *reads)
    assert not grants(one, "get", "secrets", "s-9", "pay")
    assert len(one.review) == 21


def test_a_thief_does_not_borrow_from_a_family() -> None:
    """It reads a secret by name, as the subject does with two others."""
    own = (used("get", "secrets", name, "shop", days=NOVEMBER) for name in ("db", "mail"))
    one = proposal(EVERYTHING, *own, used("get", "secrets", "admin", "kube-system", days=(9,), pods=STOLEN))
    assert grants(one, "get", "secrets", "db", "shop")
    assert not grants(one, "get", "secrets", "admin", "kube-system")


def test_without_a_second_witness_what_leads_further_has_to_be_a_habit() -> None:
    ci = Subject(kind="User", name="ci", api_group=RBAC)
    held = cluster((ci, "", ALL))

    def by(verb: str, resource: str, name: str, days: tuple[int, ...]) -> Usage:
        return used(verb, resource, name, "shop", days=days, pods=(), user="ci", groups=("system:authenticated",))

    one = proposal(held, by("get", "secrets", "own", NOVEMBER), by("get", "secrets", "other", (3, 9, 12)))
    assert grants(one, "get", "secrets", "own", "shop")
    assert not grants(one, "get", "secrets", "other", "shop")


def test_the_rare_work_of_a_familiar_hand_is_learned() -> None:
    upkeep = (used(verb, "configmaps", "state", "shop", days=NOVEMBER) for verb in ("get", "update"))
    one = proposal(EVERYTHING, *upkeep, used("delete", "configmaps", "state", "shop", days=(17,), pods=STOLEN))
    assert grants(one, "delete", "configmaps", "state", "shop")


def test_whoever_wrote_bindings_keeps_bind_as_it_was() -> None:
    held = cluster(
        (ACCOUNT, "shop", rule("bind", "clusterroles", RBAC, "view")),
        (ACCOUNT, "shop", rule("create delete", "rolebindings", RBAC)),
        (ACCOUNT, "shop", rule("get list", "pods")),
    )
    one = proposal(held, used("create", "rolebindings", namespace="shop", group=RBAC))
    assert grants(one, "bind", "clusterroles", "view", "shop", RBAC)
    assert not grants(one, "bind", "clusterroles", "edit", "shop", RBAC)
    assert not grants(one, "list", "pods", "", "shop")


def test_whoever_writes_roles_by_holding_them_keeps_what_it_holds() -> None:
    held = cluster((ACCOUNT, "shop", rule("create", "rolebindings", RBAC)), (ACCOUNT, "shop", rule("get list", "pods")))
    one = proposal(held, used("create", "rolebindings", namespace="shop", group=RBAC))
    assert one.outcome is Outcome.KEEP
    assert "holds what stands in them" in one.reason


def test_an_approver_keeps_its_signers_and_not_those_of_others() -> None:
    certificates = "certificates.k8s.io"
    held = cluster(
        (ACCOUNT, "", rule("approve", "signers", certificates, "shop.example/web")),
        (ACCOUNT, "", rule("sign", "signers", certificates)),
        (ACCOUNT, "", rule("update", "certificatesigningrequests/approval", certificates)),
    )
    days = tuple(range(1, 31))
    csrs = (used("update", "certificatesigningrequests/approval", "a", group=certificates, days=days),)
    one = proposal(held, *csrs)
    assert grants(one, "approve", "signers", "shop.example/web", "", certificates)
    assert not grants(one, "sign", "signers", "shop.example/web", "", certificates)


def test_exec_by_websocket_takes_create_where_the_server_asks_for_it() -> None:
    days = tuple(range(1, 31))
    for version, asked in (("v1.37.2", True), ("v1.34.1", False)):
        one = proposal(cluster((ACCOUNT, "", ALL), version=version), used("get", "pods/exec", "db-0", "shop", days=days))
        assert grants(one, "create", "pods/exec", "db-0", "shop") is asked
        assert not grants(one, "create", "pods/exec", "db-1", "shop")


def test_whoever_impersonates_keeps_the_right_to_it_by_name() -> None:
    by = Impersonator(user=WEB, groups=GROUPS)
    as_bob = Usage(
        user="bob", groups=("ops", "system:authenticated"), by=by, verb="get", resource="pods", namespace="shop", name="web",
        first="2026-11-01", daily=(1,) * 30, pods=("p1", "p2"),
    )  # fmt: skip
    one = proposal(EVERYTHING, as_bob)
    assert grants(one, "impersonate", "users", "bob")
    assert grants(one, "impersonate", "groups", "ops")
    assert not grants(one, "impersonate", "groups", "system:authenticated")
    assert not grants(one, "impersonate", "users", "ann")
    assert not grants(one, "get", "pods", "web", "shop"), "that was bob's right"


def test_a_constrained_impersonator_keeps_both_halves() -> None:
    by = Impersonator(user=WEB, groups=GROUPS, constraint="impersonate:user-info")
    as_bob = Usage(
        user="bob", groups=("system:authenticated",), by=by, verb="list", resource="pods", first="2026-11-01", daily=(1,) * 30,
        pods=("p1", "p2"),
    )  # fmt: skip
    one = proposal(EVERYTHING, as_bob)
    assert grants(one, "impersonate:user-info", "users", "bob", "", "authentication.k8s.io")
    assert grants(one, "impersonate-on:user-info:list", "pods")
    assert not grants(one, "impersonate", "users", "bob")


def test_a_group_needs_what_its_members_did() -> None:
    ops = Subject(kind="Group", name="ops", api_group=RBAC)
    rows = [
        used("get", "pods", "web", "shop", user=user, groups=("ops", "system:authenticated"), pods=())
        for user in ("ann", "bob")
    ]
    one = proposal(cluster((ops, "", ALL)), *rows)
    assert one.subject == SubjectKey("Group", "ops")
    assert grants(one, "get", "pods", "web", "shop")


def test_a_right_held_twice_is_needed_by_both_so_that_either_may_go() -> None:
    ann, ops = Subject(kind="User", name="ann", api_group=RBAC), Subject(kind="Group", name="ops", api_group=RBAC)
    found = proposals(
        cluster((ann, "", ALL), (ops, "", ALL)), used("get", "pods", "web", "shop", user="ann", groups=("ops",), pods=())
    )
    assert all(grants(one, "get", "pods", "web", "shop") for one in found.values())
    assert len(found) == 2


def test_what_kubernetes_bound_itself_stays_and_needs_no_rule() -> None:
    everybody = Subject(kind="Group", name="system:authenticated", api_group=RBAC)
    paths = PolicyRule(verbs=("get",), non_resource_urls=("/api",))
    bound = cluster((everybody, "", paths), (ACCOUNT, "", PolicyRule(verbs=("get",), non_resource_urls=("*",))))
    marked = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    discovery = Role(metadata=Meta(name="system:discovery"), rules=(paths,))
    own = Binding(
        metadata=Meta(name="system:discovery", labels=marked),
        subjects=(everybody,),
        role_ref=RoleRef(api_group=RBAC, kind="ClusterRole", name="system:discovery"),
    )
    held = replace(
        bound, cluster_roles=(*bound.cluster_roles, discovery), cluster_role_bindings=(own, bound.cluster_role_bindings[1])
    )
    seen = Usage(user=WEB, groups=GROUPS, verb="get", path="/api", first="2026-11-01", daily=(1,) * 30, pods=("p1", "p2"))
    found = proposals(held, seen)
    assert list(found) == [SubjectKey("User", WEB)]
    assert found[SubjectKey("User", WEB)].requests == 0
    assert len(proposals(bound, seen)) == 2, "without the server's label and name it is a binding like any other"


def test_the_group_of_masters_needs_no_role() -> None:
    masters = used("get", "secrets", "db", "shop", groups=("system:masters",))
    assert proposal(EVERYTHING, masters).requests == 0


def test_an_unused_account_needs_nothing_and_an_unseen_person_is_left_alone() -> None:
    ops = Subject(kind="Group", name="break-glass", api_group=RBAC)
    found = proposals(cluster((ACCOUNT, "", ALL), (ops, "", ALL)))
    assert found[SubjectKey("User", WEB)].outcome is Outcome.TIGHTEN
    assert not found[SubjectKey("User", WEB)].cluster_rules
    assert found[SubjectKey("Group", "break-glass")].outcome is Outcome.NOT_ENOUGH


def test_a_short_window_is_not_enough_unless_hardly_anything_is_new() -> None:
    few = used("get", "configmaps", "a", "shop", days=(1, 2))
    assert proposal(EVERYTHING, few, used("list", "pods", days=(1,)), days=5).outcome is Outcome.NOT_ENOUGH
    often = [replace(few, daily=(900, 900))]
    assert proposal(EVERYTHING, *often, days=5).outcome is Outcome.TIGHTEN
    assert proposal(EVERYTHING, *often, days=1).outcome is Outcome.NOT_ENOUGH
    assert proposal(EVERYTHING, days=29).outcome is Outcome.NOT_ENOUGH


@pytest.mark.parametrize("lack", Lack)
def test_a_gap_is_not_enough(lack: Lack) -> None:
    one = proposal(EVERYTHING, used("get", "pods", "web", "shop"), gaps=(Gap(lack=lack),))
    assert (one.outcome, one.namespaced) == (Outcome.NOT_ENOUGH, {})
    assert str(lack) in one.reason


def test_measures_say_what_they_cost() -> None:
    later = used("get", "configmaps", "b", "shop", days=(28, 29))
    one = proposal(EVERYTHING, used("get", "configmaps", "a", "shop", days=NOVEMBER), later)
    assert one.measures.over_before is not None
    assert one.measures.over_before > 0.99
    assert one.measures.over_after == 0.0
    assert (one.measures.held_out, one.measures.broken) == (8 + 2, 2)
    assert one.measures.unseen == 0.0


# Laws, on whatever was used of whatever is held.
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")
RESOURCES = ("pods", "secrets", "configmaps", "pods/exec", "serviceaccounts/token", "namespaces", "nodes/proxy", "services")
NAMES, PLACES = ("", "a", "b", "c"), ("", "shop", "pay")
USAGE = st.lists(
    st.builds(
        lambda verb, resource, name, place, days, pods: used(verb, resource, name, place, days=tuple(days), pods=tuple(pods)),
        st.sampled_from(VERBS),
        st.sampled_from(RESOURCES),
        st.sampled_from(NAMES),
        st.sampled_from(PLACES),
        st.sets(st.integers(1, 30), min_size=1, max_size=6),
        st.sets(st.sampled_from(("p1", "p2")), min_size=1),
    ),
    max_size=14,
)
HELD = st.lists(
    st.builds(
        lambda place, verbs, resources, names: (
            ACCOUNT,
            place,
            PolicyRule(verbs=tuple(verbs), api_groups=("",), resources=tuple(resources), resource_names=tuple(names)),
        ),
        st.sampled_from(PLACES),
        st.sets(st.sampled_from((*VERBS, "*")), min_size=1),
        st.sets(st.sampled_from((*RESOURCES, "*", "*/exec")), min_size=1),
        st.sets(st.sampled_from(("a", "b")), max_size=2),
    ),
    min_size=1,
    max_size=5,
)


@given(HELD, USAGE)
def test_laws(bound: list[tuple[Subject, str, PolicyRule]], usage: list[Usage]) -> None:
    """Never more than was held; no way up that was not gone; nothing that was allowed is lost but what is up for review."""
    held = cluster(*bound)
    one = proposal(held, *usage)
    if one.outcome is not Outcome.TIGHTEN:
        assert not one.cluster_rules
        assert not one.namespaced
        return
    standing = Standing.of(held).subjects[one.subject]
    atoms = [
        Atom(verb, group, resource, name, place)
        for place, rules in (("", one.cluster_rules), *one.namespaced.items())
        for rule in rules
        for verb in rule.verbs
        for group in rule.api_groups
        for resource in rule.resources
        for name in rule.resource_names or ("",)
    ]
    gone = Dangers(atom_of(row) for row in usage)
    inferred = {("create", "pods/exec")}  # a websocket's
    for atom in atoms:
        assert standing.covers(atom), atom
        assert (atom.verb, atom.resource) in inferred or not gone.adds(atom), atom
    doubtful = {atom_of(review.usage) for review in one.review}
    for row in usage:
        if standing.allows(request_of(row)) and atom_of(row) not in doubtful:
            assert grants(one, row.verb, atom_of(row).resource, row.name, row.namespace), row


@given(HELD, USAGE, st.randoms(use_true_random=False))
def test_order_changes_nothing(bound: list[tuple[Subject, str, PolicyRule]], usage: list[Usage], random: st.DataObject) -> None:
    mixed = usage[:]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert proposal(cluster(*bound), *usage).namespaced == proposal(cluster(*bound), *mixed).namespaced


def test_the_authorizer_agrees_that_nothing_seen_is_denied() -> None:
    """By the exact engine, over the cluster as the proposal would leave it."""
    from ostiary.pillars.rbac.identity import Identity
    from ostiary.pillars.rbac.proving.after import after

    usage = (
        *WORK,
        used("get", "secrets", "db", "shop", days=NOVEMBER),
        used("create", "pods/exec", "db-0", "shop", days=NOVEMBER),
    )
    one = proposal(EVERYTHING, *usage)
    authorizer = Authorizer(after(world(EVERYTHING).cluster, (one,)))
    for row in usage:
        assert authorizer.decide(Identity(WEB, GROUPS), request_of(row)).allowed
    assert not authorizer.decide(Identity(WEB, GROUPS), Atom("get", "", "secrets", "db", "pay").request).allowed


def test_a_role_that_is_not_among_the_manifests_is_said_and_one_that_a_server_has_not_is_nothing() -> None:
    held = cluster((ACCOUNT, "", ALL), version="")
    one = proposal(replace(held, cluster_roles=()), used("get", "pods", "web", "shop"))
    assert one.outcome is Outcome.KEEP
    assert "ClusterRole role-0 is not among the manifests" in one.reason
    assert proposals(replace(held, cluster_roles=(), server_version="v1.37.2")) == {}


def test_ever_new_namespaces_are_all_of_them_unless_that_leads_further() -> None:
    def everywhere(verb: str, resource: str) -> list[Usage]:
        return [used(verb, resource, namespace=f"n{day}", days=(day, day + 1)) for day in range(1, 29)]

    one = proposal(EVERYTHING, *everywhere("list", "configmaps"))
    assert grants(one, "list", "configmaps", "", "n99")
    left = proposal(EVERYTHING, *everywhere("list", "secrets"))
    assert left.outcome is Outcome.KEEP
    assert "list secrets cluster-wide" in left.reason


def test_what_belongs_to_it_is_not_added_where_it_is_not_held() -> None:
    rest = rule("update delete", "configmaps")
    one = proposal(
        cluster((ACCOUNT, "shop", rule("watch", "pods")), (ACCOUNT, "shop", rest)), used("watch", "pods", namespace="shop")
    )
    assert dict(one.namespaced) == {"shop": (rule("watch", "pods"),)}
    streams = (ACCOUNT, "shop", rule("get", "pods/exec"))
    days = tuple(range(1, 31))
    one = proposal(cluster(streams, (ACCOUNT, "shop", rest)), used("get", "pods/exec", "db-0", "shop", days=days))
    assert dict(one.namespaced) == {"shop": (rule("get", "pods/exec", names="db-0"),)}


def test_what_is_not_sure_to_be_held_is_left_alone() -> None:
    one = proposal(cluster((ACCOUNT, "shop", PolicyRule(api_groups=("",), resources=("pods",))), version=""))
    assert one.outcome is Outcome.KEEP
    assert "not sure" in one.reason


def test_a_name_that_a_primitive_is_not_about_is_no_way() -> None:
    """Config maps lead further in kube-system under four names, and nowhere else."""
    dangers = Dangers(())
    assert dangers.ways(Atom("update", "", "configmaps", "aws-auth", "kube-system"))
    assert not dangers.ways(Atom("update", "", "configmaps", "aws-auth", "shop"))
    assert not dangers.ways(Atom("update", "", "configmaps", "other", "kube-system"))
    assert not dangers.ways(Atom("create", "", "pods", "named", "shop")), "a rule with names never allows it"
    assert dangers.ways(Atom("create", "", "pods", "", "shop"))
