"""The certificates of one cluster: an own authority, and every certificate and key that its parts need.

ECDSA P-256 throughout; keys are written 0600. It decides names (common name and organisation are user and groups to the API
server) and validity; who is trusted with what is RBAC's business. Source:
https://kubernetes.io/docs/setup/best-practices/certificates/

    authority = Authority.create(layout.pki)
    authority.issue("scheduler", user="system:kube-scheduler")      # scheduler.crt, scheduler.key
"""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALIDITY = datetime.timedelta(days=365)
SKEW = datetime.timedelta(minutes=5)  # of clocks, between who issues and who checks


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its key as files, PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority in a directory; ``name`` is its file's stem and its common name's end."""

    directory: Path
    name: str = "ca"

    @classmethod
    def create(cls, directory: Path, name: str = "ca") -> "Authority":
        """Make a new authority in ``directory``, which is made 0700."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = cls(directory, name)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"ostiary-sandbox-{name}")])
        certificate = (
            _builder(subject, subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(sign=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write_pair(authority.pair, certificate, key)
        return authority

    @property
    def pair(self) -> KeyPair:
        """The authority's own certificate and key."""
        return self._files(self.name)

    @property
    def certificate(self) -> Path:
        """What others trust."""
        return self.pair.certificate

    def _files(self, stem: str) -> KeyPair:
        return KeyPair(self.directory / f"{stem}.crt", self.directory / f"{stem}.key")

    def issue(self, stem: str, *, user: str, groups: Sequence[str] = (), names: Sequence[str] = ()) -> KeyPair:
        """Issue a certificate for ``user`` in ``groups``; with ``names`` (DNS names or addresses) it serves as well."""
        issuer = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        signing_key = serialization.load_pem_private_key(self.pair.key.read_bytes(), password=None)
        assert isinstance(signing_key, ec.EllipticCurvePrivateKey)  # noqa: S101 - we made it
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if names else [])]
        builder = (
            _builder(subject, issuer.subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
            )
        pair = self._files(stem)
        _write_pair(pair, builder.sign(signing_key, hashes.SHA256()), key)
        return pair


def service_account_keys(directory: Path) -> KeyPair:
    """A key pair that signs service-account tokens; ``certificate`` holds the bare public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    pair = KeyPair(directory / "service-account.pub", directory / "service-account.key")
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    write_private(pair.certificate, public)
    write_private(pair.key, _pem(key))
    return pair


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, at no moment otherwise, replacing what was there."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _builder(subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=sign,
        crl_sign=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _write_pair(pair: KeyPair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    write_private(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))
    write_private(pair.key, _pem(key))
