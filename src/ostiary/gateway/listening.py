"""Whether the gateway's address can be had, and whether Envoy has it: Envoy runs on without its listener, and answers that it is ready.

Asked before the first start, so that a port which is taken is said at once and in words; after a crash nobody asks, because Envoy comes back to its own port.
"""

import errno
import socket
from pathlib import Path

import msgspec

from ostiary.core.errors import Unreachable
from ostiary.pillars.access.envoy.names import LISTENERS


class _Address(msgspec.Struct, frozen=True):
    address: str
    port_value: int


class _Socket(msgspec.Struct, frozen=True):
    socket_address: _Address


class _Listener(msgspec.Struct, frozen=True):
    address: _Socket


class _Listeners(msgspec.Struct, frozen=True):
    resources: tuple[_Listener, ...]


def require_free(directory: Path) -> None:
    """Unreachable when the address that the configuration in this directory names cannot be listened on."""
    configured = msgspec.json.decode((directory / LISTENERS).read_bytes(), type=_Listeners)
    wanted = configured.resources[0].address.socket_address
    family = socket.AF_INET6 if ":" in wanted.address else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((wanted.address, wanted.port_value))
        except OSError as error:
            raise _cannot(wanted, error) from None


def _cannot(wanted: _Address, error: OSError) -> Unreachable:
    where = f"{wanted.address} port {wanted.port_value}"
    todo = "choose another: ostiary up --set gateway.port=PORT"
    if error.errno == errno.EADDRINUSE:
        return Unreachable(f"the gateway cannot listen on {where}: another program does", todo=f"stop it, or {todo}")
    return Unreachable(f"the gateway cannot listen on {where}: {error.strerror}", todo=todo)
