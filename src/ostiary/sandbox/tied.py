"""Become another program that dies with its parent; run as a script between fork and exec, standard library only.

``python -I -S tied.py PARENT PROGRAM ARGV0 [ARGUMENT...]`` asks the kernel to kill this process when the thread that forked
it ends (prctl(2), PR_SET_PDEATHSIG; the setting survives execve(2) of an ordinary program), makes sure that the parent did
not end before that was set, and becomes PROGRAM. The setting is not inherited by further forks: what a program starts itself
is its own business, or that of a pid namespace.

Exit 126: the parent was gone already, or PROGRAM cannot be executed.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Tie this process to PARENT, then become PROGRAM."""
    parent, program, argv = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"tied: cannot tie {program} to its parent: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit(126)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        os.execv(program, argv)  # noqa: S606 - becoming another program is what this is for
    except OSError as error:
        print(f"tied: cannot execute {program}: {error.strerror}", file=sys.stderr)
        sys.exit(126)


if __name__ == "__main__":
    main()
