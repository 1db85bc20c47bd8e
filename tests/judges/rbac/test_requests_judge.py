"""What no access review can say, tried by real requests:

Impersonation in every mode, and writing roles and bindings beyond one's own rights.
"""

import hashlib
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from tests.judges.rbac.api import RBAC, ApiServer
from tests.pillars.rbac import clusters

from ostiary.model.rbac import Role, RoleRef
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.escalation import may_bind, may_write_role
from ostiary.pillars.rbac.identity import NODE_NAME_KEY, Identity, authenticated
from ostiary.pillars.rbac.impersonation import impersonate
from ostiary.pillars.rbac.request import Request

pytestmark = pytest.mark.judge("rbac-requests")
GROUP, AUTHENTICATION, VERSION = "rbac.authorization.k8s.io", "authentication.k8s.io", "v1.37.2"
NAMESPACE = "judge-a"
ANN = Identity("ann", ("system:authenticated",))


@dataclass(frozen=True)
class Cluster:
    """What is bound to ann: rules cluster-wide, and rules in the namespace."""

    wide: tuple[dict[str, Any], ...] = ()
    narrow: tuple[dict[str, Any], ...] = ()
    further: tuple[dict[str, Any], ...] = field(default=())

    @property
    def objects(self) -> list[dict[str, Any]]:
        subjects = [{"kind": "User", "name": "ann"}]
        return [
            _object("ClusterRole", "judge:wide", rules=list(self.wide)),
            _object("ClusterRoleBinding", "judge:wide", subjects=subjects, roleRef=_ref("ClusterRole", "judge:wide")),
            _object("Role", "judge:narrow", NAMESPACE, rules=list(self.narrow)),
            _object("RoleBinding", "judge:narrow", NAMESPACE, subjects=subjects, roleRef=_ref("Role", "judge:narrow")),
            *self.further,
        ]


def _object(kind: str, name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": meta, **more}


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"apiGroup": GROUP, "kind": kind, "name": name}


def rule(verbs: str, resources: str, group: str = "", names: str = "") -> dict[str, Any]:
    said: dict[str, Any] = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    return {**said, "resourceNames": names.split()} if names else said


def stand(api: ApiServer, cluster: Cluster) -> Authorizer:
    """Make the cluster there, and judge by all that the server then holds."""
    for namespace in clusters.NAMESPACES:
        api.namespace(namespace)
    api.clear()
    api.create(cluster.objects)
    api.settle(NAMESPACE, aggregation=any("aggregationRule" in one for one in cluster.further))
    live = [{**item, "kind": kind} for kind, items in api.rbac().items() for item in items]
    return Authorizer(clusters.typed(live, server_version=VERSION))


def headers(wanted: Identity) -> list[tuple[str, str]]:
    """The impersonation headers of an identity."""
    said = [("Impersonate-User", wanted.user)] if wanted.user else []
    said += [("Impersonate-Group", group) for group in wanted.groups]
    said += [("Impersonate-Uid", wanted.uid)] if wanted.uid else []
    return said + [(f"Impersonate-Extra-{quote(key, safe='')}", value) for key, values in wanted.extra for value in values]


