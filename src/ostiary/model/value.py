"""How a value is declared: frozen, keyword-only, named in JSON as Kubernetes names it, silent about defaults.

A field that is absent, a field that is null and a field that holds its zero value are one and the same to the API server; so they are here.

>>> class Port(Value, frozen=True, kw_only=True):
...     protocol: str = always("TCP")
>>> msgspec.json.encode(Port()), msgspec.json.encode(Port(protocol="".join(["T", "CP"])))
(b'{"protocol":"TCP"}', b'{"protocol":"TCP"}')
"""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def always(value: T) -> T:
    """A default that is written out, though it is one: msgspec leaves a default out when it is the same object, and an equal one that was read is not."""
    default: T = msgspec.field(default_factory=lambda: value)
    return default


class Value(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """The base of everything that a Cluster holds. Fields that no pillar reads are not declared, and so never kept."""


class Present(Value, frozen=True, kw_only=True):
    """An object of which only the presence matters, such as the source of a volume that no pillar looks into."""
