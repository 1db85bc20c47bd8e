"""From what an API server says, or a manifest, to values of the model. Everything that may be secret is sealed on the way and kept nowhere.

JSON goes straight into the model's types; fields that they do not declare are skipped, not built. Null is an absent field (``encoding/json`` in Go):
that costs a second, slower reading, only for the objects that hold a null where a value is declared. What still does not fit is ``Unreadable``: a message
with the path of the field and never its value.

>>> from ostiary.model.kinds import find
>>> pod = Decoder(bytes(32)).json(find("", "Pod"), b'{"metadata": {"name": "web"}, "spec": {"hostNetwork": true}}')
>>> pod.metadata.namespace, pod.spec.host_network
('default', True)
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from ostiary.adapters.go_null import without_nulls
from ostiary.adapters.manifests.pod_fields import strange
from ostiary.adapters.names import wrong_name, wrong_namespace
from ostiary.adapters.pooled import PodPool
from ostiary.adapters.seals import Sealer
from ostiary.adapters.wire import WIRE
from ostiary.model.blind import Reason
from ostiary.model.kinds import KINDS, Kind
from ostiary.model.pods import Pod
from ostiary.model.token_volume import with_plain_name

T = TypeVar("T")


class Unreadable(Exception):
    """An object that does not fit its type: says which field, never what stood in it."""

    reason = Reason.UNREADABLE


class Unfamiliar(Unreadable):
    """An object that says something which ostiary's Kubernetes does not know."""

    reason = Reason.UNKNOWN_FIELD


class ListMeta(msgspec.Struct, rename="camel", gc=False):
    """Where a list stands: its version, and whether it goes on."""

    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct, Generic[T]):
    """A list as it travels."""

    items: list[T] | None = None
    metadata: ListMeta = msgspec.field(default_factory=ListMeta)


class Misfit(msgspec.Struct):
    """An item of a list that could not be read, with the name that could be."""

    namespace: str
    name: str
    detail: str
    reason: Reason = Reason.UNREADABLE


class Decoder:
    """Decodes objects of every kind that the model holds, sealing under one key.

    ``wary``: fields of pods that ostiary's Kubernetes does not know are looked for, object by object. An API server of a version that is known has dropped
    them; a later one may hold them.
    """

    def __init__(self, key: bytes, *, wary: bool = False) -> None:
        self._wary = wary
        self._hook = Sealer(key).hook
        self._pool = PodPool(self._hook, key)
        self._objects = {kind.section: self._decoder(_wire(kind)) for kind in KINDS}
        self._pages = {kind.section: self._decoder(Page[_wire(kind)]) for kind in KINDS}  # type: ignore[misc]
        self._pods = msgspec.json.Decoder(Page[self._pool.wire])  # type: ignore[name-defined]
        self._raw_page = msgspec.json.Decoder(Page[msgspec.Raw])

    def _decoder(self, of: Any) -> msgspec.json.Decoder[Any]:
        return msgspec.json.Decoder(of, dec_hook=self._hook)

    def json(self, kind: Kind, text: bytes | msgspec.Raw) -> Any:
        """One object from its JSON. Unreadable when it does not fit."""
        if self._wary and kind.makes_pods and (detail := strange(kind.kind, _generic(text))):
            raise Unfamiliar(detail)
        try:
            return _finish(kind, self._objects[kind.section].decode(text))
        except msgspec.MsgspecError:
            return self.plain(kind, _generic(text))

    def plain(self, kind: Kind, value: Any) -> Any:
        """One object from plain dictionaries and lists, as a YAML reader makes them."""
        try:
            return _finish(kind, self._convert(kind, value))
        except msgspec.MsgspecError:
            pass
        try:
            return _finish(kind, self._convert(kind, without_nulls(value)))
        except msgspec.MsgspecError as error:
            raise Unreadable(str(error)) from None

    def _convert(self, kind: Kind, value: Any) -> Any:
        return msgspec.convert(value, _wire(kind), dec_hook=self._hook)

    def page(self, kind: Kind, body: bytes) -> tuple[list[Any], list[Misfit], ListMeta]:
        """A page of a list: its objects, those that cannot be read, and where the list stands. Unreadable when the page itself is broken."""
        if self._wary and kind.makes_pods:
            return self._page_one_by_one(kind, body)
        try:
            if kind.type is Pod:
                page = self._pods.decode(body)
                return [_named(kind, self._pool.pod(item)) for item in page.items or ()], [], page.metadata
            page = self._pages[kind.section].decode(body)
            return [_finish(kind, item) for item in page.items or ()], [], page.metadata
        except (msgspec.MsgspecError, Unreadable):
            return self._page_one_by_one(kind, body)

    def _page_one_by_one(self, kind: Kind, body: bytes) -> tuple[list[Any], list[Misfit], ListMeta]:
        try:
            page = self._raw_page.decode(body)
        except msgspec.MsgspecError as error:
            raise Unreadable(str(error)) from None
        good: list[Any] = []
        misfits: list[Misfit] = []
        for item in page.items or ():
            try:
                good.append(self.json(kind, item))
            except Unreadable as error:
                misfits.append(Misfit(*address(kind, item), str(error), error.reason))
        return good, misfits, page.metadata


def address(kind: Kind, item: Any) -> tuple[str, str]:
    """Namespace and name of an object that may be broken; empty where they cannot be told, or cannot be names."""
    try:
        found = _generic(item) if isinstance(item, (bytes, msgspec.Raw)) else item
    except Unreadable:
        return "", ""
    meta = found.get("metadata") if isinstance(found, dict) else None
    if not isinstance(meta, dict):
        return "", ""
    namespace = meta.get("namespace") or ("default" if kind.namespaced else "")
    name = meta.get("name")
    good_name = isinstance(name, str) and not wrong_name(kind.kind, name)
    good_namespace = isinstance(namespace, str) and kind.namespaced and not wrong_namespace(namespace)
    return (namespace if good_namespace else ""), (str(name) if good_name else "")


def _wire(kind: Kind) -> Any:
    wired = WIRE.get(kind.type)
    return wired[0] if wired else kind.type


def _generic(text: bytes | msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError as error:
        raise Unreadable(str(error)) from None


def _finish(kind: Kind, decoded: Any) -> Any:
    """The model's value of what was decoded."""
    wired = WIRE.get(kind.type)
    value: Any = wired[1](decoded) if wired else decoded
    if isinstance(value, Pod) and (spec := with_plain_name(value.spec)) is not value.spec:
        value = _replace(value, spec=spec)
    return _named(kind, value)


def _named(kind: Kind, value: Any) -> Any:
    """The value, with a namespace where there has to be one. Unreadable when its name cannot be a name."""
    meta = value.metadata
    namespace = (meta.namespace or "default") if kind.namespaced else ""
    if namespace != meta.namespace:
        value = _replace(value, metadata=_replace(meta, namespace=namespace))
    wrong = wrong_name(kind.kind, meta.name) if meta.name or not meta.generate_name else ""
    wrong = wrong or (wrong_namespace(namespace) if kind.namespaced else "")
    if wrong:
        raise Unreadable(f"{wrong} - at `$.metadata`")
    return value


_replace: Callable[..., Any] = msgspec.structs.replace
