"""Certificates do what they are for, and nothing else; keys are closed."""

import datetime
import json
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ostiary.sandbox.kubeconfig import write_kubeconfig
from ostiary.sandbox.pki import Authority, KeyPair, service_account_keys, write_private


def load(pair: KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate.read_bytes())


def test_a_serving_certificate_is_trusted_for_its_names_and_no_other(tmp_path: Path) -> None:
    authority, other = Authority.create(tmp_path / "a"), Authority.create(tmp_path / "b")
    leaf = load(authority.issue("server", user="server", names=("door.example", "10.0.0.1")))
    store, wrong = (Store([load(one.pair)]) for one in (authority, other))
    PolicyBuilder().store(store).build_server_verifier(x509.DNSName("door.example")).verify(leaf, [])
    with pytest.raises(VerificationError):
        PolicyBuilder().store(store).build_server_verifier(x509.DNSName("gate.example")).verify(leaf, [])
    with pytest.raises(VerificationError):
        PolicyBuilder().store(wrong).build_server_verifier(x509.DNSName("door.example")).verify(leaf, [])


def test_a_client_certificate_names_user_and_groups_and_cannot_serve_or_sign(tmp_path: Path) -> None:
    leaf = load(Authority.create(tmp_path).issue("node", user="system:node:a", groups=("system:nodes",)))
    assert [one.value for one in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["system:node:a"]
    assert [one.value for one in leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["system:nodes"]
    uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not leaf.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert leaf.not_valid_before_utc < datetime.datetime.now(datetime.UTC) < leaf.not_valid_after_utc


def test_every_file_is_closed_to_others(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "pki")
    pair = authority.issue("x", user="x")
    service_account_keys(authority.directory)
    write_kubeconfig(authority.directory / "config", "https://127.0.0.1:1", authority, pair, cluster="c", user="u")
    assert stat.S_IMODE(authority.directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in authority.directory.iterdir()} == {0o600}


def test_a_private_file_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_private(tmp_path / "link", b"secret")
    assert (tmp_path / "target").read_text() == "old"
    assert not (tmp_path / "link").is_symlink()


def test_the_kubeconfig_needs_no_other_file(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path)
    path = write_kubeconfig(
        tmp_path / "config", "https://127.0.0.1:1", authority, authority.issue("x", user="x"), cluster="c", user="u"
    )
    assert str(tmp_path) not in path.read_text()
    assert json.loads(path.read_text())["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"


def test_openssl_agrees(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path)
    pair = authority.issue("server", user="server", names=("localhost",))
    command = [
        "openssl",
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-CAfile",
        str(authority.certificate),
        str(pair.certificate),
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.endswith("OK\n")
