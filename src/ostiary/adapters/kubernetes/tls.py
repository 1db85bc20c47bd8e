"""TLS to an API server: its authority, our client certificate, and what to say when a certificate has expired."""

import os
import ssl
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from ostiary.adapters.kubernetes.access import Access
from ostiary.adapters.kubernetes.credentials import Credential
from ostiary.core.errors import BadInput, Unreachable


def context(access: Access, credential: Credential) -> ssl.SSLContext:
    """The TLS settings of a connection. Unreachable when the client certificate has expired."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif access.certificate_authority:
        _trust(made, access)
    else:
        made.load_default_certs()
    if credential.certificate:
        _check_dates(access, credential.certificate)
        _show(made, access, credential)
    return made


def _trust(made: ssl.SSLContext, access: Access) -> None:
    try:
        made.load_verify_locations(cadata=access.certificate_authority.decode("ascii"))
    except (ssl.SSLError, ValueError):
        raise BadInput(f"the certificate authority of {access} is not PEM", todo="check certificate-authority(-data)") from None


def _show(made: ssl.SSLContext, access: Access, credential: Credential) -> None:
    """Load certificate and key; OpenSSL wants a file, which is ours alone and gone at once."""
    descriptor, name = tempfile.mkstemp()  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(credential.certificate + b"\n" + credential.key)
        made.load_cert_chain(name)
    except ssl.SSLError:
        raise BadInput(
            f"the client certificate and key of {access} do not fit each other", todo="check client-certificate and client-key"
        ) from None
    finally:
        Path(name).unlink()


def _check_dates(access: Access, certificate: bytes) -> None:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(certificate)
    except ValueError:
        raise BadInput(f"the client certificate of {access} is not PEM", todo="check client-certificate(-data)") from None
    if found.not_valid_after_utc < datetime.now(UTC):
        raise Unreachable(
            f"the client certificate for {access} expired on {found.not_valid_after_utc:%Y-%m-%d}",
            todo="get a new kubeconfig, or renew it",
        )
