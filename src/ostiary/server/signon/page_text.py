"""The HTML of the built-in sign-on: two small pages, no inline script or style, every value escaped.

The content security policy lets nothing in but this origin's own script and style, and lets a form end only here or at the command's loopback port.
"""

from html import escape
from typing import Final

_FRAME: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - ostiary</title>
<link rel="stylesheet" href="/v1/login/static/page.css">
<script src="/v1/login/static/passkey.js" defer></script>
</head>
<body data-page="{page}">
<main>
<h1>{title}</h1>
<p id="problem" class="problem" role="alert">{problem}</p>
{body}
</main>
</body>
</html>
"""
_SIGN_IN: Final = """<form method="post" action="{page}/password">
<label for="person">Name</label>
<input id="person" name="person" type="text" autocomplete="username" required maxlength="128" value="{person}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="512">
<label class="line"><input name="passkey" type="checkbox" value="make"> add a passkey for next time</label>
<button id="sign-in">Sign in</button>
</form>
<hr>
<button id="use" type="button">Sign in with a passkey</button>
"""
_REGISTER: Final = """<p>You are signed in as {person}. Add a passkey, and next time it is enough by itself.</p>
<button id="make" type="button">Add a passkey</button>
<form method="post" action="{page}/skip"><button id="skip">Go on without one</button></form>
"""


def sign_in_page(page: str, *, person: str = "", problem: str = "") -> str:
    """Name and password, or a passkey."""
    return _frame("Sign in", page, problem, _SIGN_IN.format(page=escape(page), person=escape(person)))


def register_page(page: str, person: str) -> str:
    """Offer to add a passkey, after the password."""
    return _frame("Add a passkey", page, "", _REGISTER.format(page=escape(page), person=escape(person)))


def over_page(problem: str) -> str:
    """What is left to say when a sign-in cannot go on."""
    return _frame("Sign-in is over", "", problem, "")


def security_headers(loopback: str) -> dict[str, str]:
    """Headers of every page; ``loopback`` is the origin of the command's port, or empty."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {loopback}".rstrip()
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",  # no-referrer would have a browser say Origin: null, and the address leaks nowhere else
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _frame(title: str, page: str, problem: str, body: str) -> str:
    return _FRAME.format(title=escape(title), page=escape(page), problem=escape(problem), body=body)
