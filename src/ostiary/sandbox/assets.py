"""Engines that somebody brought along: the directory that ``KUBEBUILDER_ASSETS`` names, as controller-runtime's envtest uses it.

It has to hold etcd, kube-apiserver and kubectl; controller manager and scheduler are taken from it when they are there and
built when they are not. Source: https://book.kubebuilder.io/reference/envtest
"""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ostiary.core.errors import BadInput, Refused, Unreachable

VARIABLE = "KUBEBUILDER_ASSETS"
REQUIRED = ("etcd", "kube-apiserver", "kubectl")
OPTIONAL = ("kube-controller-manager", "kube-scheduler")


def find(names: Sequence[str], version: str | None) -> dict[str, Path]:
    """Those of ``names`` that the assets provide; nothing when the variable is not set.

    Raises BadInput when a required one is missing, Refused when a ``version`` was asked for and the assets have another.
    """
    if not os.environ.get(VARIABLE) or not set(names) & set(REQUIRED):
        return {}
    directory = Path(os.environ[VARIABLE]).absolute()
    missing = [name for name in REQUIRED if not os.access(directory / name, os.X_OK)]
    if missing:
        raise BadInput(
            f"{VARIABLE} is {directory}, where {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing or not executable",
            todo=f"point it at a directory with {', '.join(REQUIRED)}, or unset it to build the engines",
        )
    if version is not None and not (has := kubernetes_version(directory)).startswith(version.removeprefix("v")):
        raise Refused(
            f"Kubernetes {version} was asked for, and {VARIABLE} has {has}", todo=f"leave out the version, or unset {VARIABLE}"
        )
    return {name: directory / name for name in names if name in (*REQUIRED, *OPTIONAL) and os.access(directory / name, os.X_OK)}


def kubernetes_version(directory: Path) -> str:
    """The version that ``kube-apiserver`` in ``directory`` says, such as 1.37.2."""
    program = directory / "kube-apiserver"
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Unreachable(f"cannot ask {program} for its version: {error}") from error
    match = re.search(r"v(\d+\.\d+\.\d+)", said)
    if match is None:
        raise Unreachable(f"{program} --version says {said.strip()!r}, which is no version")
    return match[1]
