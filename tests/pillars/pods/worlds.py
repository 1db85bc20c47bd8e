"""Small Worlds to decide about, made by hand."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from ostiary.model.basics import Namespace
from ostiary.model.blind import Blind
from ostiary.model.cluster import Cluster
from ostiary.model.intent import Intent, PodException, PodIntent
from ostiary.model.levels import Level
from ostiary.model.meta import Meta, OwnerReference
from ostiary.model.pods import (
    Capabilities,
    Container,
    Pod,
    PodSecurityContext,
    PodSpec,
    PodStatus,
    PodTemplate,
    Profile,
    SecurityContext,
)
from ostiary.model.workloads import Workload, WorkloadSpec
from ostiary.model.world import World

TODAY = date(2026, 11, 24)
LABEL = "pod-security.kubernetes.io/"

TAME = PodSpec(
    containers=(
        Container(
            name="web",
            security_context=SecurityContext(allow_privilege_escalation=False, capabilities=Capabilities(drop=("ALL",))),
        ),
    ),
    security_context=PodSecurityContext(run_as_non_root=True, seccomp_profile=Profile(type="RuntimeDefault")),
)
ORDINARY = PodSpec(containers=(Container(name="web"),))
PRIVILEGED = PodSpec(containers=(Container(name="web", security_context=SecurityContext(privileged=True)),))
HOST_PID = PodSpec(containers=(Container(name="web"),), host_pid=True)


def namespace(name: str, **labels: str) -> Namespace:
    """A namespace; keywords are Pod Security labels, ``_`` for ``-``."""
    return Namespace(metadata=Meta(name=name, labels={LABEL + key.replace("_", "-"): value for key, value in labels.items()}))


def pod(name: str, spec: PodSpec, *, ns: str = "shop", owner: str = "", phase: str = "Running", **meta: Any) -> Pod:
    """A pod; ``owner`` is ``Kind/name``."""
    return Pod(
        metadata=Meta(name=name, namespace=ns, owner_references=_owners(owner), **meta),
        spec=spec,
        status=PodStatus(phase=phase),
    )


def workload(
    name: str, spec: PodSpec, *, ns: str = "shop", owner: str = "", labels: Mapping[str, str] | None = None
) -> Workload:
    """A Deployment, ReplicaSet, Job ... by the section that it is put in."""
    template = PodTemplate(metadata=Meta(labels=dict(labels or {})), spec=spec)
    meta = Meta(name=name, namespace=ns, owner_references=_owners(owner))
    return Workload(metadata=meta, spec=WorkloadSpec(replicas=1, template=template))


def _owners(owner: str) -> tuple[OwnerReference, ...]:
    kind, _, name = owner.partition("/")
    return (OwnerReference(kind=kind, name=name, controller=True),) if owner else ()


def world(*, intent: PodIntent | None = None, blind: tuple[Blind, ...] = (), server: str = "v1.37.2", **sections: Any) -> World:
    """A World of these sections."""
    cluster = Cluster(blind=blind, server_version=server, **{name: tuple(found) for name, found in sections.items()})
    return World.of(cluster, today=TODAY, intent=Intent(pods=intent or PodIntent()))


def exception(ns: str, level: Level, expires: date) -> PodException:
    """An exception in the intent file."""
    return PodException(namespace=ns, level=level, owner="payments team", reason="old agent", expires=expires)


def deployed(spec: PodSpec, *, shown: PodSpec | None = None, **labels: str) -> World:
    """A namespace ``shop`` with one Deployment ``web``, its ReplicaSet and one pod of it (of spec ``shown``, where mutated)."""
    return world(
        namespaces=[namespace("shop", **labels)],
        deployments=[workload("web", spec)],
        replica_sets=[workload("web-1", spec, owner="Deployment/web")],
        pods=[pod("web-1-x", shown or spec, owner="ReplicaSet/web-1")],
    )
