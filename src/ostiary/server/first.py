"""The first administrator: made once, when the built-in sign-on has no account at all; the password goes into a file that only its owner reads.

The file is written before the account is made, so that a crash in between leaves a password without an account, never an account without a password: at the
next start the same password is used. It is never shown or logged; whoever signed in takes the file away.
"""

import secrets
from pathlib import Path

from ostiary.adapters.files import write_atomically
from ostiary.server.signon.service import People, now_utc

NAME = "admin"


async def first_administrator(people: People, data: Path) -> Path | None:
    """The file with the first administrator's password, while it is there."""
    path = data / "first-administrator"
    if not await people.accounts.all():
        if not path.is_file():
            write_atomically(path, f"{secrets.token_urlsafe(18)}\n".encode())
        await people.accounts.create(NAME, now_utc(), password=path.read_text().strip(), administrator=True)
    return path if path.is_file() else None
