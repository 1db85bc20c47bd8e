"""The profile of a pod: how it is confined now, and where only a run shows whether it could be confined more.

A manifest says what a process may do, never what it does. So an aspect is ``already`` as tight as can be, ``no`` (the manifest itself rules it out), or
``untried``: whether the process writes its root file system or uses a capability, no manifest tells. A trial run turns untried into an answer.

>>> one = profile(PodTemplate(spec=PodSpec(containers=(Container(name="web"),), host_users=False)))
>>> one.user_namespace.answer, one.read_only_root.answer, one.read_only_root.now
('already', 'untried', 'web: root file system is writable')
"""

from collections.abc import Callable, Iterator

from ostiary.model.pods import Container, Pod, PodSecurityContext, PodSpec, PodTemplate, SecurityContext
from ostiary.model.value import Value
from ostiary.pillars.pods.harden.edit import Edit

__all__ = ["Aspect", "PodSpec", "PodTemplate", "Profile", "profile", "read_only_root", "user_namespace"]

ALREADY, NO, UNTRIED = "already", "no", "untried"


class Aspect(Value, frozen=True, kw_only=False):
    """One kind of confinement. ``now``: what stands in the way of ``already``, container by container."""

    answer: str
    now: str


class Profile(Value, frozen=True, kw_only=True):
    """Beyond the level: what confines the pod's processes."""

    seccomp: Aspect
    capabilities: Aspect
    read_only_root: Aspect
    user_namespace: Aspect


def profile(pod: Pod | PodTemplate) -> Profile:
    """Read it off the manifest."""
    return Profile(
        seccomp=_of_containers(pod, lambda container: _seccomp(pod, container)),
        capabilities=_of_containers(pod, _capabilities),
        read_only_root=_of_containers(pod, _root),
        user_namespace=_user_namespace(pod),
    )


def read_only_root(pod: Pod | PodTemplate) -> tuple[Edit, ...]:
    """The edits that make every root file system read-only."""
    return tuple(
        Edit((*path, "securityContext", "readOnlyRootFilesystem"), True) for path, one in _containers(pod) if _root(one)
    )


def user_namespace(pod: Pod | PodTemplate) -> tuple[Edit, ...]:
    """The edit that gives the pod users of its own."""
    return (Edit(("spec", "hostUsers"), False),) if _user_namespace(pod).answer == UNTRIED else ()


def _containers(pod: Pod | PodTemplate) -> Iterator[tuple[tuple[str, ...], Container]]:
    for key, containers in (("initContainers", pod.spec.init_containers), ("containers", pod.spec.containers)):
        for container in containers:
            yield ("spec", key, container.name), container


def _of_containers(pod: Pod | PodTemplate, says: Callable[[Container], str]) -> Aspect:
    """What ``says`` is silent about is tight."""
    now = "; ".join(f"{one.name}: {said}" for one in pod.spec.all_containers() if (said := says(one)))
    return Aspect(UNTRIED if now else ALREADY, now)


def _seccomp(pod: Pod | PodTemplate, container: Container) -> str:
    own = (container.security_context or SecurityContext()).seccomp_profile
    said = own or (pod.spec.security_context or PodSecurityContext()).seccomp_profile
    if said is None:
        return "no seccomp profile is named"
    return "" if said.type in ("RuntimeDefault", "Localhost") else f"seccomp is {said.type}"


def _capabilities(container: Container) -> str:
    context = container.security_context or SecurityContext()
    if context.privileged:
        return "every capability (privileged)"
    said = context.capabilities
    added = f"adds {', '.join(said.add)}" if said and said.add else ""
    if said and "ALL" in said.drop:
        return added
    return ", ".join(filter(None, ("has the runtime's default capabilities", added)))


def _root(container: Container) -> str:
    tight = container.security_context is not None and container.security_context.read_only_root_filesystem
    return "" if tight else "root file system is writable"


def _user_namespace(pod: Pod | PodTemplate) -> Aspect:
    spec = pod.spec
    if spec.host_users is False:
        return Aspect(ALREADY, "")
    namespaces = (("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc))
    against = [name for name, on in namespaces if on]
    against += [f"{one.name}: volumeDevices" for one in spec.all_containers() if one.volume_devices]
    return Aspect(NO, ", ".join(against)) if against else Aspect(UNTRIED, "users are the node's own")
