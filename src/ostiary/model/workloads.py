"""Workloads: objects that make pods. Each has a ``template``: the pod that it would make."""

from msgspec import field

from ostiary.model.meta import Meta
from ostiary.model.pods import PodTemplate
from ostiary.model.value import Value, always


class LabelRequirement(Value, frozen=True, kw_only=True):
    """One expression of a label selector: In, NotIn, Exists, DoesNotExist."""

    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


class LabelSelector(Value, frozen=True, kw_only=True):
    """A label selector. An empty one selects everything; an absent one (None where it is used) selects nothing."""

    match_labels: dict[str, str] = field(default_factory=dict)
    match_expressions: tuple[LabelRequirement, ...] = ()


class WorkloadSpec(Value, frozen=True, kw_only=True):
    """What Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs have in common."""

    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplate = always(PodTemplate())
    service_name: str = ""


class ReplicationControllerSpec(Value, frozen=True, kw_only=True):
    """The one workload whose selector is a plain map."""

    replicas: int | None = None
    selector: dict[str, str] = field(default_factory=dict)
    template: PodTemplate = always(PodTemplate())


class Workload(Value, frozen=True, kw_only=True):
    """Deployment, ReplicaSet, StatefulSet, DaemonSet or Job."""

    metadata: Meta = always(Meta())
    spec: WorkloadSpec = always(WorkloadSpec())

    @property
    def template(self) -> PodTemplate:
        return self.spec.template


class ReplicationController(Value, frozen=True, kw_only=True):
    """core/v1 ReplicationController."""

    metadata: Meta = always(Meta())
    spec: ReplicationControllerSpec = always(ReplicationControllerSpec())

    @property
    def template(self) -> PodTemplate:
        return self.spec.template


class CronJobSpec(Value, frozen=True, kw_only=True):
    """A Job on a schedule."""

    suspend: bool = False
    job_template: Workload = always(Workload())


class CronJob(Value, frozen=True, kw_only=True):
    """batch/v1 CronJob."""

    metadata: Meta = always(Meta())
    spec: CronJobSpec = always(CronJobSpec())

    @property
    def template(self) -> PodTemplate:
        return self.spec.job_template.spec.template


class PodTemplateObject(Value, frozen=True, kw_only=True):
    """core/v1 PodTemplate, the object: a template that stands alone."""

    metadata: Meta = always(Meta())
    template: PodTemplate = always(PodTemplate())


class RevisionSpec(Value, frozen=True, kw_only=True):
    """What a revision keeps of its owner's spec: the whole template."""

    template: PodTemplate = always(PodTemplate())


class RevisionData(Value, frozen=True, kw_only=True):
    """The patch that a rollback applies."""

    spec: RevisionSpec = always(RevisionSpec())


class ControllerRevision(Value, frozen=True, kw_only=True):
    """apps/v1 ControllerRevision: an older template of a StatefulSet or DaemonSet, which a rollback makes pods of."""

    metadata: Meta = always(Meta())
    data: RevisionData = always(RevisionData())
    revision: int = 0

    @property
    def template(self) -> PodTemplate:
        return self.data.spec.template


AnyWorkload = Workload | ReplicationController | CronJob | PodTemplateObject | ControllerRevision
