"""Pins one more version of Kubernetes for the engines: ``python -m ostiary.sandbox.pin 1.36.3``. For those who maintain ostiary.

Kubernetes requires its staging modules at v0.0.0 and replaces them by directories of its own repository, which a module that
requires Kubernetes does not inherit: each is replaced here by the module published for that release (v1.36.3 publishes
v0.36.3). The list comes from Kubernetes' own ``go.mod``, etcd's version too; ``go mod tidy`` adds the rest, so that the same
version gives the same files.

Writes ``engines/kubernetes/versions/1.36.mod`` and ``.sum``; ``--newest`` writes ``go.mod`` and ``go.sum`` instead.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from ostiary.core.errors import BadInput, OstiaryError, Unreachable
from ostiary.sandbox import gotoolchain
from ostiary.sandbox.kubernetes_versions import modules_root
from ostiary.sandbox.progress import Talk

MODULE = "ostiary.dev/engines/kubernetes"
ETCD = "go.etcd.io/etcd/server/v3"
OWN_STAGING = ("k8s.io/client-go", "k8s.io/component-base", "k8s.io/kubectl")
_STAGING = re.compile(r"^\s*(k8s\.io/\S+) => \./staging/", re.MULTILINE)
_VERSION = re.compile(r"1\.(\d+)\.(\d+)")


def module_file(version: str, upstream: str) -> str:
    """The module file that pins ``version``, from Kubernetes' own ``go.mod`` of that version.

    >>> print(module_file("1.36.3", "go 1.26.0\\n go.etcd.io/etcd/server/v3 v3.6.8\\nreplace (\\n k8s.io/api =>
    ./staging/src/k8s.io/api\\n)")) module ostiary.dev/engines/kubernetes ...
    """
    staging = sorted(set(_STAGING.findall(upstream)))
    published = f"v0.{version.removeprefix('1.')}"
    etcd = re.search(rf"^\s*{re.escape(ETCD)} (v\S+)", upstream, re.MULTILINE)
    go = re.search(r"^go (\S+)", upstream, re.MULTILINE)
    if not staging or etcd is None or go is None:
        raise Unreachable(f"the go.mod of Kubernetes {version} names no staging modules, etcd or Go version")
    requirements = [f"{ETCD} {etcd[1]}", *(f"{name} {published}" for name in OWN_STAGING), f"k8s.io/kubernetes v{version}"]
    lines = [
        f"module {MODULE}",
        "",
        f"go {go[1]}",
        "",
        "tool k8s.io/kubernetes/test/images/agnhost",
        "",
        "require (",
        *(f"\t{requirement}" for requirement in requirements),
        ")",
        "",
        "// Kubernetes pins its staging modules by directory: each is repeated here at the version of the release.",
        "replace (",
        *(f"\t{name} => {name} {published}" for name in staging),
        ")",
    ]
    return "\n".join(lines) + "\n"


def pin(version: str, *, newest: bool = False) -> Path:
    """Write module file and checksums for ``version`` and return the module file's path."""
    match = _VERSION.fullmatch(version.removeprefix("v"))
    if match is None:
        raise BadInput(f"{version!r} is not a version of Kubernetes", todo="write it in full, such as 1.36.3")
    version = match[0]
    directory = modules_root() / "kubernetes"
    go = gotoolchain.find(directory, Talk())
    downloaded = json.loads(_go(go, directory, "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"))
    target = directory / "go.mod" if newest else directory / "versions" / f"1.{match[1]}.mod"
    target.parent.mkdir(exist_ok=True)
    target.write_text(module_file(version, Path(downloaded["GoMod"]).read_text()))
    target.with_suffix(".sum").unlink(missing_ok=True)
    _go(go, directory, "mod", "tidy", "-modfile", str(target))
    return target


def _go(go: Path, directory: Path, *arguments: str) -> str:
    done = subprocess.run([go, *arguments], cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unreachable(
            f"go {' '.join(arguments)}: {done.stderr.strip()}", todo="is there such a version? see proxy.golang.org"
        )
    return done.stdout


def main() -> None:
    """Pin the version that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m ostiary.sandbox.pin", description="Pin one more version of Kubernetes.")
    parser.add_argument("version", help="in full, such as 1.36.3")
    parser.add_argument("--newest", action="store_true", help="make it the default version")
    arguments = parser.parse_args()
    try:
        print(pin(arguments.version, newest=arguments.newest))
    except OstiaryError as error:
        sys.exit(f"pin: {error}")


if __name__ == "__main__":
    main()
