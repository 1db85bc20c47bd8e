"""A real Dex and a real Chromium: sign in by a code with PKCE, by a device code, and not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.server.signon.chromium import chromium
from tests.server.signon.dex import PASSWORD, SECRET, dex
from tests.server.signon.served import Served
from tests.server.signon.signing_in import SigningIn

from ostiary.adapters.oidc import OidcSettings
from ostiary.server.signon.names import ClaimRules, GroupRule
from ostiary.server.signon.settings import Provider

pytestmark = pytest.mark.judge("Dex", needs=("chromium",))
GROUPS = ["platform", "cn=x,ou=y", *(f"team-{number}" for number in range(500))]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcSettings]:
    with dex(tmp_path_factory.mktemp("dex"), GROUPS) as settings:
        yield settings


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, provider: OidcSettings) -> Iterator[Served]:
    rules = ClaimRules(
        domains=("example.com",), groups=(GroupRule(value="platform", called="ops"), GroupRule(value="team-49?"))
    )
    closed = OidcSettings(name="closed", issuer=provider.issuer, client_id="closed", client_secret=SECRET)
    providers = (Provider(oidc=provider, claims=rules), Provider(oidc=closed))
    with Served(tmp_path_factory.mktemp("plane"), builtin=False, providers=providers) as plane:
        yield plane


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    with chromium() as context:
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    browser.clear_cookies()
    found = browser.new_page()
    yield found
    found.close()


def login(served: Served, home: Path, *words: str) -> SigningIn:
    words = words if "--provider" in words else (*words, "--provider", "dex")
    return SigningIn(home, "--server", served.origin, "--ca", str(served.ca), "--no-browser", *words)


def signed_in(page: Page, person: str) -> None:
    page.fill("#login", person)
    page.fill("#password", PASSWORD)
    page.click("#submit-login")


def test_a_code_from_the_browser(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path) as command:
        page.goto(command.line(r"(http://\S+)"))
        signed_in(page, "alice@example.com")
        expect(page.locator("body")).to_contain_text("go back to the terminal")
        assert command.done().startswith("alice@example.com@localhost_")
    (person,) = [one for one in served.call(served.people.people()) if one.name == "alice@example.com"]
    assert person.groups == ("ops", *sorted(f"team-49{number}" for number in range(10)))


def test_a_code_for_another_device(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path, "--device") as command:
        page.goto(command.line(r"(http://\S+device)"))
        page.fill("#user_code", command.line(r"^ +([A-Z]{4}-[A-Z]{4})$"))
        page.click("#submit-login")
        signed_in(page, "alice@example.com")
        expect(page.locator("body")).to_contain_text("Login Successful")
        assert command.done().startswith("alice@example.com@localhost_")


def test_a_device_code_by_a_client_with_a_secret(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path, "--device", "--provider", "closed") as command:
        page.goto(command.line(r"or open (http://\S+)"))
        page.click("#submit-login")
        signed_in(page, "bob@elsewhere.org")
        expect(page.locator("body")).to_contain_text("Login Successful")
        assert command.done().startswith("bob@elsewhere.org@localhost_")


def test_one_name_is_not_two_providers(served: Served, page: Page, tmp_path: Path) -> None:
    """alice@example.com came by ``dex`` first, so ``closed`` may not speak of her, though it is the same Dex behind both."""
    test_a_code_from_the_browser(served, page, tmp_path)
    with login(served, tmp_path, "--device", "--provider", "closed") as command:
        page.goto(command.line(r"or open (http://\S+)"))
        page.click("#submit-login")
        signed_in(page, "alice@example.com")
        command.done(1)
    assert "belongs to somebody who signed in by dex" in "".join(command.said)


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ("bob@elsewhere.org", "of a domain that is not let in"),
        ("eve,system:masters@example.com", "which cannot be a name here"),
    ],
)
def test_who_is_not_let_in_is_told_why(served: Served, page: Page, tmp_path: Path, person: str, why: str) -> None:
    with login(served, tmp_path) as command:
        page.goto(command.line(r"(http://\S+)"))
        signed_in(page, person)
        command.done(1)
    assert why in "".join(command.said)
    assert person not in {one.name for one in served.call(served.people.people())} or person == "bob@elsewhere.org"


def test_another_sign_in_at_the_same_port_is_passed_over(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path) as command:
        address = command.line(r"(http://\S+)")
        back = address.partition("redirect_uri=")[2].partition("&")[0].replace("%3A", ":").replace("%2F", "/")
        for query in ("?code=x&state=forged", "?state=", "", "?error=access_denied&state=forged", "?code=x&state=a&state=b"):
            answer = page.goto(back + query)
            assert answer is not None
            assert answer.status == 404
        page.goto(address)
        signed_in(page, "alice@example.com")
        command.done()
