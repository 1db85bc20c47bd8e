"""Objects of every kind as JSON, drawn from the model's own types:

Every field that the model reads is reached, and so is every field that it will read.
"""

import base64
from typing import Any

import msgspec
from hypothesis import strategies as st

from ostiary.adapters.seals import SealedBase64
from ostiary.adapters.wire import WIRE
from ostiary.model.kinds import KINDS, Kind
from ostiary.model.pods import EnvFrom, PodOS, Profile, SecurityContext
from ostiary.model.sealed import Annotations, Sealed

WORDS = st.sampled_from(
    ["", "a", "web", "x-1", "Always", "TCP", "TCP ", "kube-api-access-x7k2p", "é", "line\nline", 'q"uote', "latest"]
)
KEYS = st.sampled_from(["a", "app", "team/x", "k8s.io/y"])
TEXTS = st.sampled_from(["", "hunter2", "s3cret with space", "ünïcode", "=", "kube-api-access-x7k2p"])
ANNOTATIONS = st.dictionaries(
    st.sampled_from(["kubectl.kubernetes.io/last-applied-configuration", "kubernetes.io/config.mirror", "note"]),
    TEXTS,
    max_size=2,
)

_REF = st.fixed_dictionaries({}, optional={"name": WORDS, "optional": st.booleans()})

# Words that validation holds to, and fields that a shared type has in other places only: more is no object of Kubernetes.
CLOSED: dict[type, dict[str, st.SearchStrategy[Any]]] = {
    Profile: {"type": st.sampled_from(["Localhost", "RuntimeDefault", "Unconfined"])},
    PodOS: {"name": st.sampled_from(["linux", "windows"])},
    EnvFrom: dict.fromkeys(("secretRef", "configMapRef"), _REF),
    SecurityContext: {"procMount": st.sampled_from(["Default", "Unmasked"])},
}

# The model has one type for several workloads; not each has every field.
ABSENT = {
    "Deployment": ("serviceName",),
    "ReplicaSet": ("serviceName",),
    "DaemonSet": ("serviceName", "replicas"),
    "Job": ("serviceName", "replicas"),
}


def objects(kind: Kind, texts: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[dict[str, Any]]:
    """An object of a kind, with everything that an API server adds and the model leaves out."""
    wire = WIRE[kind.type][0] if kind.type in WIRE else kind.type
    return st.builds(
        _named, st.just(kind), st.sampled_from(["one", "two"]), _drawn(msgspec.inspect.type_info(wire), texts), ANNOTATIONS
    )


def any_object() -> st.SearchStrategy[tuple[Kind, dict[str, Any]]]:
    """A kind and an object of it."""
    return st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), objects(kind)))


def _named(kind: Kind, name: str, item: dict[str, Any], annotations: dict[str, str]) -> dict[str, Any]:
    for field in ABSENT.get(kind.kind, ()):
        item.get("spec", {}).pop(field, None)
    for field in ABSENT["Job"] if kind.kind == "CronJob" else ():
        item.get("spec", {}).get("jobTemplate", {}).get("spec", {}).pop(field, None)
    meta = {**item.get("metadata", {}), "name": name, "annotations": annotations}
    meta.pop("namespace", None)
    if kind.namespaced:
        meta["namespace"] = "shop"
    api_version = f"{kind.group}/{kind.versions[0]}" if kind.group else kind.versions[0]
    return {"apiVersion": api_version, "kind": kind.kind, **item, "metadata": meta}


def _drawn(info: Any, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    match info:
        case msgspec.inspect.StructType(cls=cls, fields=fields):
            drawn = {field.encode_name: _drawn(field.type, texts) for field in fields}
            return st.fixed_dictionaries({}, optional={**drawn, **CLOSED.get(cls, {})})
        case msgspec.inspect.UnionType(types=types):
            return st.one_of(*(_drawn(of, texts) for of in types if not isinstance(of, msgspec.inspect.NoneType)))
        case msgspec.inspect.VarTupleType(item_type=of):
            return st.lists(_drawn(of, texts), max_size=2)
        case msgspec.inspect.DictType(value_type=of):
            return st.dictionaries(KEYS, _drawn(of, texts), max_size=2)
        case msgspec.inspect.CustomType(cls=cls) if cls is Sealed:
            return texts
        case msgspec.inspect.CustomType(cls=cls) if cls is SealedBase64:
            return texts.map(lambda text: base64.b64encode(text.encode()).decode())
        case msgspec.inspect.CustomType(cls=cls) if cls is Annotations:
            return ANNOTATIONS
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.IntType():
            return st.integers(0, 3)
        case msgspec.inspect.FloatType():
            return st.just(1.5)
        case msgspec.inspect.StrType():
            return WORDS
    raise NotImplementedError(type(info).__name__)
