"""The built-in sign-on in a real Chromium: password, a passkey made after it and used alone, and what another browser gets."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.server.signon.chromium import authenticator, chromium
from tests.server.signon.served import Served
from tests.server.signon.signing_in import SigningIn

pytestmark = pytest.mark.judge("Chromium", needs=("chromium",))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("plane"), accounts=("root", "alice")) as plane:
        yield plane


@pytest.fixture(scope="module")
def browser(served: Served) -> Iterator[BrowserContext]:
    with chromium(served.authority.directory / "api.crt") as context:
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    browser.clear_cookies()
    found = browser.new_page()
    yield found
    found.close()


def login(served: Served, home: Path) -> SigningIn:
    return SigningIn(home, "--server", served.origin, "--ca", str(served.ca), "--no-browser")


def typed(page: Page, person: str, password: str) -> None:
    page.fill("#person", person)
    page.fill("#password", password)


def test_a_password_in_the_browser(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path) as command:
        page.goto(command.line(r"(https://\S+)"))
        typed(page, "alice", "wrong password")
        page.click("#sign-in")
        expect(page.locator("#problem")).to_contain_text("the name or the password is wrong")
        typed(page, "alice", served.passwords["alice"])
        page.click("#sign-in")
        expect(page.locator("body")).to_contain_text("go back to the terminal")
        assert command.done().startswith("alice@localhost_")


def test_a_passkey_is_made_after_the_password_and_then_enough_alone(
    served: Served, page: Page, browser: BrowserContext, tmp_path: Path
) -> None:
    authenticator(browser, page)
    with login(served, tmp_path) as command:
        page.goto(command.line(r"(https://\S+)"))
        typed(page, "alice", served.passwords["alice"])
        page.check("input[name=passkey]")
        page.click("#sign-in")
        page.click("#make")
        expect(page.locator("body")).to_contain_text("go back to the terminal")
        command.done()
    (account,) = [one for one in served.call(served.people.accounts.all()) if one.person == "alice"]
    assert account.passkeys == 1
    with login(served, tmp_path) as command:
        page.goto(command.line(r"(https://\S+)"))
        page.click("#use")
        expect(page.locator("body")).to_contain_text("go back to the terminal")
        command.done()
    (session,) = (tmp_path / ".config/ostiary/sessions").iterdir()
    living = {one.id: one.way for one in served.call(served.people.sessions("alice"))}
    assert living[json.loads(session.read_text())["session"]] == "passkey"


def test_a_browser_without_a_passkey_is_told_so(served: Served, page: Page, browser: BrowserContext, tmp_path: Path) -> None:
    authenticator(browser, page)
    with login(served, tmp_path) as command:
        page.goto(command.line(r"(https://\S+)"))
        page.click("#use")
        expect(page.locator("#problem")).to_contain_text("was not used")


def test_another_browser_gets_nothing_of_an_open_page(
    served: Served, page: Page, browser: BrowserContext, tmp_path: Path
) -> None:
    with login(served, tmp_path) as command:
        address = command.line(r"(https://\S+)")
        page.goto(address)
        typed(page, "alice", served.passwords["alice"])
        page.check("input[name=passkey]")
        page.click("#sign-in")
        expect(page.locator("#make")).to_be_visible()
        browser.clear_cookies()
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 410
        expect(page.locator("#problem")).to_contain_text("open in another browser")
        for step in ("register/options", "register", "skip", "passkey/options"):
            refused = page.request.post(
                f"{address}/{step}", headers={"Origin": served.origin}, data={}, ignore_https_errors=True
            )
            assert refused.status == 403, step


def test_another_site_cannot_post_to_a_page(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path) as command:
        address = command.line(r"(https://\S+)")
        page.goto(address)
        for origin in ("https://evil.example", "null", ""):
            form: dict[str, str | float | bool] = {"person": "alice", "password": served.passwords["alice"]}
            refused = page.request.post(f"{address}/password", headers={"Origin": origin}, form=form, ignore_https_errors=True)
            assert refused.status == 403, origin


def test_nothing_that_is_typed_becomes_markup(served: Served, page: Page, tmp_path: Path) -> None:
    with login(served, tmp_path) as command:
        page.goto(command.line(r"(https://\S+)"))
        typed(page, '"><script>document.title="owned"</script>', "wrong password")
        page.click("#sign-in")
        expect(page.locator("#problem")).to_contain_text("is wrong")
        assert page.title() == "Sign in - ostiary"
        assert page.input_value("#person").startswith('"><script>')


def test_the_policy_of_a_page_lets_no_script_in(served: Served, page: Page, tmp_path: Path) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    with login(served, tmp_path) as command:
        answer = page.goto(command.line(r"(https://\S+)"))
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert [line for line in complaints if "Content Security Policy" in line] == []
        page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s) }"
        )
        assert page.title() == "Sign in - ostiary"
