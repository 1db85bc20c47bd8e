"""The images that the tests ask for, made here under the names that ``e2e.test --list-images`` prints: a node without a registry has them.

agnhost is the real one, built from the tests' own module; both names that the tests know are the same program. busybox is Debian's, with its
``printenv`` told in a line of shell. What is not here is nginx and nautilus (pictures of sea animals, served by themselves): see ``chosen``.
"""

import subprocess
from pathlib import Path

from ostiary.sandbox import engines
from ostiary.sandbox.realnode.images import Content, Image, SymbolicLink, write_archive
from ostiary.sandbox.realnode.tools import busybox

ROOT = "0:0"  # as upstream's images
PRINTENV = b'#!/bin/sh\nenv | grep "^$1=" | cut -d= -f2-\n'
REGISTRY = "registry.k8s.io"
AGNHOST = (f"{REGISTRY}/e2e-test-images/agnhost:2.66.1", f"{REGISTRY}/e2e-test-images/agnhost:2.55")
BUSYBOX = (f"{REGISTRY}/e2e-test-images/busybox:1.37.0-2", f"{REGISTRY}/e2e-test-images/busybox:1.36.1-1")
PAUSE = f"{REGISTRY}/pause:3.10.2"


def archive(to: Path) -> Path:
    """Write all of them to ``to``."""
    agnhost: dict[str, Content | SymbolicLink] = {"/agnhost": engines.ensure(("agnhost",)) / "agnhost", **tools()}
    made = [Image(name, agnhost, ("/agnhost",), ROOT, ("pause",)) for name in AGNHOST]
    made += [Image(name, tools(), (), ROOT, ("sh",)) for name in BUSYBOX]
    made.append(Image(PAUSE, agnhost, ("/agnhost", "pause")))
    return write_archive(made, to)


def tools() -> dict[str, Content | SymbolicLink]:
    """Every tool of a busybox: more than the sandbox's own images have."""
    program = busybox()
    assert program is not None, "apt-get install busybox-static"
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
    links = {f"/bin/{name}": SymbolicLink("busybox") for name in listed if name != "busybox"}
    return {"/bin/busybox": program, **links, "/bin/printenv": PRINTENV}
