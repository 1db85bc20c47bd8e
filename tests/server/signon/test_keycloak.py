"""A real Keycloak and a real Chromium: a code with PKCE and the ``iss`` of RFC 9207, a device code, a confidential client, an address that is not verified."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.server.signon.chromium import chromium
from tests.server.signon.keycloak import PASSWORD, SECRET, keycloak
from tests.server.signon.served import Served
from tests.server.signon.signing_in import SigningIn

from ostiary.adapters.oidc import OidcSettings
from ostiary.server.signon.names import ClaimRules, GroupRule
from ostiary.server.signon.settings import Provider

pytestmark = pytest.mark.judge("Keycloak", needs=("chromium", "java"))


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcSettings]:
    with keycloak(tmp_path_factory.mktemp("keycloak")) as settings:
        yield settings


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, provider: OidcSettings) -> Iterator[Served]:
    closed = msgspec.structs.replace(provider, name="closed", client_id="closed", client_secret=SECRET)
    wrong = msgspec.structs.replace(closed, name="wrong", client_secret="not it")
    providers = (
        Provider(oidc=provider, claims=ClaimRules(groups=(GroupRule(value="platform"),))),
        Provider(oidc=closed, claims=ClaimRules(person="preferred_username")),
        Provider(oidc=wrong),
    )
    with Served(tmp_path_factory.mktemp("plane"), builtin=False, providers=providers) as plane:
        yield plane


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    with chromium() as context:
        context.set_default_timeout(60_000)  # it draws its first page slowly
        expect.set_options(timeout=60_000)
        yield context
        expect.set_options(timeout=5_000)


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    browser.clear_cookies()
    found = browser.new_page()
    yield found
    found.close()


def login(served: Served, home: Path, provider: str, *words: str) -> SigningIn:
    return SigningIn(home, "--server", served.origin, "--ca", str(served.ca), "--no-browser", "--provider", provider, *words)


def signed_in(page: Page, person: str) -> None:
    page.fill("#username", person)
    page.fill("#password", PASSWORD)
    page.click("#kc-login")


def test_a_code_from_the_browser(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path, "corp") as command:
        page.goto(command.line(r"(http://\S+)"))
        signed_in(page, "alice")
        expect(page.locator("body")).to_contain_text("go back to the terminal")
        assert command.done().startswith("alice@example.com@localhost_")
    (person,) = [one for one in served.call(served.people.people()) if one.name == "alice@example.com"]
    assert person.groups == ("platform",)


def test_a_code_by_a_client_with_a_secret(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path, "closed") as command:
        page.goto(command.line(r"(http://\S+)"))
        signed_in(page, "alice")
        assert command.done().startswith("alice@localhost_")


def test_a_wrong_client_secret_is_named_as_such(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path, "wrong") as command:
        page.goto(command.line(r"(http://\S+)"))
        signed_in(page, "alice")
        command.done(1)
    assert "its secret is wrong" in "".join(command.said)


def test_a_code_for_another_device(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path, "corp", "--device") as command:
        page.goto(command.line(r"or open (http://\S+)"))
        signed_in(page, "alice")
        page.click("#kc-login")
        assert command.done().startswith("alice@example.com@localhost_")


def test_who_declines_is_not_signed_in(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path, "corp", "--device") as command:
        page.goto(command.line(r"or open (http://\S+)"))
        signed_in(page, "alice")
        page.click("#kc-cancel")
        command.done(1)
    assert "it was declined there" in "".join(command.said)


def test_an_address_that_is_not_verified_is_nobodys(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path, "corp") as command:
        page.goto(command.line(r"(http://\S+)"))
        signed_in(page, "mallory")
        command.done(1)
    assert "has not verified the address alice2@example.com" in "".join(command.said)
