"""What a document is: an object of a kind that the model holds, a list of objects, or something that cannot be seen and why.

Closed lists say which other kinds are passed over without a word: those of Kubernetes itself that no pillar reads and that make no pods, and files of tools
that never reach a cluster. Every other kind is a blind spot.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ostiary.adapters.assembly import Collector
from ostiary.adapters.decode import Decoder, Unreadable, address
from ostiary.adapters.manifests.defaults import as_stored
from ostiary.adapters.manifests.pod_fields import strange
from ostiary.adapters.manifests.unread import NOT_FOR_CLUSTERS, PREDECESSORS, UNREAD
from ostiary.model import kinds
from ostiary.model.blind import Blind, Reason
from ostiary.model.kinds import Kind

LARGEST = 3 * 1024 * 1024  # bytes of a request body that kube-apiserver takes
_DEEPEST_LIST = 4


def place(document: Any, where: str, into: Collector, decoder: Decoder) -> str:
    """Put a document into the assembly. Returns why it was passed over; empty when it was not."""
    if not isinstance(document, dict):
        into.blind(_unreadable(where, "a document that is no object"))
        return ""
    if _is_foreign(document):
        return "no Kubernetes object"
    if problem := _wrong_head(document):
        into.blind(_unreadable(where, problem))
        return ""
    if (document["apiVersion"].partition("/")[0], document["kind"]) in NOT_FOR_CLUSTERS:
        return f"a {document['kind']} is for a tool, not for a cluster"
    for item in _flat(document, where, into, _DEEPEST_LIST):
        _place_object(item, where, into, decoder)
    return ""


def _is_foreign(document: dict[str, Any]) -> bool:
    """A file of values, a chart: nothing in it claims to be an object of Kubernetes."""
    if "kind" in document or "spec" in document or "metadata" in document:
        return False
    return "apiVersion" not in document or {"name", "version"} <= document.keys()


def _wrong_head(document: dict[str, Any]) -> str:
    for field in ("apiVersion", "kind"):
        if not isinstance(document.get(field), str) or not document[field]:
            return f"no {field} - at `$.{field}`"
    return ""


def _flat(document: dict[str, Any], where: str, into: Collector, depth: int) -> Iterator[dict[str, Any]]:
    """The document itself, or what stands in it when it is a list."""
    items = document.get("items")
    if not document["kind"].endswith("List") or not (isinstance(items, list) or (items is None and "spec" not in document)):
        yield document
        return
    kind = document["kind"].removesuffix("List")
    if isinstance(document.get("metadata"), dict) and document["metadata"].get("continue"):
        into.blind(Blind(kind=kind, reason=Reason.TRUNCATED, where=where, detail="the list goes on elsewhere"))
    for item in items or ():
        if not isinstance(item, dict) or depth == 0:
            into.blind(_unreadable(where, "an item of a list that is no object"))
            continue
        whole = item if not kind else {"apiVersion": document["apiVersion"], "kind": kind, **item}
        if problem := _wrong_head(whole):
            into.blind(_unreadable(where, problem))
        else:
            yield from _flat(whole, where, into, depth - 1)


def _place_object(item: dict[str, Any], where: str, into: Collector, decoder: Decoder) -> None:
    group, _, version = item["apiVersion"].rpartition("/")
    kind = kinds.find(group, item["kind"])
    predecessor = PREDECESSORS.get((group, item["kind"]))
    if kind is None and predecessor is None:
        if (group, item["kind"]) not in UNREAD:
            into.blind(_unknown(item, group, where))
        return
    kind = kind or kinds.find(predecessor or "", item["kind"])
    if kind is None:
        raise LookupError(f"PREDECESSORS names a kind that is not modelled: {item['kind']}")
    namespace, name = address(kind, item)
    blind = Blind(kind=kind.kind, group=kind.group, namespace=namespace, name=name, reason=Reason.UNREADABLE, where=where)
    if predecessor is not None or version not in kind.versions:
        detail = f"{item['apiVersion']} is not read; {kind.group + '/' if kind.group else ''}{kind.versions[0]} is"
        into.blind(_because(blind, Reason.UNKNOWN_VERSION, detail))
    elif len(msgspec.json.encode(item)) > LARGEST:
        into.blind(_because(blind, Reason.TOO_LARGE, f"over {LARGEST} bytes, the most that an API server takes"))
    elif detail := strange(kind.kind, item):
        into.blind(_because(blind, Reason.UNKNOWN_FIELD, detail))
    else:
        _decode(kind, item, blind, into, decoder)


def _decode(kind: Kind, item: dict[str, Any], blind: Blind, into: Collector, decoder: Decoder) -> None:
    try:
        into.add(kind, decoder.plain(kind, as_stored(kind, item)), blind.where)
    except Unreadable as error:
        into.blind(_because(blind, Reason.UNREADABLE, _with_advice(str(error))))


_UNQUOTED = {
    "Expected `str`, got `bool`": "a plain yes, no, on, off, true or false is no text in YAML: quote it",
    "Expected `str`, got `int`": "a plain number is no text in YAML: quote it",
    "Expected `str`, got `float`": "a plain number is no text in YAML: quote it",
}


def _with_advice(problem: str) -> str:
    """What people mean who write a word that YAML reads as something else. The API server refuses it just the same."""
    advice = next((text for start, text in _UNQUOTED.items() if problem.startswith(start)), "")
    return f"{problem}; {advice}" if advice else problem


def _because(blind: Blind, reason: Reason, detail: str) -> Blind:
    return msgspec.structs.replace(blind, reason=reason, detail=detail)


def _unreadable(where: str, detail: str) -> Blind:
    return Blind(reason=Reason.UNREADABLE, where=where, detail=detail)


def _unknown(item: dict[str, Any], group: str, where: str) -> Blind:
    meta = item.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    namespace, name = (
        text if isinstance(text, str) and text.isprintable() else "" for text in map(meta.get, ("namespace", "name"))
    )
    reason = Reason.UNKNOWN_TEMPLATE if has_pod_template(item) else Reason.UNKNOWN_KIND
    kind = item["kind"] if item["kind"].isprintable() else ""
    return Blind(kind=kind, group=group, namespace=namespace, name=name, reason=reason, where=where, detail=item["apiVersion"])


def has_pod_template(value: Any) -> bool:
    """Whether somewhere inside stands something with ``spec.containers``: a pod that a controller would make."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            spec = item.get("spec")
            if isinstance(spec, dict) and isinstance(spec.get("containers"), list):
                return True
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return False
