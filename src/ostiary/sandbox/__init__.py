"""A local real cluster: engines, control plane, nodes. ``up``, ``down``, ``status``, ``get`` and their values are its API.

Names are found on first use, so that importing the package (every pytest run does) costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ostiary.sandbox.lifecycle import down, get, status, up
    from ostiary.sandbox.options import Nodes, SandboxOptions
    from ostiary.sandbox.running import ClusterStatus, RunningCluster

__all__ = ["ClusterStatus", "Nodes", "RunningCluster", "SandboxOptions", "down", "get", "status", "up"]

_HOMES = {"Nodes": "options", "SandboxOptions": "options", "ClusterStatus": "running", "RunningCluster": "running"}


def __getattr__(name: str) -> Any:
    """Import a name of the API when it is first asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'lifecycle')}"), name)
