"""Controls about the node: its namespaces, ports, paths, and whom the kubelet is made to ask."""

from collections.abc import Iterator

from ostiary.model.levels import Level
from ostiary.model.pods import Container
from ostiary.pillars.pods.standards.control import Control, Variant
from ostiary.pillars.pods.standards.posture import Posture
from ostiary.pillars.pods.standards.violation import Violation
from ostiary.pillars.pods.standards.wording import named, plural, quoted, setters


def _host_namespaces(posture: Posture) -> Violation | None:
    spec = posture.spec
    if not (spec.host_network or spec.host_pid or spec.host_ipc):
        return None
    said = (("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc))
    names = [name for name, on in said if on]
    return Violation(
        "hostNamespaces",
        "host namespaces",
        ", ".join(f"{name}=true" for name in names),
        tuple(f"spec.{name}" for name in names),
        "remove, or set to false",
    )


HOST_NAMESPACES = Control(
    "hostNamespaces",
    Level.BASELINE,
    "the node's network, process and IPC namespaces are not shared",
    "check_hostNamespaces.go",
    (Variant(0, _host_namespaces),),
)


def _host_paths(posture: Posture) -> Violation | None:
    volumes = posture.spec.volumes
    bad = [i for i, volume in enumerate(volumes) if volume.host_path is not None] if volumes else ()
    if not bad:
        return None
    return Violation(
        "hostPathVolumes",
        "hostPath volumes",
        f"{plural('volume', bad)} {quoted(volumes[i].name for i in bad)}",
        tuple(f"spec.volumes[{i}].hostPath" for i in bad),
        "use another volume",
    )


HOST_PATH_VOLUMES = Control(
    "hostPathVolumes",
    Level.BASELINE,
    "no directory of the node is mounted",
    "check_hostPathVolumes.go",
    (Variant(0, _host_paths),),
)


def _ports(posture: Posture, container: Container) -> set[int]:
    """Ports of the node that a container takes. With hostNetwork the API server makes every port one, when a pod is created."""
    if posture.spec.host_network:
        return {port.host_port or port.container_port for port in container.ports} - {0}
    return {port.host_port for port in container.ports} - {0}


def _host_ports(posture: Posture) -> Violation | None:
    with_ports = [container for container, _ in posture.containers if container.ports]
    bad = [container for container in with_ports if _ports(posture, container)] if with_ports else ()
    if not bad:
        return None
    ports = sorted({str(port) for container in bad for port in _ports(posture, container)})
    return Violation(
        "hostPorts",
        "hostPort",
        f"{named(bad)} {_uses(bad)} {plural('hostPort', ports)} {', '.join(ports)}",
        tuple(_port_fields(posture, bad)),
        "take no port of the node: reach the pod through a Service",
    )


def _port_fields(posture: Posture, containers: list[Container]) -> Iterator[str]:
    for container in containers:
        for i, port in enumerate(container.ports):
            if port.host_port:
                yield f"{posture.path(container)}.ports[{i}].hostPort"
    if posture.spec.host_network:
        yield "spec.hostNetwork"


def _uses(things: list[Container]) -> str:
    return "uses" if len(things) == 1 else "use"


HOST_PORTS = Control(
    "hostPorts", Level.BASELINE, "no port of the node is taken", "check_hostPorts.go", (Variant(0, _host_ports),)
)


def _asked(container: Container) -> Iterator[tuple[str, str]]:
    """Whom probes and hooks ask other than the pod, by field."""
    cycle = container.lifecycle
    handlers = (
        ("livenessProbe", container.liveness_probe),
        ("readinessProbe", container.readiness_probe),
        ("startupProbe", container.startup_probe),
        ("lifecycle.postStart", cycle.post_start if cycle else None),
        ("lifecycle.preStop", cycle.pre_stop if cycle else None),
    )
    for name, handler in handlers:
        if handler and handler.http_get and handler.http_get.host:
            yield f"{name}.httpGet.host", handler.http_get.host
        if handler and handler.tcp_socket and handler.tcp_socket.host:
            yield f"{name}.tcpSocket.host", handler.tcp_socket.host


def _probe_hosts(posture: Posture) -> Violation | None:
    probing = [
        container
        for container, _ in posture.containers
        if container.liveness_probe or container.readiness_probe or container.startup_probe or container.lifecycle
    ]
    bad = [(container, *asked) for container in probing for asked in _asked(container)] if probing else ()
    if not bad:
        return None
    hosts = sorted({host for _, _, host in bad})
    names = sorted({container.name for container, _, _ in bad})
    return Violation(
        "hostProbesAndHostLifecycle",
        "probe or lifecycle host",
        f"{plural('container', names)} {quoted(names)} {'uses' if len(names) == 1 else 'use'} "
        f"{plural('probe or lifecycle host', hosts)} {quoted(hosts)}",
        tuple(f"{posture.path(container)}.{field}" for container, field, _ in bad),
        "remove host: the kubelet then asks the pod itself",
    )


HOST_PROBES = Control(
    "hostProbesAndHostLifecycle",
    Level.BASELINE,
    "probes and lifecycle hooks ask the pod itself and nobody else",
    "check_hostProbesAndhostLifecycle.go",
    (Variant(34, _probe_hosts),),
)


def _host_process(posture: Posture) -> Violation | None:
    options = posture.context.windows_options
    pod = options is not None and options.host_process is True
    bad = [
        container
        for container, context in posture.containers
        if context.windows_options is not None and context.windows_options.host_process
    ]
    if not (pod or bad):
        return None
    suffix = "securityContext.windowsOptions.hostProcess"
    return Violation(
        "windowsHostProcess",
        "hostProcess",
        f"{setters(pod, bad)} must not set {suffix}=true",
        posture.fields(bad, suffix, pod=f"spec.{suffix}" if pod else ""),
        "remove, or set to false",
    )


WINDOWS_HOST_PROCESS = Control(
    "windowsHostProcess",
    Level.BASELINE,
    "no Windows container is a process of the node",
    "check_windowsHostProcess.go",
    (Variant(0, _host_process),),
)
