"""The resources that people name: to which API group a word belongs, and whether the resource stands in a namespace.

RBAC itself knows no resources: it compares words. But people write ``deployments`` and mean ``deployments.apps``, and a request for a node never has a
namespace, whatever stands on a command line. Built-in resources of 1.37 (compared with a server's discovery by a judge), resources that exist in
authorization only, and custom resources of the Cluster.

>>> find("deployments", Cluster())
(Known(group='apps', resource='deployments', namespaced=True),)
"""

from typing import NamedTuple

from ostiary.model.cluster import Cluster

NAMESPACED = {
    "": "bindings configmaps endpoints events limitranges persistentvolumeclaims pods podtemplates replicationcontrollers "
    "resourcequotas secrets serviceaccounts services",
    "apps": "controllerrevisions daemonsets deployments replicasets statefulsets",
    "authorization.k8s.io": "localsubjectaccessreviews",
    "autoscaling": "horizontalpodautoscalers",
    "batch": "cronjobs jobs",
    "certificates.k8s.io": "podcertificaterequests",
    "coordination.k8s.io": "leases",
    "discovery.k8s.io": "endpointslices",
    "events.k8s.io": "events",
    "networking.k8s.io": "ingresses networkpolicies",
    "policy": "poddisruptionbudgets",
    "rbac.authorization.k8s.io": "rolebindings roles",
    "resource.k8s.io": "resourceclaims resourceclaimtemplates",
    "storage.k8s.io": "csistoragecapacities",
}
CLUSTER_SCOPED = {
    "": "componentstatuses namespaces nodes persistentvolumes",
    "admissionregistration.k8s.io": "mutatingadmissionpolicies mutatingadmissionpolicybindings mutatingwebhookconfigurations "
    "validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations",
    "apiextensions.k8s.io": "customresourcedefinitions",
    "apiregistration.k8s.io": "apiservices",
    "authentication.k8s.io": "selfsubjectreviews tokenreviews",
    "authorization.k8s.io": "selfsubjectaccessreviews selfsubjectrulesreviews subjectaccessreviews",
    "certificates.k8s.io": "certificatesigningrequests clustertrustbundles",
    "flowcontrol.apiserver.k8s.io": "flowschemas prioritylevelconfigurations",
    "networking.k8s.io": "ingressclasses ipaddresses servicecidrs",
    "node.k8s.io": "runtimeclasses",
    "rbac.authorization.k8s.io": "clusterrolebindings clusterroles",
    "resource.k8s.io": "deviceclasses devicetaintrules resourceslices",
    "scheduling.k8s.io": "priorityclasses",
    "storage.k8s.io": "csidrivers csinodes storageclasses volumeattachments volumeattributesclasses",
    "storagemigration.k8s.io": "storageversionmigrations",
}
# Words that only authorization knows: nothing is served under them. Core ``users`` and ``groups`` are impersonated in the old mode.
VIRTUAL = {
    "": "groups users",
    "authentication.k8s.io": "admissionreviewapigroups uids userextras",
    "certificates.k8s.io": "signers",
}


class Known(NamedTuple):
    """One resource."""

    group: str
    resource: str
    namespaced: bool


def _table() -> dict[str, tuple[Known, ...]]:
    found: dict[str, tuple[Known, ...]] = {}
    for table, namespaced in ((NAMESPACED, True), (CLUSTER_SCOPED, False), (VIRTUAL, False)):
        for group, words in table.items():
            for word in words.split():
                found[word] = (*found.get(word, ()), Known(group, word, namespaced))
    return found


_BUILT_IN = _table()


def find(resource: str, cluster: Cluster) -> tuple[Known, ...]:
    """Every resource of that plural name, the core group first."""
    custom = (
        Known(crd.spec.group, crd.spec.names.plural, crd.spec.scope == "Namespaced")
        for crd in cluster.custom_resource_definitions
        if crd.spec.names.plural == resource
    )
    return (*_BUILT_IN.get(resource, ()), *custom)


def scope(group: str, resource: str, cluster: Cluster) -> bool | None:
    """Whether a resource stands in a namespace; None when nothing here knows it."""
    return next((known.namespaced for known in find(resource, cluster) if known.group == group), None)
