"""Equal parts of many objects become one value, decoded once: a hundred thousand pods are a few hundred templates.

The parts of a pod that replicas share (containers, volumes, labels, ...) are taken from the JSON as raw bytes and looked up by their digest; only a part that
was never seen is decoded. The wire types are made from the model's own, so a field that the model gains is read here too. No text is kept: the table
holds keyed digests.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from ostiary.model.meta import Meta
from ostiary.model.pods import Pod, PodSpec, PodStatus
from ostiary.model.token_volume import TOKEN_VOLUME, renamed_mounts, renamed_volumes, with_plain_name

_MOST = 200_000  # parts remembered, of each field
_NULL = b"null"
_ABSENT = msgspec.Raw(b"")
_RANDOM = re.compile(rb'"name": ?"(%s(?:-[a-z0-9]{5})?)"' % TOKEN_VOLUME.encode())
_ANY = b"\x00"  # stands for the random name in what is looked up; no JSON has it

Renaming = Callable[[Any, str], tuple[Any, int]]
_RENAMED: dict[str, Renaming] = {
    "volumes": renamed_volumes,
    "init_containers": renamed_mounts,
    "containers": renamed_mounts,
    "ephemeral_containers": renamed_mounts,
}
_PLAIN = (str, int, bool, str | None, int | None, bool | None)


class _Field(NamedTuple):
    """How one field of a wire type becomes one of the model."""

    name: str
    default: Any
    decoder: msgspec.json.Decoder[Any] | None  # of a part that travels as raw JSON; None: it is the value itself
    shared: dict[Any, Any]  # values seen before, by digest (parts) or by themselves (texts)
    text: bool  # whether it is a text that many objects share
    rename: Renaming | None  # how the token volume gets its plain name here, where it has one


class PodPool:
    """Decodes pods, sharing their equal parts."""

    def __init__(self, hook: Callable[[type, Any], Any], key: bytes) -> None:
        self._blank = hashlib.blake2b(key=key, digest_size=16)
        meta, self._meta = _wire(Meta, hook)
        spec, self._spec = _wire(PodSpec, hook)
        self._volumes = [field.name for field in self._spec].index("volumes")
        self.wire = msgspec.defstruct(
            "WirePod",
            [("metadata", meta, _made(meta)), ("spec", spec, _made(spec)), ("status", PodStatus, _made(PodStatus))],
            gc=False,
        )

    def pod(self, wire: Any) -> Pod:
        """The pod of a wire pod. Raises what msgspec raises when a part does not fit."""
        spec = msgspec.structs.astuple(wire.spec)
        meta = self._fields(self._meta, msgspec.structs.astuple(wire.metadata), b"")
        made = PodSpec(**self._fields(self._spec, spec, _random_name(bytes(spec[self._volumes]))))
        return Pod(metadata=Meta(**meta), spec=with_plain_name(made), status=wire.status)

    def _fields(self, fields: list[_Field], values: tuple[Any, ...], token: bytes) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field, value in zip(fields, values, strict=True):
            if value is field.default:
                continue
            if field.decoder is not None:
                text = bytes(value)
                if token and field.rename and token in text:
                    found[field.name] = self._renamed(field.shared, field.decoder, field.rename, text, token)
                elif text != _NULL:
                    found[field.name] = self._part(field.shared, field.decoder, text)
            else:
                found[field.name] = field.shared.setdefault(value, value) if field.text else value
        return found

    def _part(self, shared: dict[Any, Any], decoder: msgspec.json.Decoder[Any], text: bytes) -> Any:
        key = self._key(text)
        part = shared.get(key)
        if part is None:
            part = decoder.decode(text)
            _remember(shared, key, part)
        return part

    def _renamed(
        self, shared: dict[Any, Any], decoder: msgspec.json.Decoder[Any], rename: Renaming, text: bytes, token: bytes
    ) -> Any:
        """A part in which the random name stands; shared only if it stands nowhere but where it is replaced."""
        key = self._key(text.replace(token, _ANY))
        part = shared.get(key)
        if part is None:
            part, times = rename(decoder.decode(text), token.decode())
            if times == text.count(token):
                _remember(shared, key, part)
        return part

    def _key(self, text: bytes) -> bytes:
        keyed = self._blank.copy()
        keyed.update(text)
        return keyed.digest()


def _remember(shared: dict[Any, Any], key: bytes, part: Any) -> None:
    if len(shared) >= _MOST:
        shared.clear()
    shared[key] = part


def _random_name(volumes: bytes) -> bytes:
    """The random name of the token volume; empty when it is not plain which that is."""
    found = set(_RANDOM.findall(volumes))
    return found.pop() if len(found) == 1 and b"\\u" not in volumes and TOKEN_VOLUME.encode() not in found else b""


def _wire(of: type[msgspec.Struct], hook: Callable[[type, Any], Any]) -> tuple[Any, list[_Field]]:
    """A wire type for a struct, and how to read each of its fields, in order."""
    made: list[_Field] = []
    declared: list[tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(of):
        if field.type in _PLAIN:
            made.append(
                _Field(field.name, field.default, None, {}, text=field.type is str and field.name != "name", rename=None)
            )
            declared.append((field.name, field.type, field.default))
        else:
            decoder = msgspec.json.Decoder(field.type, dec_hook=hook)
            made.append(_Field(field.name, _ABSENT, decoder, {}, text=False, rename=_RENAMED.get(field.name)))
            declared.append((field.name, msgspec.Raw, _ABSENT))
    names = {field.name: field.encode_name for field in msgspec.structs.fields(of)}
    return msgspec.defstruct(f"Wire{of.__name__}", declared, rename=names, gc=False), made


def _made(of: Any) -> Any:
    return msgspec.field(default_factory=of)
