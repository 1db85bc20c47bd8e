"""Runs chosen tests of e2e.test, side by side with ginkgo, against any kubeconfig, and reads the report.

Every kubectl that a test starts gets ``--server`` from the kubeconfig, which takes its ``tls-server-name`` away. So that a gateway can be reached by name
all the same, the tests may see an /etc/hosts of their own, in a mount namespace.

    outcomes = run(chosen.FOCUS, chosen.skipped(), kubeconfig, Path("report"))
"""

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ostiary.sandbox import engines

SIDE_BY_SIDE = 6  # the tests wait most of the time: two cores carry more than two
HOUR = 3600
NOT_CHOSEN = "skipped"  # what ginkgo says of a test that it was not asked for; one that skips itself says why
_SEEING_HOSTS = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"']
_PROVIDER = ("--provider=skeleton", "--num-nodes=1")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one test ended. ``status`` is ginkgo's: passed, failed, skipped, timedout, ...; ``why`` is the failure's message."""

    status: str
    seconds: float
    why: str = ""

    @property
    def passed(self) -> bool:
        """Whether it did."""
        return self.status == "passed"


def run(
    focus: Sequence[str], skip: Sequence[str], kubeconfig: Path, report: Path, hosts: Path | None = None
) -> Mapping[str, Outcome]:
    """Run the tests whose names match one of ``focus`` and none of ``skip``; everything that they say is in ``report``/log.txt."""
    programs = engines.ensure(("e2e.test", "ginkgo", "kubectl"))
    report.mkdir(parents=True, exist_ok=True)
    chosen = [part for pattern in focus for part in ("--focus", pattern)] + [
        part for pattern in skip for part in ("--skip", pattern)
    ]
    command = [
        *([*_SEEING_HOSTS, str(hosts)] if hosts else []),
        *(str(programs / "ginkgo"), f"--procs={SIDE_BY_SIDE}", "--no-color", "--timeout=1h", *chosen),
        *("--junit-report=junit.xml", f"--output-dir={report.absolute()}", str((programs / "e2e.test").resolve()), "--"),
        *(f"--kubeconfig={kubeconfig.absolute()}", f"--kubectl-path={_kubectl(programs, report)}", *_PROVIDER),
    ]
    dropped = ("KUBECONFIG", "KUBERNETES_SERVICE_HOST")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment["PATH"] = (
        f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}"  # credential plugins and the tests' own kubectl
    )
    with (report / "log.txt").open("wb") as log:
        subprocess.run(command, cwd=report, env=environment, stdout=log, stderr=subprocess.STDOUT, timeout=HOUR, check=False)
    written = report / "junit.xml"
    assert written.is_file(), f"the tests did not run: see {report / 'log.txt'}"
    return read(written)


def _kubectl(programs: Path, report: Path) -> Path:
    """A kubectl that is a file and no link: a test copies it into a pod, and ``kubectl cp`` copies no links."""
    copy = report.absolute() / "kubectl"
    if not copy.is_file():
        shutil.copy2((programs / "kubectl").resolve(), copy)
    return copy


def read(junit: Path) -> dict[str, Outcome]:
    """The tests of a report that ran, by name without their labels."""
    cases = ElementTree.parse(junit).getroot().iter("testcase")
    found = {_name(case.get("name", "")): _outcome(case) for case in cases if case.get("name", "").startswith("[It]")}
    return {name: outcome for name, outcome in found.items() if (outcome.status, outcome.why) != ("skipped", NOT_CHOSEN)}


def _name(text: str) -> str:
    return re.sub(r"(\s*\[[^]]*\])+$", "", text.removeprefix("[It] ").removeprefix("[sig-cli] "))


def _outcome(case: ElementTree.Element) -> Outcome:
    found = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
    why = "" if found is None else (found.get("message") or found.text or "")
    return Outcome(case.get("status", "unknown"), float(case.get("time", "0")), " ".join(why.split())[:400])
