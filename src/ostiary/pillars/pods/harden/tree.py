"""A pod as plain JSON and back, so that one merge serves the pod of a World and the manifest of a cluster.

Only what Pod Security reads goes along: the annotations and the spec. What may be secret is sealed before and stays so.

>>> from ostiary.model.pods import PodSpec
>>> tree_of(PodTemplate(spec=PodSpec(host_pid=True)))
{'metadata': {'annotations': {}}, 'spec': {'hostPID': True, 'resources': {}}}
"""

from typing import Any

import msgspec

from ostiary.model.pods import Pod, PodTemplate
from ostiary.model.sealed import NO_ANNOTATIONS, Annotations, Sealed
from ostiary.model.world import encode
from ostiary.pillars.pods.harden.edit import Tree


def tree_of(pod: Pod | PodTemplate) -> Tree:
    """The pod's annotations and spec as plain JSON."""
    tree: Tree = msgspec.json.decode(encode({"metadata": {"annotations": pod.metadata.annotations}, "spec": pod.spec}))
    return tree


def pod_of(tree: Tree) -> PodTemplate:
    """The pod of a tree that ``tree_of`` made, edited or not."""
    return msgspec.convert(tree, PodTemplate, dec_hook=_read)


def _read(kind: type, value: Any) -> Any:
    if kind is Sealed:
        return Sealed(value)
    if kind is Annotations:
        return Annotations(value) if value else NO_ANNOTATIONS
    raise NotImplementedError(kind)
