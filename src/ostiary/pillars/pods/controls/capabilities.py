"""Controls about Linux capabilities, each dangerous one by name. Source: capabilities(7).

Runtimes read names without regard to case; some take the prefix ``CAP_`` too, so both spellings count.

>>> sorted(spellings("SYS_ADMIN"))
['CAP_SYS_ADMIN', 'SYS_ADMIN']
"""

from collections.abc import Callable, Iterator

from ostiary.model.finding import Severity
from ostiary.model.pods import Capabilities
from ostiary.pillars.pods.controls.case import Case
from ostiary.pillars.pods.controls.control import Cel, Control, Violation
from ostiary.pillars.pods.controls.sources import NIST_RUNTIME, NSA_PODS, cis

_NONE = Capabilities()
_MANUAL = "capabilities(7), https://man7.org/linux/man-pages/man7/capabilities.7.html"
_CEL_ADDED = "c.?securityContext.?capabilities.?add.orValue([]).exists(a, a.upperAscii() in {})"
_CEL_DROPPED = "c.?securityContext.?capabilities.?drop.orValue([]).exists(d, d.upperAscii() in {})"
_FIX = "remove it from capabilities.add"


def spellings(*names: str) -> frozenset[str]:
    """The ways in which runtimes take these capabilities, in upper case."""
    return frozenset((*names, *(f"CAP_{name}" for name in names)))


def _literal(names: frozenset[str]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in sorted(names)) + "]"


def _adding(names: frozenset[str]) -> Callable[[Case], Iterator[Violation]]:
    def violations(case: Case) -> Iterator[Violation]:
        for place in case.containers:
            for i, name in enumerate((place.context.capabilities or _NONE).add):
                if name.upper() in names:
                    yield Violation(f"{place.path}.securityContext.capabilities.add[{i}]", name)

    return violations


def _added(code: str, severity: Severity, names: tuple[str, ...], title: str, rationale: str) -> Control:
    every = spellings(*names)
    return Control(
        code=code,
        title=title,
        severity=severity,
        sources=(cis("5.2.9"), NSA_PODS, _MANUAL),
        rationale=rationale,
        fix=_FIX,
        violations=_adding(every),
        cel=Cel.of_container(_CEL_ADDED.format(_literal(every))),
        linux_only=True,
    )


ALL = _added(
    "POD-130",
    Severity.CRITICAL,
    ("ALL",),
    "adds every capability",
    "A container with every capability is privileged in all but name.",
)
SYS_ADMIN = _added(
    "POD-131",
    Severity.CRITICAL,
    ("SYS_ADMIN",),
    "adds SYS_ADMIN",
    "It mounts file systems, enters namespaces and does much that leads out of the container.",
)
SYS_MODULE = _added(
    "POD-132", Severity.CRITICAL, ("SYS_MODULE",), "adds SYS_MODULE", "It loads code into the kernel that all pods share."
)
SYS_PTRACE = _added(
    "POD-133",
    Severity.HIGH,
    ("SYS_PTRACE",),
    "adds SYS_PTRACE",
    "It reads and writes the memory of every process that it sees; with the node's processes in sight that is the node.",
)
DAC_READ_SEARCH = _added(
    "POD-134",
    Severity.HIGH,
    ("DAC_READ_SEARCH",),
    "adds DAC_READ_SEARCH",
    "It opens files by handle, past every permission and past the container's root.",
)
NET_ADMIN = _added(
    "POD-135",
    Severity.HIGH,
    ("NET_ADMIN",),
    "adds NET_ADMIN",
    "It changes addresses, routes and packet filters; on the node's network those of the node.",
)
BPF = _added(
    "POD-137",
    Severity.HIGH,
    ("BPF", "PERFMON"),
    "adds BPF or PERFMON",
    "Programs in the kernel see and change what other pods do.",
)
RAW_DEVICES = _added(
    "POD-138",
    Severity.HIGH,
    ("SYS_RAWIO", "MKNOD"),
    "adds SYS_RAWIO or MKNOD",
    "They reach memory and disks of the node below its file systems. MKNOD is in most runtimes' default set as well: drop ALL removes it.",
)
NODE_WIDE = _added(
    "POD-139",
    Severity.HIGH,
    ("SYS_BOOT", "SYS_TIME", "SYSLOG", "AUDIT_CONTROL", "MAC_ADMIN", "MAC_OVERRIDE"),
    "adds a capability whose effect is the whole node's",
    "Clock, reboot, kernel log, audit rules and mandatory access control are shared by every pod of the node.",
)

_RAW, _EVERYTHING = spellings("NET_RAW"), spellings("ALL")


def _net_raw(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        said = place.context.capabilities or _NONE
        added = any(name.upper() in _RAW for name in said.add)
        if added or not any(name.upper() in _RAW | _EVERYTHING for name in said.drop):
            field = "add" if added else "drop"
            yield Violation(f"{place.path}.securityContext.capabilities.{field}", f"container {place.container.name}")


NET_RAW = Control(
    code="POD-136",
    title="keeps NET_RAW",
    severity=Severity.LOW,
    sources=(cis("5.2.8"), NSA_PODS),
    rationale="With raw packets a container can pretend to be its neighbours. It is in most runtimes' default set.",
    fix="drop ALL, or NET_RAW at least",
    violations=_net_raw,
    cel=Cel.of_container(f"{_CEL_ADDED.format(_literal(_RAW))} || !{_CEL_DROPPED.format(_literal(_RAW | _EVERYTHING))}"),
    linux_only=True,
)


def _not_dropped(case: Case) -> Iterator[Violation]:
    for place in case.containers:
        if not any(name.upper() in _EVERYTHING for name in (place.context.capabilities or _NONE).drop):
            yield Violation(f"{place.path}.securityContext.capabilities.drop", f"container {place.container.name}")


NOT_DROPPED = Control(
    code="POD-140",
    title="keeps the runtime's default capabilities",
    severity=Severity.LOW,
    sources=(cis("5.2.10"), NSA_PODS, NIST_RUNTIME),
    rationale="Hardly a program needs them; each is a way further for whoever breaks in.",
    fix="capabilities: {drop: [ALL]}, and add back what the program shows it needs",
    violations=_not_dropped,
    cel=Cel.of_container(f"!{_CEL_DROPPED.format(_literal(_EVERYTHING))}"),
    linux_only=True,
)
