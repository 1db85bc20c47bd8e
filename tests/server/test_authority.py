"""The authority: certificates that a strict client takes, renewed in time, and never made by another key than the one that people trust."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from ostiary.core.errors import BadInput
from ostiary.server.authority import Pair, hold

NOW = datetime.now(UTC).replace(microsecond=0)


def shakes_hands(authority: Path, pair: Pair, name: str) -> bool:
    """Whether a client that trusts the authority takes the certificate for that name, by a real handshake."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pair.certificate, pair.key)
    asking = ssl.create_default_context(cafile=str(authority))
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def serve() -> None:
            try:
                serving.wrap_socket(theirs, server_side=True).close()
            except (OSError, ssl.SSLError):
                theirs.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            asking.wrap_socket(ours, server_hostname=name).close()
        except ssl.SSLCertVerificationError:
            return False
        finally:
            ours.close()
            thread.join(10)
    return True


def test_a_strict_client_takes_it_for_its_names_alone(tmp_path: Path) -> None:
    authority = hold(tmp_path, NOW)
    pair = authority.ensure("gateway", ("*.ostiary.localhost", "localhost", "127.0.0.1"), NOW)
    assert shakes_hands(authority.pair.certificate, pair, "prod.ostiary.localhost")
    assert shakes_hands(authority.pair.certificate, pair, "127.0.0.1")
    assert not shakes_hands(authority.pair.certificate, pair, "a.prod.ostiary.localhost")
    assert not shakes_hands(authority.pair.certificate, pair, "127.0.0.2")
    other = hold(tmp_path / "other", NOW)
    assert not shakes_hands(other.pair.certificate, pair, "localhost")


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    authority = hold(tmp_path, NOW)
    pair = authority.ensure("api", ("localhost",), NOW)
    assert [path.stat().st_mode & 0o777 for path in (authority.directory, authority.pair.key, pair.key)] == [
        0o700,
        0o600,
        0o600,
    ]


def test_what_lasts_is_kept_and_what_does_not_is_renewed(tmp_path: Path) -> None:
    authority = hold(tmp_path, NOW)
    names = ("localhost", "127.0.0.1")
    first = authority.ensure("api", names, NOW).certificate.read_bytes()
    assert hold(tmp_path, NOW).ensure("api", names, NOW + timedelta(days=59)).certificate.read_bytes() == first
    second = authority.ensure("api", names, NOW + timedelta(days=61)).certificate.read_bytes()
    assert second != first
    assert authority.ensure("api", (*names, "access.example.com"), NOW).certificate.read_bytes() != second


@pytest.mark.parametrize("spoil", ["certificate", "key", "other"])
def test_a_pair_that_is_spoiled_is_made_anew(tmp_path: Path, spoil: str) -> None:
    authority = hold(tmp_path, NOW)
    pair = authority.ensure("api", ("localhost",), NOW)
    if spoil == "other":
        stranger = hold(tmp_path / "other", NOW).ensure("api", ("localhost",), NOW)
        pair.certificate.write_bytes(stranger.certificate.read_bytes())
        pair.key.write_bytes(stranger.key.read_bytes())
    else:
        (pair.certificate if spoil == "certificate" else pair.key).write_bytes(b"spoiled")
    authority.ensure("api", ("localhost",), NOW)
    assert shakes_hands(authority.pair.certificate, pair, "localhost")


def test_half_an_authority_is_said_and_not_replaced(tmp_path: Path) -> None:
    authority = hold(tmp_path, NOW)
    authority.pair.key.unlink()
    before = authority.pair.certificate.read_bytes()
    with pytest.raises(BadInput, match="one half"):
        hold(tmp_path, NOW)
    assert authority.pair.certificate.read_bytes() == before


def test_the_authority_issues_for_servers_and_no_further_authority(tmp_path: Path) -> None:
    authority = hold(tmp_path, NOW)
    own = x509.load_pem_x509_certificate(authority.pair.certificate.read_bytes())
    assert own.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
