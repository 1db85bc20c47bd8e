"""The control plane's own certificate authority, and the two certificates that it issues: of the HTTP API and of the gateway.

The authority is made once and stays in the data directory; people trust ``ca.crt``. Certificates last 90 days and are replaced in their last 30, or when
a name is added. Keys are ECDSA P-256, 0600. The authority may issue for nothing but servers, and has no further authority below it.

>>> hold(Path("/var/lib/ostiary")).ensure("api", ("localhost", "127.0.0.1"), now).certificate
PosixPath('/var/lib/ostiary/tls/api.crt')
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ostiary.adapters.files import write_atomically
from ostiary.core.errors import BadInput

_AUTHORITY, _LEAF, _RENEW = timedelta(days=3650), timedelta(days=90), timedelta(days=30)
_SKEW = timedelta(minutes=5)
_COMMON_NAME = "ostiary control plane"


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate (PEM) and its key, as files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority of a data directory."""

    directory: Path

    @property
    def pair(self) -> Pair:
        """Its own certificate, which people trust, and its key."""
        return Pair(self.directory / "ca.crt", self.directory / "ca.key")

    def ensure(self, name: str, names: Sequence[str], now: datetime) -> Pair:
        """A certificate for these DNS names and addresses that will last: the one that is there, or a new one."""
        pair = Pair(self.directory / f"{name}.crt", self.directory / f"{name}.key")
        if not self._lasts(pair, names, now):
            self._issue(pair, names, now)
        return pair

    def _lasts(self, pair: Pair, names: Sequence[str], now: datetime) -> bool:
        if not pair.certificate.is_file() or not pair.key.is_file():
            return False
        try:
            found = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
            key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
            found.verify_directly_issued_by(self._own())
            alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        fits = set(alternative) == set(_alternatives(names)) and key.public_key() == found.public_key()
        return fits and found.not_valid_before_utc <= now < found.not_valid_after_utc - _RENEW

    def _own(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.pair.certificate.read_bytes())

    def _issue(self, pair: Pair, names: Sequence[str], now: datetime) -> None:
        issuer = serialization.load_pem_private_key(self.pair.key.read_bytes(), None)
        if not isinstance(issuer, ec.EllipticCurvePrivateKey):
            raise BadInput(f"{self.pair.key} is not a key of this authority", todo="restore it from your backup")
        key = ec.generate_private_key(ec.SECP256R1())
        own = self._own()
        certificate = (
            _builder(names[0], own.subject, key.public_key(), now, _LEAF)
            .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
            .sign(issuer, hashes.SHA256())
        )
        _write(pair, certificate, key)


def hold(data: Path, now: datetime) -> Authority:
    """The authority of a data directory; made when there is none."""
    authority = Authority(data / "tls")
    authority.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = [path.is_file() for path in (authority.pair.certificate, authority.pair.key)]
    if any(there) and not all(there):
        raise BadInput(
            f"{authority.directory} holds one half of its authority",
            todo="restore ca.crt and ca.key from your backup, or remove both",
        )
    if not any(there):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _COMMON_NAME)])
        certificate = (
            _builder(_COMMON_NAME, name, key.public_key(), now, _AUTHORITY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(authority.pair, certificate, key)
    return authority


def _builder(
    common_name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign,
        key_cert_sign=sign,
        crl_sign=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    return [_alternative(name) for name in dict.fromkeys(names)]


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(pair: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_atomically(pair.key, private)
    write_atomically(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
