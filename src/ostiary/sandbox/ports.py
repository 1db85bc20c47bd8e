"""Free TCP ports for a cluster.

A port that was free a moment ago may be taken when its program binds it: whoever starts the program tries again with others
when its log says so (``was_taken``). Several ports are asked for at once, so that they differ.
"""

import contextlib
import socket
from pathlib import Path

from ostiary.sandbox.process import last_lines


def free_ports(count: int, address: str = "127.0.0.1") -> list[int]:
    """``count`` different ports that nobody listens on now; the kernel chooses."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((address, 0))
        return [int(one.getsockname()[1]) for one in sockets]


def was_taken(log: Path) -> bool:
    """Whether a program's log ends with the complaint that its port is taken (EADDRINUSE, as Go words it)."""
    return "address already in use" in last_lines(log, 40)