LISTING = Request("list", "configmaps", namespace=NAMESPACE)
WEB = "system:serviceaccount:judge-a:web"
WANTED = (
    Identity("bob"),
    Identity("bob", ("dev",)),
    Identity("bob", ("dev", "ops", "qa", "web")),
    Identity("bob", ("system:masters",)),
    Identity("bob", uid="1"),
    Identity("bob", extra=(("scopes", ("view", "edit")),)),  # the old mode takes any key, the others domain/path alone
    Identity("bob", extra=(("example.com/scopes", ("view",)),)),
    Identity("bob", extra=(("example.com/scopes", ("a", "b", "c", "d")),)),
    Identity(WEB),
    Identity(WEB, ("dev",)),
    Identity("system:node:n1"),
    Identity("system:node:n1", ("system:nodes",)),
    Identity("system:node:UPPER"),
    Identity("system:anonymous"),
    Identity("", ("dev",)),
)
# Each line is a set of rights that ann may have; together they reach every mode on both sides.
RIGHTS: dict[str, Cluster] = {
    "nothing": Cluster(),
    "old user": Cluster((rule("impersonate", "users"),)),
    "old user and group": Cluster((rule("impersonate", "users groups"),)),
    "old named": Cluster((rule("impersonate", "users", names="bob"), rule("impersonate", "groups", names="dev ops"))),
    "old account in its namespace": Cluster(narrow=(rule("impersonate", "serviceaccounts", names="web"),)),
    "old groups alone": Cluster((rule("impersonate", "groups"),)),
    "old uid and extra": Cluster((rule("impersonate", "users"), rule("impersonate", "uids userextras/scopes", AUTHENTICATION))),
    "be and do": Cluster(
        (rule("impersonate:user-info", "users groups", AUTHENTICATION), rule("impersonate-on:user-info:list", "configmaps"))
    ),
    "be, not do": Cluster((rule("impersonate:user-info", "users groups", AUTHENTICATION),)),
    "do, not be": Cluster((rule("impersonate-on:user-info:list", "configmaps"),)),
    "be in the wrong group": Cluster(
        (rule("impersonate:user-info", "users groups"), rule("impersonate-on:user-info:list", "configmaps"))
    ),
    "many groups by star": Cluster(
        (
            rule("impersonate:user-info", "users", AUTHENTICATION),
            rule("impersonate:user-info", "groups", AUTHENTICATION, names="*"),
            rule("impersonate-on:user-info:list", "configmaps"),
        )
    ),
    "extra": Cluster(
        (
            rule("impersonate:user-info", "users uids userextras/scopes userextras/example.com/scopes", AUTHENTICATION),
            rule("impersonate-on:user-info:*", "configmaps"),
            rule("impersonate-on:user-info:list", "configmaps"),
        )
    ),
    "extra by star": Cluster(
        (
            rule("impersonate:user-info", "users", AUTHENTICATION),
            rule("impersonate:user-info", "*/*", AUTHENTICATION, names="*"),
            rule("impersonate-on:user-info:list", "configmaps"),
        )
    ),
    "account": Cluster(
        narrow=(
            rule("impersonate:serviceaccount", "serviceaccounts", AUTHENTICATION),
            rule("impersonate-on:serviceaccount:list", "configmaps"),
        )
    ),
    "account by user-info": Cluster(
        (
            rule("impersonate:user-info", "users serviceaccounts", AUTHENTICATION),
            rule("impersonate-on:user-info:list", "configmaps"),
        )
    ),
    "any node": Cluster(
        (rule("impersonate:arbitrary-node", "nodes", AUTHENTICATION), rule("impersonate-on:arbitrary-node:list", "configmaps"))
    ),
    "one node": Cluster(
        (
            rule("impersonate:arbitrary-node", "nodes", AUTHENTICATION, "n1"),
            rule("impersonate-on:arbitrary-node:list", "configmaps"),
        )
    ),
    "everything": Cluster((rule("*", "*", "*"),)),
}


@pytest.mark.parametrize("right", RIGHTS)
def test_impersonation(api: ApiServer, right: str) -> None:
    """ann impersonates, and is told so by who the server says she then is."""
    stand(api, RIGHTS[right])
    everybody = _object("ClusterRole", "judge:list", rules=[rule("list", "configmaps")])
    bound = _object(
        "ClusterRoleBinding",
        "judge:list",
        subjects=[{"kind": "Group", "name": name} for name in ("system:authenticated", "system:unauthenticated")],
        roleRef=_ref("ClusterRole", "judge:list"),
    )
    account = account_of(right)
    token = account_token(api, account)
    api.create([everybody, bound, *as_account(RIGHTS[right], account)])
    api.settle(NAMESPACE)
    live = [{**item, "kind": kind} for kind, items in api.rbac().items() for item in items]
    authorizer = Authorizer(clusters.typed(live, server_version=VERSION))
    requestor = authenticated(f"system:serviceaccount:{NAMESPACE}:{account}")
    for wanted in WANTED:
        status = api.ask_as(token, "GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps", headers(wanted))
        outcome = impersonate(authorizer, requestor, wanted, LISTING)
        allowed = (
            outcome.answer.allowed and outcome.identity is not None and authorizer.decide(outcome.identity, LISTING).allowed
        )
        assert (status == 200) == allowed, (right, wanted, status, outcome)


