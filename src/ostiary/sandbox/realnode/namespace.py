"""Starts the supervisor of a cluster as init of namespaces of its own: pid, mount, network, IPC and host name.

The keeper calls ``spawn``. Its child (``inside.py``) is process 1 of a new pid namespace; when that process ends, by whatever
signal, the kernel kills everything in the namespace, containers included, and the mounts and the network go with it. What
outlives processes, ``sweep`` removes: the control groups and the host's end of the link. The keeper does so when init has
ended, and init itself, from inside, when the keeper has. Source: pid_namespaces(7).

    keeper                                        inside (pid 1 in there)
    new pid namespace, fork         ->            leaves the other namespaces
                                    <- apart
    moves a veth end in, addresses  -> addresses  control groups, mounts, interface, routes
                                    <- ready      becomes the supervisor
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ostiary.core.errors import Unreachable
from ostiary.sandbox.layout import Layout, cache_root
from ostiary.sandbox.realnode import cgroups, link
from ostiary.sandbox.realnode.syscalls import CLONE_NEWPID, setns, unshare

WITHIN_SECONDS = 30.0


def spawn(
    layout: Layout, identity: str, argv: Sequence[str], env: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start ``argv`` as init of new namespaces, joined to the host by a veth pair; call it from a main thread.

    ``OSTIARY_SANDBOX_ADDRESS`` in its environment is the address inside. The process id of the result is the one that the
    host sees; its output goes to the log ``supervisor``. Raises Unreachable when the machine does not allow it.
    """
    layout.node.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(WITHIN_SECONDS)
        keep = [str(path) for path in (layout.directory, Path(sys.prefix), cache_root()) if path.is_dir()]
        order = {"channel": theirs.fileno(), "identity": identity, "node": str(layout.node), "keep": keep}
        command = [sys.executable, "-P", "-m", "ostiary.sandbox.realnode.inside", json.dumps(order), *argv]
        child = _start_as_init(command, env, (*pass_fds, theirs.fileno()), layout.log("supervisor"))
        theirs.close()
        try:
            _converse(ours, identity, child.pid, layout.log("supervisor"))
        except BaseException:
            child.kill()
            child.wait()
            sweep(layout, identity)
            raise
    return child


def _start_as_init(
    command: Sequence[str], env: Mapping[str, str], pass_fds: Sequence[int], log: Path
) -> subprocess.Popen[bytes]:
    """Fork into a new pid namespace, and have later children of this process stay in the old one."""
    home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        unshare(CLONE_NEWPID)
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                pass_fds=pass_fds,
                start_new_session=True,
            )
    except OSError as error:
        raise Unreachable(
            f"cannot make a pid namespace: {error}", todo="real nodes need root; --nodes simulated=N works without"
        ) from error
    finally:
        setns(home, CLONE_NEWPID)
        os.close(home)


def _converse(ours: socket.socket, identity: str, pid: int, log: Path) -> None:
    """Play the keeper's part of the start; Unreachable with what went wrong inside."""
    with ours.makefile("r") as answers:
        _expect("apart", answers.readline(), log)
        joined = link.connect(identity, pid)
        ours.sendall(json.dumps({"host": joined.host, "node": joined.node}).encode() + b"\n")
        _expect("ready", answers.readline(), log)


def _expect(word: str, answer: str, log: Path) -> None:
    if answer.strip() != word:
        raise Unreachable(
            f"cannot prepare a real node: {answer.strip() or f'its first process ended, see {log}'}",
            todo="real nodes need root and namespaces; --nodes simulated=N works without",
        )


def sweep(layout: Layout, identity: str) -> None:
    """Remove what outlives the processes of a cluster: its control groups and the host's end of its link; idempotent.

    Processes that are left in the control groups are killed: the groups carry the cluster's identity. Raises Unreachable when
    something cannot be removed.
    """
    if not cgroups.remove(identity):
        left = ", ".join(str(path) for path in cgroups.roots(identity))
        raise Unreachable(
            f"control groups of {layout.name} cannot be removed: {left}",
            todo="a process in there does not end; see cgroup.procs below",
        )
    if os.geteuid() == 0:
        link.disconnect(identity)
