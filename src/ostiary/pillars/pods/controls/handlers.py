"""Controls about ports, probes and lifecycle hooks: what the node and its kubelet do on a container's word."""

from collections.abc import Iterator

from ostiary.model.finding import Severity
from ostiary.model.pods import Handler
from ostiary.pillars.pods.controls.case import Case, Place
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import NIST_NETWORK, NSA_PODS, cis, k8s

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HOOKS = ("postStart", "preStop")
_PROBE_OPTIONS = [f"c.?{name}" for name in PROBES]
_HOOK_OPTIONS = [f"c.?lifecycle.?{name}" for name in HOOKS]


def _probes(place: Place) -> Iterator[tuple[str, Handler]]:
    one = place.container
    for name, handler in zip(PROBES, (one.liveness_probe, one.readiness_probe, one.startup_probe), strict=True):
        if handler is not None:
            yield f"{place.path}.{name}", handler


def _hooks(place: Place) -> Iterator[tuple[str, Handler]]:
    cycle = place.container.lifecycle
    if cycle is None:
        return
    for name, handler in zip(HOOKS, (cycle.post_start, cycle.pre_stop), strict=True):
        if handler is not None:
            yield f"{place.path}.lifecycle.{name}", handler


def _host_ports(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        for i, port in enumerate(place.container.ports):
            if port.host_port or (case.spec.host_network and port.container_port):
                yield Violation(f"{place.path}.ports[{i}].hostPort", str(port.host_port or port.container_port))


HOST_PORT = Control(
    code="POD-181",
    title="takes a port of the node",
    severity=Severity.MEDIUM,
    sources=(cis("5.2.13"), NSA_PODS, NIST_NETWORK),
    rationale="The port is open on every address of the node, and NetworkPolicies of many networks do not see who comes in.",
    fix="remove hostPort, and use a Service",
    violations=_host_ports,
    cel=Cel.of_container("c.?ports.orValue([]).exists(p, p.?hostPort.orValue(0) > 0)"),
)


def _exec_probes(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        for path, handler in _probes(place):
            if handler.exec is not None:
                yield Violation(f"{path}.exec", "runs a command")


EXEC_PROBE = Control(
    code="POD-182",
    title="probe that runs a command",
    severity=Severity.INFO,
    sources=(k8s("concepts/workloads/pods/probes/"),),
    rationale="A process is started in the container every few seconds; whoever may write its files decides what runs, with the container's rights.",
    fix="use httpGet, tcpSocket or grpc",
    violations=_exec_probes,
    cel=Cel.of_container(" || ".join(f"{probe}.?exec.hasValue()" for probe in _PROBE_OPTIONS)),
)


def _exec_hooks(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        for path, handler in _hooks(place):
            if handler.exec is not None:
                yield Violation(f"{path}.exec", "runs a command")


EXEC_HOOK = Control(
    code="POD-183",
    title="lifecycle hook that runs a command",
    severity=Severity.INFO,
    sources=(k8s("concepts/containers/container-lifecycle-hooks/"),),
    rationale="Commands at start and end stand in no log and no audit event; they are where people hide what the image does not say.",
    fix="do it in the program, or use preStop.sleep",
    violations=_exec_hooks,
    cel=Cel.of_container(" || ".join(f"{hook}.?exec.hasValue()" for hook in _HOOK_OPTIONS)),
)


def _asked_host(handler: Handler) -> str:
    asked = handler.http_get or handler.tcp_socket
    return asked.host if asked else ""


def _foreign_hosts(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        for path, handler in (*_probes(place), *_hooks(place)):
            host = _asked_host(handler)
            if host:
                yield Violation(f"{path}.{'httpGet' if handler.http_get else 'tcpSocket'}.host", host)


FOREIGN_HOST = Control(
    code="POD-184",
    title="has the kubelet ask another host",
    severity=Severity.MEDIUM,
    sources=(k8s("concepts/security/pod-security-standards/"), NIST_NETWORK),
    rationale="The request comes from the node, past every NetworkPolicy of the pod: to the metadata service of a cloud, for instance.",
    fix="remove host: the kubelet then asks the pod",
    violations=_foreign_hosts,
    cel=Cel.of_container(
        " || ".join(
            f"{handler}.?{action}.?host.orValue('') != ''"
            for handler in (*_PROBE_OPTIONS, *_HOOK_OPTIONS)
            for action in ("httpGet", "tcpSocket")
        )
    ),
)