NODE_RIGHTS: dict[str, Cluster] = {
    "own node": Cluster(
        (
            rule("impersonate:associated-node", "nodes", AUTHENTICATION),
            rule("impersonate-on:associated-node:list", "configmaps"),
        )
    ),
    "own node by star": Cluster(
        (
            rule("impersonate:associated-node", "nodes", AUTHENTICATION, "*"),
            rule("impersonate-on:associated-node:list", "configmaps"),
        )
    ),
    "own node by name": Cluster(
        (
            rule("impersonate:associated-node", "nodes", AUTHENTICATION, "n1"),
            rule("impersonate-on:associated-node:list", "configmaps"),
        )
    ),
    "nothing to do there": Cluster((rule("impersonate:associated-node", "nodes", AUTHENTICATION),)),
}


@pytest.mark.parametrize("right", NODE_RIGHTS)
def test_impersonation_of_the_node_that_one_runs_on(api: ApiServer, right: str) -> None:
    """A token that is bound to a pod says on which node it runs; by that alone the mode for associated nodes is open."""
    account = account_of(f"node: {right}")
    account_token(api, account)
    namespace = f"/api/v1/namespaces/{NAMESPACE}"
    api.ask("POST", "/api/v1/nodes", {"metadata": {"name": "n1"}})
    pod = {
        "metadata": {"name": account},
        "spec": {"nodeName": "n1", "serviceAccountName": account, "containers": [{"name": "c", "image": "c"}]},
    }
    api.ask("POST", f"{namespace}/pods", pod)
    reply = api.ask("GET", f"{namespace}/pods/{account}")
    assert reply.status == 200, reply
    bound = {
        "spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": account, "uid": reply.body["metadata"]["uid"]}}
    }
    token = api.ask("POST", f"{namespace}/serviceaccounts/{account}/token", bound).body["status"]["token"]
    cluster = Cluster((*NODE_RIGHTS[right].wide,), further=tuple(as_account(NODE_RIGHTS[right], account)))
    nodes = _object("ClusterRole", "judge:nodes", rules=[rule("list", "configmaps")])
    holders = [{"kind": "Group", "name": "system:nodes"}]
    grant = _object("ClusterRoleBinding", "judge:nodes", subjects=holders, roleRef=_ref("ClusterRole", "judge:nodes"))
    authorizer = stand(api, replace(cluster, further=(*cluster.further, nodes, grant)))
    extra = ((NODE_NAME_KEY, ("n1",)), ("authentication.kubernetes.io/pod-name", (account,)))
    requestor = replace(authenticated(f"system:serviceaccount:{NAMESPACE}:{account}"), extra=extra)
    for wanted in (Identity("system:node:n1"), Identity("system:node:n2"), Identity("bob")):
        status = api.ask_as(token, "GET", f"{namespace}/configmaps", headers(wanted))
        outcome = impersonate(authorizer, requestor, wanted, LISTING)
        allowed = (
            outcome.answer.allowed and outcome.identity is not None and authorizer.decide(outcome.identity, LISTING).allowed
        )
        assert (status == 200) == allowed, (right, wanted, status, outcome)
        assert allowed == (wanted.user == "system:node:n1" and right in ("own node", "own node by star"))


def account_of(right: str) -> str:
    """A service account for each set of rights: the server remembers for ten seconds that an impersonation was allowed, also when the right is gone."""
    return f"ann-{hashlib.sha256(right.encode()).hexdigest()[:10]}"


def account_token(api: ApiServer, account: str) -> str:
    """A token of a service account: somebody who is not the administrator and can impersonate only by right."""
    api.namespace(NAMESPACE)
    api.ask("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": account}})
    reply = api.ask("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token", {"spec": {}})
    assert reply.status == 201, reply
    return str(reply.body["status"]["token"])


def as_account(cluster: Cluster, account: str) -> list[dict[str, Any]]:
    """The bindings of a cluster, for a service account."""
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}]
    bindings = [one for one in cluster.objects if one["kind"].endswith("Binding")]
    return [{**one, "metadata": {**one["metadata"], "name": "judge:account"}, "subjects": subjects} for one in bindings]


