"""The images that every real node has: made here from the engines and a static busybox, under names that no registry has.

ostiary.local/pause:1      what holds a pod's namespaces (agnhost pause)
ostiary.local/agnhost:1    Kubernetes' own test tool: netexec, connect, dns, ...; with a shell and the usual small tools
ostiary.local/busybox:1    those small tools alone
ostiary.local/coredns:1    cluster DNS
"""

import hashlib
import os
import tempfile
from pathlib import Path

from ostiary.core.errors import Unreachable
from ostiary.sandbox.layout import cache_root
from ostiary.sandbox.realnode import images
from ostiary.sandbox.realnode.containerd import PAUSE_IMAGE
from ostiary.sandbox.realnode.images import Content, Image, SymbolicLink, write_archive
from ostiary.sandbox.realnode.tools import busybox

APPLETS = """
[ ash base64 cat chmod chown cp cut date dd df du echo env expr false find grep head hostname id ifconfig ip
kill less ln ls md5sum mkdir mktemp mv nc netstat nslookup od ping printf ps pwd readlink realpath rm route
sed seq sh sha256sum sleep sort stat sync tail tar tee test time timeout top touch tr true uname uniq vi wc
wget which whoami xargs yes
"""


def stock_archive(engines: Path) -> Path:
    """The archive of the images, from the cache or made now; complete whenever it is there, whoever was killed meanwhile."""
    archive = cache_root() / "images" / f"stock-{_key(engines)}.tar"
    if not archive.is_file():
        archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=archive.parent) as making:
            os.rename(write_archive(stock_images(engines), Path(making) / archive.name), archive)
    return archive


def _key(engines: Path) -> str:
    """What the archive depends on: the programs, by place, size and time, and the code that packs them."""
    digest = hashlib.sha256()
    for program in (engines / "agnhost", engines / "coredns", *filter(None, [busybox()])):
        real = program.resolve()
        digest.update(f"{real} {real.stat().st_size} {real.stat().st_mtime_ns}\n".encode())
    for source in (__file__, images.__file__):
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()[:16]


def stock_images(engines: Path) -> list[Image]:
    """The images; one layer is shared where two have the same files."""
    agnhost: dict[str, Content | SymbolicLink] = {"/agnhost": engines / "agnhost", **shell()}
    return [
        Image(PAUSE_IMAGE, agnhost, ("/agnhost", "pause")),
        Image("ostiary.local/agnhost:1", agnhost, ("/agnhost",)),
        Image("ostiary.local/busybox:1", shell(), ("/bin/sh",)),
        Image("ostiary.local/coredns:1", {"/coredns": engines / "coredns"}, ("/coredns",)),
    ]


def shell() -> dict[str, Content | SymbolicLink]:
    """The files of a busybox: one program, and a link for each of its tools."""
    program = busybox()
    if program is None:
        raise Unreachable(
            "there is no static busybox on this machine", todo="on Debian or Ubuntu: apt-get install busybox-static"
        )
    return {"/bin/busybox": program, **{f"/bin/{applet}": SymbolicLink("busybox") for applet in APPLETS.split()}}
