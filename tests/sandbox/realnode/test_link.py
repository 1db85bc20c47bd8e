"""Addresses of clusters, and the host's end of their links: chosen free, found again by identity only."""

import ipaddress
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.core.errors import Unreachable
from ostiary.sandbox.realnode import link

identities = st.text("0123456789abcdef", min_size=32, max_size=32)
networks = st.builds(
    lambda address, prefix: ipaddress.IPv4Network((address, prefix), strict=False),
    st.integers(int(link.POOL[0]), int(link.POOL[-1])),
    st.integers(18, 32),
)


@settings(deadline=None)
@given(identities, st.lists(networks, max_size=6))
def test_the_chosen_network_touches_nothing_that_is_used(identity: str, used: list[ipaddress.IPv4Network]) -> None:
    chosen = link.first_free(identity, used).network
    assert chosen.subnet_of(link.POOL)
    assert not any(chosen.overlaps(other) for other in used)


@settings(max_examples=3, deadline=None)
@given(identities)
def test_every_network_of_the_pool_is_a_candidate_once(identity: str) -> None:
    seen = {candidate.network for candidate in link.candidates(identity)}
    assert len(seen) == 2 ** (30 - 15)


@given(identities)
def test_host_and_node_are_the_two_usable_addresses(identity: str) -> None:
    chosen = link.first_free(identity, [])
    assert [chosen.host, chosen.node] == [str(address) for address in chosen.network.hosts()]
    assert len(chosen.interface) <= 15


def test_a_full_pool_is_said() -> None:
    with pytest.raises(Unreachable, match="no /30"):
        link.first_free("0" * 32, [link.POOL])


def test_a_default_route_covers_nothing() -> None:
    assert all(network.prefixlen > 0 for network in link.used_networks())


@contextmanager
def other_end() -> Iterator[int]:
    """A process in a network namespace of its own."""
    with subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


def interfaces() -> set[str]:
    return {line.split(":")[1].strip().split("@")[0] for line in link.ip("-oneline", "link").splitlines()}


@pytest.mark.judge("veth", needs=("linux", "root", "ip", "unshare"))
def test_connecting_gives_an_address_that_disconnecting_takes_back() -> None:
    identity = secrets.token_hex(16)
    with other_end() as pid:
        joined = link.connect(identity, pid)
        assert joined.interface in interfaces()
        assert joined.network in link.used_networks()
        link.disconnect(identity)
        link.disconnect(identity)
    assert joined.interface not in interfaces()


@pytest.mark.judge("veth", needs=("linux", "root", "ip", "unshare"))
def test_an_interface_of_the_same_name_without_the_identity_stays() -> None:
    identity = secrets.token_hex(16)
    stranger = link.Link(link.POOL, identity).interface
    link.ip("link", "add", stranger, "type", "veth", "peer", "name", "ostranger0")
    try:
        link.disconnect(identity)
        assert stranger in interfaces()
    finally:
        link.ip("link", "delete", stranger)


@pytest.mark.judge("veth", needs=("linux", "root", "ip", "unshare"))
def test_two_clusters_that_pick_the_same_place_get_different_networks() -> None:
    first, second = (f"{'7' * 8}{secrets.token_hex(12)}" for _ in range(2))
    with other_end() as one, other_end() as two:
        try:
            assert link.connect(first, one).network != link.connect(second, two).network
        finally:
            link.disconnect(first)
            link.disconnect(second)


def test_a_tool_that_fails_is_quoted() -> None:
    with pytest.raises(Unreachable, match="exit code 3: no"):
        link.run(("sh", "-c", "echo no >&2; exit 3"))
    with pytest.raises(Unreachable, match="cannot run"):
        link.run(("no-such-program-anywhere",))
