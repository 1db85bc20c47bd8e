"""The digest of a World, as a tree: a certificate shows some leaves, and the digests of everything else.

leaf     [kind, namespace, name, rest, posture]
section  SHA-256 of the JSON array of its leaves, sorted
cluster  SHA-256 of the JSON object of its sections
world    SHA-256 of the JSON object {cluster, evidence, intent, server, today}
"""

from .reading import Broken, Certificate, canonical, sha256

# Sections that hold pods or make them, with the kind of their leaves.
MAKERS = {
    "pods": "Pod",
    "deployments": "Deployment",
    "replica_sets": "ReplicaSet",
    "stateful_sets": "StatefulSet",
    "daemon_sets": "DaemonSet",
    "jobs": "Job",
    "cron_jobs": "CronJob",
    "replication_controllers": "ReplicationController",
    "pod_templates": "PodTemplate",
    "controller_revisions": "ControllerRevision",
}
MUTATORS = {
    "mutating_webhooks": "MutatingWebhookConfiguration",
    "mutating_admission_policies": "MutatingAdmissionPolicy",
    "mutating_admission_policy_bindings": "MutatingAdmissionPolicyBinding",
}
SHOWN = {
    "pods": {"namespaces": "Namespace", **MAKERS, **MUTATORS, "blind": ""},
    "rbac": {
        "roles": "Role",
        "cluster_roles": "ClusterRole",
        "role_bindings": "RoleBinding",
        "cluster_role_bindings": "ClusterRoleBinding",
        "service_accounts": "ServiceAccount",
        "namespaces": "Namespace",
        "secrets": "Secret",
        "custom_resource_definitions": "CustomResourceDefinition",
        "blind": "",
    },
}


def check_tree(certificate: Certificate) -> None:
    """Every digest follows from what is below it, and every section that the claim is about is shown in full."""
    shown = SHOWN[certificate.pillar]
    if set(certificate.leaves) != set(shown):
        raise Broken("other sections are shown than the claim needs")
    for section, leaves in certificate.leaves.items():
        kind = shown[section]
        if kind and any(leaf[0] != kind for leaf in leaves):
            raise Broken(f"section {section} holds a leaf that is no {kind}")
        if certificate.sections.get(section) != sha256(canonical([list(leaf) for leaf in sorted(leaves)])):
            raise Broken(f"the leaves of {section} are not those of its digest")
    if certificate.world["cluster"] != sha256(canonical(certificate.sections)):
        raise Broken("the sections are not those of the cluster's digest")
    parts = {name: part for name, part in certificate.world.items() if name != "digest"}
    if certificate.world["digest"] != sha256(canonical(parts)):
        raise Broken("the parts are not those of the world's digest")
