"""A real Chromium for the tests of sign-on: trusts one certificate by its key, and may have an authenticator for passkeys."""

import base64
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import BrowserContext, Page, sync_playwright

from ostiary.sandbox.pytest_plugin import cannot_run


@contextmanager
def chromium(certificate: Path | None = None) -> Iterator[BrowserContext]:
    """A browser with nothing in it. ``certificate``: one that it takes though no authority that it knows signed it."""
    program = shutil.which("chromium")
    if program is None:
        cannot_run("there is no chromium (Debian: apt-get install chromium)")
    flags = ["--no-sandbox", "--disable-dev-shm-usage"]
    if certificate is not None:
        key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
        spki = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
        flags.append(f"--ignore-certificate-errors-spki-list={base64.b64encode(spki).decode()}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            context = browser.new_context()
            context.set_default_timeout(20_000)
            yield context
        finally:
            browser.close()


def authenticator(context: BrowserContext, page: Page) -> None:
    """Give a page's browser a passkey authenticator that says yes to everything, as a person with a fingerprint would."""
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
