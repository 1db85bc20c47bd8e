"""Which fields the model keeps, as one short digest: two ostiaries with the same shape read each other's snapshots without loss.

>>> len(model_shape())
16
"""

from functools import cache
from typing import Any

import msgspec

from ostiary.core.canonical import digest
from ostiary.model.blind import Blind
from ostiary.model.kinds import KINDS


@cache
def model_shape() -> str:
    """The first 64 bits of a digest over every field of every kind, by name and type."""
    shapes: dict[str, Any] = {}
    for name, of in (*((kind.section, kind.type) for kind in KINDS), ("blind", Blind)):
        shapes[name] = _describe(msgspec.inspect.type_info(of), shapes)
    return digest(shapes)[:16]


def _describe(info: Any, shapes: dict[str, Any]) -> Any:
    match info:
        case msgspec.inspect.StructType(cls=cls, fields=fields):
            if cls.__name__ not in shapes:
                shapes[cls.__name__] = None  # under way: a type may hold itself
                shapes[cls.__name__] = {field.encode_name: _describe(field.type, shapes) for field in fields}
            return cls.__name__
        case msgspec.inspect.UnionType(types=types):
            return [_describe(part, shapes) for part in types]
        case msgspec.inspect.VarTupleType(item_type=item):
            return ["*", _describe(item, shapes)]
        case msgspec.inspect.DictType(value_type=value):
            return ["map", _describe(value, shapes)]
        case msgspec.inspect.CustomType(cls=cls) | msgspec.inspect.EnumType(cls=cls):
            return cls.__name__
        case _:
            return type(info).__name__
