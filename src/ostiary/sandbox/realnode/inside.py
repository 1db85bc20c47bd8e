"""First steps of a cluster's init, inside its namespaces, until it becomes the supervisor; the other half of ``namespace``.

Run as ``python -m ostiary.sandbox.realnode.inside ORDER ARGV...`` by ``namespace.spawn``, with a socket to the keeper. Any
failure is told through that socket, in one line; the keeper's end closes it, and then this process removes what it has made
and ends. It is deliberately not killed by the kernel together with the keeper (as the engines are with their supervisor):
nobody would be left to remove the control groups.
"""

import contextlib
import json
import os
import socket
import sys
from pathlib import Path

from ostiary.core.errors import OstiaryError
from ostiary.sandbox.realnode import cgroups, link, mounts
from ostiary.sandbox.realnode.names import ADDRESS_VARIABLE, NODE_NAME
from ostiary.sandbox.realnode.syscalls import CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUTS, unshare


def main() -> None:
    """Prepare the namespaces and become the supervisor."""
    os.umask(0o022)
    order, argv = json.loads(sys.argv[1]), sys.argv[2:]
    with socket.socket(fileno=order["channel"]) as channel:
        try:
            address = _prepare(channel, order)
            channel.sendall(b"ready\n")
        except (OSError, OstiaryError) as error:
            cgroups.remove(order["identity"])
            with contextlib.suppress(OSError):  # nobody may be listening any more
                channel.sendall(" ".join(str(error).split()).encode() + b"\n")
            sys.exit(1)
    os.environ[ADDRESS_VARIABLE] = address
    os.execv(argv[0], argv)  # noqa: S606 - becoming the supervisor is what this is for


def _prepare(channel: socket.socket, order: dict[str, object]) -> str:
    unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
    channel.sendall(b"apart\n")
    with channel.makefile("r") as answers:
        answer = answers.readline()
    if not answer:
        raise OSError("the keeper is gone")
    addresses = json.loads(answer)
    cgroups.create(str(order["identity"]))
    keep = order["keep"]
    mounts.arrange(Path(str(order["node"])), [Path(path) for path in keep] if isinstance(keep, list) else [])
    _configure(addresses["host"], addresses["node"])
    return str(addresses["node"])


def _configure(host: str, node: str) -> None:
    """Name, addresses and routes of this side; all of it belongs to these namespaces."""
    socket.sethostname(NODE_NAME)
    link.ip("link", "set", "lo", "up")
    link.ip("address", "add", f"{node}/{link.PREFIX}", "dev", link.INSIDE)
    link.ip("link", "set", link.INSIDE, "up")
    link.ip("route", "add", "default", "via", host)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


if __name__ == "__main__":
    main()
