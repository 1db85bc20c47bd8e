"""Builds Go programs into the cache: once for one set of inputs, by one process at a time, all or nothing.

The key of a result is a digest of all that it is made from: module file and checksums, the module's own sources, packages,
tags, linker flags and platform. The toolchain's version is recorded, not part of the key: ``go.mod`` says how new it has to
be, and a cache that was filled elsewhere serves a machine without Go. A result is built in a temporary directory and renamed;
while that lasts an flock(2) is held, which the kernel drops when its holder dies.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ostiary.core.errors import Unreachable
from ostiary.sandbox import gotoolchain
from ostiary.sandbox.layout import cache_root
from ostiary.sandbox.process import TIED, last_lines
from ostiary.sandbox.progress import Progress

FULL = "no space left on device"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A build and all that its result depends on. ``share``: NAME to (module, path in it), copied from Go's module cache."""

    name: str
    version: str
    directory: Path
    modfile: Path
    packages: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    share: tuple[tuple[str, tuple[str, str]], ...] = ()
    megabytes: int = 100

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.name} {self.version}".strip()

    @property
    def key(self) -> str:
        """The digest of everything that goes in."""
        digest = hashlib.sha256()
        sources = sorted(path for path in self.directory.rglob("*.go") if path.is_file())
        for path in (self.modfile, self.modfile.with_suffix(".sum"), *sources):
            content = path.read_bytes() if path.is_file() else b""
            digest.update(f"{path.name} {len(content)}\n".encode() + content)
        told = (self.packages, self.links, self.tags, self.ldflags, self.share, platform.machine())
        digest.update(repr(told).encode())
        return digest.hexdigest()[:16]

    @property
    def flags(self) -> list[str]:
        """The flags of ``go build``; ``-trimpath`` makes the result the same wherever it is built."""
        flags = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", " ".join(self.ldflags)]
        if self.modfile != self.directory / "go.mod":
            flags += ["-modfile", str(self.modfile)]
        return [*flags, "-tags", ",".join(self.tags)] if self.tags else flags


def ensure(recipe: Recipe, progress: Progress) -> Path:
    """The directory (``bin/``, ``share/``) of a recipe's result, built now when it is not in the cache."""
    home = cache_root() / "engines" / f"{recipe.name}-{recipe.key}"
    if home.is_dir():
        return home
    try:
        home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(home, progress):
            if not home.is_dir():
                _build_into(home, recipe, progress)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _full(recipe, home.parent) from error
        raise Unreachable(
            f"cannot build {recipe.title} into {home.parent}: {error}", todo="set OSTIARY_CACHE to a writable directory"
        ) from error
    return home


@contextlib.contextmanager
def _locked(home: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock of one result; says so while another process has it."""
    began = time.monotonic()
    with (home.parent / f".{home.name}.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                progress(f"waiting for another process that builds {home.name}", time.monotonic() - began)
                time.sleep(0.5)
        yield


def _build_into(home: Path, recipe: Recipe, progress: Progress) -> None:
    for stale in home.parent.glob(f".building-{home.name}-*"):  # we hold the lock: their builder is dead
        shutil.rmtree(stale, ignore_errors=True)
    if shutil.disk_usage(home.parent).free < recipe.megabytes * 1_000_000:
        raise _full(recipe, home.parent)
    go = gotoolchain.find(recipe.directory, progress)
    temporary = Path(tempfile.mkdtemp(prefix=f".building-{home.name}-", dir=home.parent))
    try:
        began = time.monotonic()
        _compile(go, recipe, temporary, progress)
        for link, binary in recipe.links:
            (temporary / "bin" / link).symlink_to(binary)
        _copy_shared(go, recipe, temporary)
        record = {"recipe": recipe.title, "go": _output(go, recipe, "version"), "seconds": round(time.monotonic() - began, 1)}
        (temporary / "built.json").write_text(json.dumps(record) + "\n")
        temporary.chmod(0o755)
        os.replace(temporary, home)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _compile(go: Path, recipe: Recipe, into: Path, progress: Progress) -> None:
    """Run ``go build``, counting the packages that it names as it compiles them."""
    (into / "bin").mkdir()
    log = into / "build.log"
    command = [str(go), "build", "-v", *recipe.flags, "-o", f"{into / 'bin'}/", *recipe.packages]
    began = time.monotonic()
    progress(f"building {recipe.title}", 0)
    with log.open("wb") as output, log.open("rb") as tail:
        build = subprocess.Popen(
            [sys.executable, "-I", "-S", str(TIED), str(os.getpid()), command[0], *command],
            cwd=recipe.directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        packages, ticks = 0, 0
        try:
            while build.poll() is None:
                time.sleep(0.1)
                packages += tail.read().count(b"\n")
                ticks += 1
                if ticks % 10 == 0:
                    progress(f"building {recipe.title}; {packages} packages compiled", time.monotonic() - began)
        finally:
            build.kill()
            build.wait()
    if build.returncode != 0:
        raise _failed(recipe, into.parent, build.returncode, last_lines(log))


def _environment() -> dict[str, str]:
    """The caller's own (proxies, GOPROXY, GOCACHE, GOTMPDIR), without what would change the result."""
    dropped = ("GOFLAGS", "GOOS", "GOARCH", "GOWORK")
    return {name: value for name, value in os.environ.items() if name not in dropped} | {"CGO_ENABLED": "0", "GOWORK": "off"}


def _copy_shared(go: Path, recipe: Recipe, into: Path) -> None:
    """Copy files that came with a module out of Go's module cache."""
    (into / "share").mkdir()
    for name, (module, path) in recipe.share:
        source = Path(_output(go, recipe, "list", "-m", "-f", "{{.Dir}}", module)) / path
        target = into / "share" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.go", "testdata"))
        else:
            shutil.copyfile(source, target)
    for copied in (into / "share").rglob("*"):  # Go's module cache is read-only
        copied.chmod(0o755 if copied.is_dir() else 0o644)


def _output(go: Path, recipe: Recipe, *arguments: str) -> str:
    done = subprocess.run(
        [go, *arguments], cwd=recipe.directory, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Unreachable(f"cannot build {recipe.title}: go {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def _failed(recipe: Recipe, where: Path, code: int, log: str) -> Unreachable:
    if FULL in log:
        return _full(recipe, where)
    return Unreachable(
        f"cannot build {recipe.title}: go build ended with exit code {code}:\n{log}",
        todo="a module that cannot be downloaded: is GOPROXY reachable? killed: is there enough memory (about 4 GB)?",
    )


def _full(recipe: Recipe, where: Path) -> Unreachable:
    free = shutil.disk_usage(where).free // 1_000_000
    return Unreachable(
        f"cannot build {recipe.title}: the disk is full ({where} has {free} MB free; the result takes {recipe.megabytes} MB, and Go's own "
        "caches and temporary files, for all engines, about 12 GB)",
        todo="free some space, or point OSTIARY_CACHE (results), GOCACHE, GOMODCACHE and GOTMPDIR (Go's own) at a larger disk",
    )
