"""A World: Cluster, Evidence and Intent under one digest. Same World, same answer, byte for byte.

The digest is a small tree, so that a certificate can show a part of a World without the rest:

    leaf     [kind, namespace, name, rest, posture]   rest, posture: SHA-256 of the canonical JSON
    section  SHA-256 of the JSON array of its leaves, sorted
    cluster  SHA-256 of the JSON object of its sections
    world    SHA-256 of the JSON object {cluster, evidence, intent, server, today}

``posture`` is what Pod Security reads of an object that makes pods: the pod's annotations and its spec; of a pod that exists without its node, so that replicas
share one. ``rest`` is everything else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from msgspec import field
from msgspec.structs import replace

from ostiary.core.canonical import digest, encoder, sha256
from ostiary.model.blind import Blind
from ostiary.model.cluster import Cluster
from ostiary.model.evidence import Evidence
from ostiary.model.intent import Intent
from ostiary.model.kinds import KINDS
from ostiary.model.pods import Pod, PodSpec, PodTemplate
from ostiary.model.sealed import Annotations, Sealed
from ostiary.model.value import Value
from ostiary.model.workloads import ControllerRevision, CronJob, PodTemplateObject, ReplicationController, Workload

Leaf = tuple[str, str, str, str, str]


def write_hook(value: Any) -> Any:
    """How the types that JSON does not know are written."""
    if isinstance(value, Sealed):
        return value.digest
    if isinstance(value, Annotations):
        return dict(value.kept)
    raise NotImplementedError(f"no encoding for {type(value).__name__}")


_encoder = encoder(write_hook)
encode = _encoder.encode


def posture(pod: Pod | PodTemplate) -> bytes:
    """Canonical JSON of what Pod Security reads: ``{"annotations": ..., "spec": ...}``."""
    spec = replace(pod.spec, node_name="") if isinstance(pod, Pod) and pod.spec.node_name else pod.spec
    return encode({"annotations": pod.metadata.annotations, "spec": spec})


def rest(value: Value) -> bytes:
    """Canonical JSON of everything that is not posture; of a pod ``[metadata, {"phase": ..., "podIP": ..., "nodeName": ...}]``."""
    return encode(_split(value)[0])


def leaf(kind: str, value: Value) -> Leaf:
    """The leaf of one object."""
    other, pod = _split(value)
    meta = value.metadata  # type: ignore[attr-defined]
    return (kind, meta.namespace, meta.name, sha256(encode(other)), sha256(posture(pod)) if pod else "")


_NO_SPEC = PodSpec()


class _Fate(Value, frozen=True, kw_only=True):
    """What became of a pod, and where."""

    phase: str = ""
    pod_ip: str = field(name="podIP", default="")
    node_name: str = ""


def _split(value: Value) -> tuple[Any, Pod | PodTemplate | None]:
    match value:
        case Pod():
            fate = _Fate(phase=value.status.phase, pod_ip=value.status.pod_ip, node_name=value.spec.node_name)
            return (value.metadata, fate), value
        case Workload(spec=spec) | ReplicationController(spec=spec):
            return replace(value, spec=replace(spec, template=_bare(spec.template))), spec.template
        case CronJob(spec=spec):
            job = spec.job_template
            bare = replace(job, spec=replace(job.spec, template=_bare(value.template)))
            return replace(value, spec=replace(spec, job_template=bare)), value.template
        case PodTemplateObject(template=template):
            return replace(value, template=_bare(template)), template
        case ControllerRevision(data=data):
            kept = replace(data.spec, template=_bare(value.template))
            return replace(value, data=replace(data, spec=kept)), value.template
        case _:
            return value, None


def _bare(template: PodTemplate) -> PodTemplate:
    """A template without what posture says."""
    return replace(template, spec=_NO_SPEC)


def blind_leaf(blind: Blind) -> Leaf:
    """The leaf of what could not be seen: without file names and messages, which are for people."""
    return (blind.kind, blind.namespace, blind.name, blind.reason.value, blind.group)


def section_digest(leaves: Iterable[Leaf]) -> str:
    """The digest of a section from its leaves, in any order."""
    return digest(sorted(leaves))


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a verdict depends on. Make it with ``World.of``; ``today`` is a value too: exceptions expire."""

    cluster: Cluster
    evidence: Evidence
    intent: Intent
    today: date
    leaves: Mapping[str, tuple[Leaf, ...]]
    sections: Mapping[str, str]
    cluster_digest: str
    digest: str

    @classmethod
    def of(cls, cluster: Cluster, *, today: date, evidence: Evidence | None = None, intent: Intent | None = None) -> "World":
        """Compute the digests; about ten microseconds an object."""
        evidence, intent = evidence or Evidence(), intent or Intent()
        leaves = {
            kind.section: tuple(sorted(leaf(kind.kind, value) for value in getattr(cluster, kind.section))) for kind in KINDS
        }
        leaves["blind"] = tuple(sorted(blind_leaf(blind) for blind in cluster.blind))
        sections = {section: section_digest(found) for section, found in leaves.items()}
        cluster_digest = digest(sections)
        parts = {
            "cluster": cluster_digest,
            "evidence": evidence.digest,
            "intent": intent.digest,
            "server": cluster.server_version,
            "today": today.isoformat(),
        }
        return cls(cluster, evidence, intent, today, leaves, sections, cluster_digest, digest(parts))
