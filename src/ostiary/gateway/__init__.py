"""The gateway's effects: configuration written so that Envoy sees all of it or none, Envoy looked after, its records read.

What the configuration is, ``pillars.access.envoy`` decides. ``Gateway`` is what the control plane drives; it is imported on first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ostiary.gateway.gateway import Gateway

__all__ = ["Gateway"]


def __getattr__(name: str) -> Any:
    """Import a name of the API when it is first asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ostiary.gateway.gateway import Gateway

    return Gateway
