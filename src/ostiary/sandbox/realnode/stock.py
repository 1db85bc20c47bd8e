"""The images that every real node has: made here from the engines and a static busybox, under names that no registry has.

ostiary.local/pause:1      what holds a pod's namespaces (agnhost pause)
ostiary.local/agnhost:1    Kubernetes' own test tool: netexec, connect, dns, ...; with a shell and the usual small tools
ostiary.local/busybox:1    those small tools alone
ostiary.local/coredns:1    cluster DNS
"""

from pathlib import Path

from ostiary.core.errors import Unreachable
from ostiary.sandbox.realnode.containerd import PAUSE_IMAGE
from ostiary.sandbox.realnode.images import Content, Image, SymbolicLink
from ostiary.sandbox.realnode.tools import busybox

APPLETS = """
[ ash base64 cat chmod chown cp cut date dd df du echo env expr false find grep head hostname id ifconfig ip
kill less ln ls md5sum mkdir mktemp mv nc netstat nslookup od ping printf ps pwd readlink realpath rm route
sed seq sh sha256sum sleep sort stat sync tail tar tee test time timeout top touch tr true uname uniq vi wc
wget which whoami xargs yes
"""


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
