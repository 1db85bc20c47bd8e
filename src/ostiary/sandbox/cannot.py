"""Why a sandbox cannot run on this machine at all, as opposed to: something went wrong while it did."""

from ostiary.core.errors import Unreachable


class CannotRun(Unreachable):
    """This machine lacks what the sandbox needs: Linux, root, a tool, a Go toolchain. Nothing was started."""