WRITERS = rule("create update patch", "roles clusterroles rolebindings clusterrolebindings", GROUP)
HELD: dict[str, tuple[dict[str, Any], ...]] = {
    "nothing": (),
    "some": (rule("get list", "pods secrets"), rule("get", "deployments", "apps", "web")),
    "all verbs by name": (rule("get list watch create update patch delete deletecollection", "pods"),),
    "star verb": (rule("*", "pods pods/exec"),),
    "subresource star": ({"verbs": ["*"], "apiGroups": [""], "resources": ["*/exec", "*/log"]},),
    "star resource": (rule("*", "*"),),
    "split": (rule("get", "pods"), rule("list", "secrets")),
    "paths": ({"verbs": ["get"], "nonResourceURLs": ["/healthz/*", "/x"]},),
    "everything": (rule("*", "*", "*"), {"verbs": ["*"], "nonResourceURLs": ["*"]}),
    "escalate": (rule("escalate", "roles clusterroles", GROUP),),
    "escalate by name": (rule("escalate", "roles clusterroles", GROUP, "judge:new"),),
    "bind": (rule("bind", "roles clusterroles", GROUP),),
    "bind by name": (rule("bind", "clusterroles", GROUP, "judge:target"),),
}
TARGETS: tuple[tuple[dict[str, Any], ...], ...] = (
    (),
    (rule("get", "pods"),),
    (rule("get list", "pods secrets"),),
    (rule("*", "pods"),),
    (rule("create", "pods/exec"),),
    (rule("get", "pods", names="web"),),
    (rule("get", "deployments", "apps", "web db"),),
    (rule("get", "*"),),
    ({"verbs": ["get"], "apiGroups": [""], "resources": ["*/exec"]},),
    ({"verbs": ["get"], "nonResourceURLs": ["/healthz/etcd"]},),
    ({"verbs": ["get"], "nonResourceURLs": ["/healthz*"]},),
    (rule("get", "pods"), rule("delete", "secrets")),
)


@pytest.mark.parametrize("held", HELD)
def test_writing_roles_and_bindings(api: ApiServer, held: str) -> None:
    """ann, who may write roles and bindings, writes those whose rules she has, and no others."""
    targets = [_object("ClusterRole", f"judge:target{index}", rules=list(rules)) for index, rules in enumerate(TARGETS)]
    targets.append(_object("ClusterRole", "judge:target", rules=[rule("delete", "nodes")]))
    authorizer = stand(api, Cluster((WRITERS, *HELD[held]), further=tuple(targets)))
    ann = [("Impersonate-User", "ann")]
    for rules, name in product(TARGETS, ("judge:new", "judge:other")):
        role = _object("ClusterRole", name, rules=list(rules))
        created = api.ask("POST", f"{RBAC}/clusterroles?dryRun=All", role, dict(ann)).status
        answer = may_write_role(authorizer, ANN, _role(role), kind="ClusterRole", update=False)
        assert (created == 201) == answer.allowed, (held, role, created, answer)
    for rules in TARGETS:
        role = _object("ClusterRole", "judge:target", rules=[*rules, rule("delete", "nodes")])
        updated = api.ask("PUT", f"{RBAC}/clusterroles/judge:target?dryRun=All", role, dict(ann)).status
        answer = may_write_role(authorizer, ANN, _role(role), kind="ClusterRole", update=True)
        assert (updated == 200) == answer.allowed, (held, role, updated, answer)
    for name, namespace in product([one["metadata"]["name"] for one in targets] + ["judge:gone"], ("", NAMESPACE)):
        kind, path = (
            ("RoleBinding", f"{RBAC}/namespaces/{namespace}/rolebindings")
            if namespace
            else ("ClusterRoleBinding", f"{RBAC}/clusterrolebindings")
        )
        binding = _object(
            kind, "judge:new", namespace, roleRef=_ref("ClusterRole", name), subjects=[{"kind": "User", "name": "eve"}]
        )
        bound = api.ask("POST", f"{path}?dryRun=All", binding, dict(ann)).status
        answer = may_bind(authorizer, ANN, RoleRef(api_group=GROUP, kind="ClusterRole", name=name), namespace)
        assert (bound == 201) == answer.allowed, (held, binding, bound, answer)


def test_aggregation_rules_need_everything(api: ApiServer) -> None:
    role = _object("ClusterRole", "judge:sum", rules=[])
    role["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {"part": "sum"}}]}
    for held, expected in (("star resource", 403), ("everything", 201), ("escalate", 201)):
        authorizer = stand(api, Cluster((WRITERS, *HELD[held])))
        created = api.ask("POST", f"{RBAC}/clusterroles?dryRun=All", role, {"Impersonate-User": "ann"}).status
        answer = may_write_role(authorizer, ANN, _role(role), kind="ClusterRole", update=False)
        assert created == expected, held
        assert answer.allowed == (expected == 201), (held, answer)


def _role(item: dict[str, Any]) -> Role:
    return msgspec.convert({key: value for key, value in item.items() if key not in ("apiVersion", "kind")}, Role)
