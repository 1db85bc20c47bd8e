"""The engines of a sandbox: which there are, where each comes from, and a directory that holds those which a command needs.

``PROGRAMS`` is the table: a program is one binary or a few that are built together from one Go module under ``engines/``, and
provides engines by name. ``ensure`` builds what is not in the cache (``gobuild``), and nothing that was not asked for.

    bin = ensure(("etcd", "kube-apiserver", "kubectl"), progress=Talk())
    bin / "kubectl"; bin / "share" / "kwok"      # files that came with a program, when it was asked for
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ostiary.core.errors import BadInput
from ostiary.sandbox import assets, gobuild
from ostiary.sandbox.kubernetes_versions import Pin, modules_root, pin
from ostiary.sandbox.layout import cache_root
from ostiary.sandbox.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class Program:
    """One build: packages of one module. ``links``: further names for a binary that looks at what it is called by.

    ``share``: files or folders of Go modules that come along as ``share/PROGRAM/NAME``: NAME to (module, path in it).
    ``megabytes`` is about what the result takes, asked for before building starts.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    binaries: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ("-s", "-w")
    share: tuple[tuple[str, tuple[str, str]], ...] = field(default=())
    megabytes: int = 100

    @property
    def provides(self) -> frozenset[str]:
        """Every name that it can be asked for by."""
        return frozenset(self.binaries) | {link for link, _ in self.links}


CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")

PROGRAMS = (
    Program(
        "controlplane",
        "kubernetes",
        packages=("./cmd/controlplane",),
        binaries=("controlplane",),
        links=tuple((name, "controlplane") for name in CONTROL_PLANE),
        megabytes=150,
    ),
    Program(
        "node",
        "kubernetes",
        packages=("./cmd/node",),
        binaries=("node",),
        links=(("kubelet", "node"), ("kube-proxy", "node")),
    ),
    Program("agnhost", "kubernetes", packages=("k8s.io/kubernetes/test/images/agnhost",), binaries=("agnhost",), megabytes=70),
    Program(
        "containerd",
        "containerd",
        packages=tuple(
            f"github.com/containerd/containerd/v2/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")
        ),
        binaries=("containerd", "containerd-shim-runc-v2", "ctr"),
        tags=("no_btrfs", "no_devmapper", "no_zfs"),
    ),
    Program(
        "calico",
        "calico",
        packages=(
            "github.com/projectcalico/calico/felix/cmd/calico-felix",
            "github.com/projectcalico/calico/cni-plugin/cmd/calico",
        ),
        binaries=("calico-felix", "calico"),
        share=(("crds.yaml", ("github.com/projectcalico/calico", "manifests/crds.yaml")),),
        megabytes=150,
    ),
    Program("dex", "dex", packages=("github.com/dexidp/dex/cmd/dex",), binaries=("dex",), megabytes=80),
    Program("helm", "helm", packages=("helm.sh/helm/v3/cmd/helm",), binaries=("helm",), megabytes=80),
    Program("coredns", "coredns", packages=("github.com/coredns/coredns",), binaries=("coredns",), megabytes=80),
    Program(
        "kwok",
        "kwok",
        packages=("sigs.k8s.io/kwok/cmd/kwok",),
        binaries=("kwok",),
        share=(("stage", ("sigs.k8s.io/kwok", "kustomize/stage")),),
        megabytes=70,
    ),
    Program(
        "e2e",
        "e2e",
        packages=("./cmd/e2e.test", "github.com/onsi/ginkgo/v2/ginkgo"),
        binaries=("e2e.test", "ginkgo"),
        megabytes=120,
    ),
    Program("goproxy", "goproxy", packages=("./cmd/goproxy", "./cmd/load"), binaries=("goproxy", "load"), megabytes=20),
)


def ensure(names: Iterable[str], version: str | None = None, *, progress: Progress = silent) -> Path:
    """Return a directory that has every engine of ``names``, building what is missing; ``version`` is Kubernetes' (None: the newest pin).

    Engines that ``KUBEBUILDER_ASSETS`` holds are taken from there. Warm, nothing is started and nothing written.
    Raises BadInput for an unknown engine or version, Unreachable when something cannot be built.
    """
    wanted = sorted(set(names))
    chosen = pin(version)
    found = assets.find(wanted, version)
    sources: dict[str, Path] = dict(found)
    shares: dict[str, Path] = {}
    missing = [name for name in wanted if name not in found]
    for program in _programs(missing):
        built = gobuild.ensure(recipe(program, chosen), progress)
        sources |= {name: built / "bin" / name for name in program.provides if name in missing}
        if program.share:
            shares[program.name] = built / "share"
    return _view(sources, shares)


def recipe(program: Program, chosen: Pin) -> gobuild.Recipe:
    """How to build a program, everything that its result depends on included."""
    versioned = program.module == "kubernetes"
    return gobuild.Recipe(
        name=program.name,
        version=chosen.version if versioned else "",
        directory=modules_root() / program.module,
        modfile=chosen.modfile if versioned else modules_root() / program.module / "go.mod",
        packages=program.packages,
        links=program.links,
        tags=program.tags,
        ldflags=(*program.ldflags, *(chosen.ldflags if versioned else ())),
        share=program.share,
        megabytes=program.megabytes,
    )


def _programs(names: Iterable[str]) -> list[Program]:
    by_name = {name: program for program in PROGRAMS for name in program.provides}
    programs: dict[str, Program] = {}
    for name in names:
        if name not in by_name:
            raise BadInput(f"there is no engine called {name!r}", todo=f"known: {', '.join(sorted(by_name))}")
        programs[by_name[name].name] = by_name[name]
    return list(programs.values())


def _view(sources: dict[str, Path], shares: dict[str, Path]) -> Path:
    """A directory of links with just these names; made once, by renaming, and never changed."""
    links = {name: str(path) for name, path in sources.items()}
    links |= {f"share/{name}": str(path) for name, path in shares.items()}
    digest = hashlib.sha256(repr(sorted(links.items())).encode()).hexdigest()[:16]
    view = cache_root() / "engines" / f"bin-{digest}"
    if view.is_dir():
        return view
    view.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".view-", dir=view.parent))
    (temporary / "share").mkdir()
    for name, target in links.items():
        (temporary / name).symlink_to(target)
    try:
        os.rename(temporary, view)
    except OSError:  # another process was quicker, with the same content
        shutil.rmtree(temporary, ignore_errors=True)
    return view
