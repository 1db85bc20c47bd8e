"""Which of the tests run here, which do not, and why not.

The whole group sig-cli, but for what needs images that only a registry has. ``REPRESENTATIVE`` is what runs whenever tests run: one of every kind of
traffic that kubectl makes, and the ones that gateways are known to break.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WHOLE = (r"\[sig-cli\]",)


@dataclass(frozen=True, slots=True)
class Skip:
    """Tests whose name matches ``pattern`` are not run, because of ``reason``."""

    pattern: str
    reason: str


SKIPPED = (
    Skip("Update Demo", "asks the nautilus image for the picture that it serves: there is no such image without a registry"),
    Skip(
        "kubectl debug custom profile",
        "debugs with the nginx image and waits until it runs: there is no such image without a registry",
    ),
)

REPRESENTATIVE = (
    r"\[sig-cli\].*should support exec using resource/name",  # WebSocket
    r"\[sig-cli\].*execing into a container with a failing command",  # the exit code arrives
    r"\[sig-cli\].*should handle in-cluster config",  # cp, of a large file
    r"\[sig-cli\].*should copy a file from a running Pod",
    r"\[sig-cli\].*listening on 0.0.0.0.*should support forwarding over websockets",
    r"\[sig-cli\].*listening on localhost.*sends NO DATA",
    r"\[sig-cli\].*running a successful command",  # run, attach, stdin
    r"\[sig-cli\].*should support proxy with --port 0",
    r"\[sig-cli\].*finds a difference for Deployments",  # server-side apply, dry-run
    r"\[sig-cli\].*should create/apply a valid CR for CRD",  # discovery of what is new
    r"\[sig-cli\].*should apply and prune objects",
    r"\[sig-cli\].*prints relevant information for cronjob",
    r"\[sig-cli\].*should be able to retrieve and filter logs",
    r"\[sig-cli\].*undo should rollback",  # watch
)

# By path, for places where a name cannot be had: streams, whose paths are rewritten on the way.
BY_PATH = (
    r"\[sig-cli\].*should support exec using resource/name",
    r"\[sig-cli\].*should copy a file from a running Pod",
    r"\[sig-cli\].*listening on 0.0.0.0.*should support forwarding over websockets",
    r"\[sig-cli\].*should be able to retrieve and filter logs",
)


def skipped() -> Sequence[str]:
    """The patterns of what is not run."""
    return tuple(skip.pattern for skip in SKIPPED)
