"""The one link between a cluster's network namespace and the host: a veth pair with a /30 of its own.

It decides the addresses: 198.18.0.0/15 (RFC 2544, networks for benchmarks: routed nowhere) is cut into /30s, and a cluster
takes the first one, from a place that its identity picks, that no address and no route of the host touches. The host's end is
named by the identity and carries it whole as its alias; by that, and by nothing else, it is found again. Nothing else of the
host's network is touched: no rule, no sysctl, no route but the one that an address brings.

>>> next(candidates("0" * 32))
Link(network=IPv4Network('198.18.0.0/30'), identity='00000000000000000000000000000000')
"""

import ipaddress
import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ostiary.core.errors import Unreachable

POOL = ipaddress.IPv4Network("198.18.0.0/15")
PREFIX = 30
INSIDE = "node0"
TRIES = 64


@dataclass(frozen=True, slots=True)
class Link:
    """The /30 of one cluster: the first address is the host's, the second the node's."""

    network: ipaddress.IPv4Network
    identity: str

    @property
    def host(self) -> str:
        """The host's address, the node's default gateway."""
        return str(self.network[1])

    @property
    def node(self) -> str:
        """The node's address, the API server's too."""
        return str(self.network[2])

    @property
    def interface(self) -> str:
        """The host's end: at most 15 characters."""
        return f"ost{self.identity[:12]}"

    @property
    def alias(self) -> str:
        """What makes the host's end ours."""
        return f"ostiary-{self.identity}"


def candidates(identity: str) -> Iterator[Link]:
    """Every link of the pool, from the one that ``identity`` picks on."""
    count = 1 << (PREFIX - POOL.prefixlen)
    start = int(identity[:8], 16) % count
    base = int(POOL.network_address)
    for step in range(count):
        address = base + ((start + step) % count) * (1 << (32 - PREFIX))
        yield Link(ipaddress.IPv4Network((address, PREFIX)), identity)


def first_free(identity: str, used: Iterable[ipaddress.IPv4Network]) -> Link:
    """The first candidate that overlaps nothing in ``used``; default routes do not belong in there."""
    taken = [network for network in used if network.overlaps(POOL)]
    for link in candidates(identity):
        if not any(link.network.overlaps(other) for other in taken):
            return link
    raise Unreachable(
        f"no /{PREFIX} of {POOL} is free for a real node", todo="end a cluster that is not needed: ostiary sandbox status"
    )


def used_networks() -> list[ipaddress.IPv4Network]:
    """Every network that an address or a route of the host covers, default routes apart."""
    found = []
    for route in _ip_json("-4", "route", "show", "table", "all"):
        destination = str(route.get("dst", ""))
        if destination and destination != "default":
            found.append(ipaddress.IPv4Network(destination, strict=False))
    found += [
        ipaddress.IPv4Network(f"{address['local']}/{address['prefixlen']}", strict=False) for address in _host_addresses()
    ]
    return [network for network in found if network.prefixlen > 0]


def connect(identity: str, pid: int) -> Link:
    """Make the pair, give the host's end its address, and move the other end into the network namespace of ``pid``.

    Two clusters that start at the same moment may pick the same /30: who finds another's address beside its own moves on.
    """
    for _ in range(TRIES):
        link = first_free(identity, used_networks())
        ip("link", "add", link.interface, "type", "veth", "peer", "name", INSIDE, "netns", str(pid))
        ip("link", "set", link.interface, "alias", link.alias)
        ip("address", "add", f"{link.host}/{PREFIX}", "dev", link.interface)
        ip("link", "set", link.interface, "up")
        if holders(link) == 1:
            return link
        disconnect(identity)
    raise Unreachable(f"no address of {POOL} stayed free in {TRIES} tries", todo="try again")


def holders(link: Link) -> int:
    """How many interfaces of the host have the link's own address; one when it is ours alone."""
    return len([address for address in _host_addresses() if address["local"] == link.host])


def _host_addresses() -> list[dict[str, Any]]:
    return [address for interface in _ip_json("-4", "address", "show") for address in interface.get("addr_info", [])]


def disconnect(identity: str) -> None:
    """Remove the host's end, if it is there and carries the identity; the other end goes with it."""
    alias = Link(POOL, identity).alias
    for interface in _ip_json("link", "show", "type", "veth"):
        if interface.get("ifalias") == alias:
            subprocess.run(["ip", "link", "delete", interface["ifname"]], capture_output=True, check=False)


def ip(*arguments: str) -> str:
    """Run ``ip``; Unreachable with what it said when it fails."""
    return run(("ip", *arguments))


def run(argv: Sequence[str]) -> str:
    """Run a tool of the system to its end and return its stdout; Unreachable with what it said when it fails."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"cannot run {argv[0]}: {error}") from error
    if done.returncode != 0:
        raise Unreachable(f"{' '.join(argv)} failed with exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _ip_json(*arguments: str) -> list[dict[str, Any]]:
    return [entry for entry in json.loads(ip("-json", *arguments) or "[]") if entry]
