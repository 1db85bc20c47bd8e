"""The Node authorizer where a review cannot help: what a Cluster does not hold is unknown, and never more than that."""

import msgspec
import pytest

from ostiary.model.basics import PersistentVolume, PersistentVolumeSpec
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta
from ostiary.model.pods import ClaimVolume, CSIVolume, HostPath, Pod, PodSpec, Volume
from ostiary.model.value import Present
from ostiary.pillars.rbac.authorizer import Authorizer
from ostiary.pillars.rbac.decision import Decision
from ostiary.pillars.rbac.identity import Identity
from ostiary.pillars.rbac.request import Request
from ostiary.pillars.rbac.server import Server

NODE = Identity("system:node:n1", ("system:nodes", "system:authenticated"))
SECRET = Request("get", "secrets", name="key", namespace="shop")


def pod(*volumes: Volume, node: str = "n1", namespace: str = "shop") -> Pod:
    return Pod(metadata=Meta(name="web", namespace=namespace), spec=PodSpec(node_name=node, volumes=volumes))


def decide(request: Request, *pods: Pod, server: Server | None = None, **more: object) -> Decision:
    cluster = msgspec.structs.replace(Cluster(pods=pods, server_version="v1.37.2"), **more)
    return Authorizer(cluster, server).decide(NODE, request).decision


CLAIMED = pod(Volume(persistent_volume_claim=ClaimVolume(claim_name="data")))


@pytest.mark.parametrize(
    ("pods", "decision"),
    [
        ((), Decision.NO_OPINION),
        ((pod(),), Decision.NO_OPINION),
        ((pod(Volume(csi=CSIVolume(driver="d"))),), Decision.UNKNOWN),
        ((pod(Volume(azure_file=Present())),), Decision.UNKNOWN),
        ((pod(Volume(iscsi=Present()), node="n2"),), Decision.NO_OPINION),
        ((pod(Volume(iscsi=Present()), namespace="bank"),), Decision.NO_OPINION),
        ((CLAIMED,), Decision.NO_OPINION),
    ],
)
def test_volumes_whose_secrets_are_not_modelled_leave_a_doubt_in_their_namespace(
    pods: tuple[Pod, ...], decision: Decision
) -> None:
    assert decide(SECRET, *pods) is decision


def test_a_claim_may_lead_to_a_secret_through_a_volume_that_can_have_one() -> None:
    opaque = PersistentVolume(metadata=Meta(name="v"))
    local = PersistentVolume(metadata=Meta(name="v"), spec=PersistentVolumeSpec(host_path=HostPath(path="/data")))
    assert decide(SECRET, CLAIMED, persistent_volumes=(opaque,)) is Decision.UNKNOWN
    assert decide(SECRET, CLAIMED, persistent_volumes=(local,)) is Decision.NO_OPINION
    assert decide(SECRET, pod(), persistent_volumes=(opaque,)) is Decision.NO_OPINION


def test_unseen_pods_leave_a_doubt_about_what_they_could_lead_to_and_nothing_else() -> None:
    blind = (Blind(kind="Pod", reason=Reason.FORBIDDEN),)
    assert decide(SECRET, blind=blind) is Decision.UNKNOWN
    assert decide(Request("get", "nodes", name="n2"), blind=blind) is Decision.NO_OPINION
    assert decide(Request("list", "secrets", namespace="shop"), blind=blind) is Decision.NO_OPINION


@pytest.mark.parametrize(
    "request_",
    [
        Request("get", "resourceclaims", "resource.k8s.io", name="c", namespace="shop"),
        Request("get", "volumeattachments", "storage.k8s.io", name="a"),
        Request("patch", "resourceslices", "resource.k8s.io", name="s"),
        Request("get", "podcertificaterequests", "certificates.k8s.io", name="r", namespace="shop"),
    ],
    ids=str,
)
def test_objects_that_a_cluster_does_not_hold(request_: Request) -> None:
    assert decide(request_) is Decision.UNKNOWN
    other = Identity("ann", NODE.groups)
    assert Authorizer(Cluster()).decide(other, request_).decision is Decision.NO_OPINION


def test_versions_that_are_not_modelled_are_unknown_and_gates_count() -> None:
    own = Request("get", "nodes", name="n1")
    assert decide(own, server=Server(minor=33)) is Decision.UNKNOWN
    assert decide(own, server=Server(minor=38)) is Decision.UNKNOWN
    assert decide(own, server=Server(minor=34)) is Decision.ALLOW
    bundles = Request("get", "clustertrustbundles", "certificates.k8s.io", name="b")
    assert decide(bundles, server=Server(minor=36)) is Decision.NO_OPINION
    assert decide(bundles, server=Server(minor=36, gates=(("ClusterTrustBundle", True),))) is Decision.ALLOW


def test_a_source_of_files_counts_what_admission_would_add() -> None:
    root = Request("get", "configmaps", name="kube-root-ca.crt", namespace="shop")
    assert Authorizer(Cluster(pods=(pod(),))).decide(NODE, root).allowed
    assert decide(root, pod()) is Decision.NO_OPINION  # a pod of a server has it among its volumes, or not at all


def test_who_by_the_node_authorizer() -> None:
    authorizer = Authorizer(Cluster(pods=(pod(),), server_version="v1.37.2"))
    assert authorizer.nodes_that_may(Request("list", "services")) == ("*",)
    assert authorizer.nodes_that_may(Request("get", "pods", name="web", namespace="shop")) == ("n1",)
    assert authorizer.nodes_that_may(Request("get", "nodes", name="n7")) == ("n7",)
    assert authorizer.nodes_that_may(Request("get", "pods", name="db", namespace="shop")) == ()
