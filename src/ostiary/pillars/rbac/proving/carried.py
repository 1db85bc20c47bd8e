"""What pods carry: the token of a service account, and secrets. Whoever gets into a pod has both.

Of a running cluster the pods that are there, by the token volume that the API server gave them; of manifests the pods that templates would make, by what is
said of tokens. What a pod mounts it carries, whether or not some container looks at it.

>>> carried(Cluster())
()
"""

from collections.abc import Iterator
from typing import NamedTuple

from ostiary.model.cluster import Cluster
from ostiary.model.pods import PodSpec

FINISHED = ("Succeeded", "Failed")


class Carried(NamedTuple):
    """One pod. ``name`` is empty for a pod that a template would make; ``account`` is empty where it has no token."""

    namespace: str
    name: str
    node: str
    account: str
    secrets: tuple[str, ...]


def carried(cluster: Cluster) -> tuple[Carried, ...]:
    """What every pod carries that runs, or that a manifest would make."""
    silent = {
        (one.metadata.namespace, one.metadata.name)
        for one in cluster.service_accounts
        if one.automount_service_account_token is False
    }
    found = [
        _of(pod.metadata.namespace, pod.metadata.name, pod.spec, silent, live=bool(cluster.server_version))
        for pod in cluster.pods
        if pod.status.phase not in FINISHED
    ]
    if not cluster.server_version:
        found += [_of(one.metadata.namespace, "", one.template.spec, silent, live=False) for _, one in cluster.workloads()]
    return tuple(found)


def _of(namespace: str, name: str, spec: PodSpec, silent: set[tuple[str, str]], *, live: bool) -> Carried:
    account = spec.service_account
    said = spec.automount_service_account_token
    mounts = said if said is not None else (namespace, account) not in silent
    has_token = _projects_token(spec) or (mounts and not live)
    return Carried(namespace, name, spec.node_name, account if has_token else "", tuple(sorted(set(_secrets(spec)))))


def _projects_token(spec: PodSpec) -> bool:
    sources = (source for volume in spec.volumes if volume.projected for source in volume.projected.sources)
    return any(source.service_account_token is not None for source in sources)


def _secrets(spec: PodSpec) -> Iterator[str]:
    for volume in spec.volumes:
        if volume.secret:
            yield volume.secret.secret_name
        for source in volume.projected.sources if volume.projected else ():
            if source.secret:
                yield source.secret.name
    for container in spec.all_containers():
        for variable in container.env:
            if variable.value_from and variable.value_from.secret_key_ref:
                yield variable.value_from.secret_key_ref.name
        for whole in container.env_from:
            if whole.secret_ref:
                yield whole.secret_ref.name
