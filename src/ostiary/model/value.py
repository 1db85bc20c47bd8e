"""How a value is declared: frozen, keyword-only, named in JSON as Kubernetes names it, silent about defaults.

A field that is absent, a field that is null and a field that holds its zero value are one and the same to the API server; so they are here.
"""

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """The base of everything that a Cluster holds. Fields that no pillar reads are not declared, and so never kept."""


class Present(Value, frozen=True, kw_only=True):
    """An object of which only the presence matters, such as the source of a volume that no pillar looks into."""
