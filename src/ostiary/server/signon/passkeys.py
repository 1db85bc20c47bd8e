"""Passkeys of accounts: registered after a password, then enough by themselves. Source: W3C Web Authentication Level 3; the ``webauthn`` library verifies.

User verification is required both times, so that a passkey is two factors; credentials are discoverable, so that nobody types a name. Attestation is not asked
for: which authenticator somebody owns is nobody's business. A signature counter that goes back is a cloned authenticator, and is refused.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ostiary.core.errors import Refused
from ostiary.server.errors import Unauthenticated
from ostiary.server.store.engine import Store
from ostiary.server.store.people_tables import accounts, passkeys

_VERIFIED = UserVerificationRequirement.REQUIRED
_MOST = 20
_ID = re.compile(r"[A-Za-z0-9_-]{1,1400}")  # base64url


class Passkeys:
    """The passkeys of a store, for one site."""

    def __init__(self, store: Store, *, site: str, origin: str) -> None:
        self._store = store
        self._site = site
        self._origin = origin

    async def registration(self, person: str) -> tuple[str, str]:
        """What a browser needs to make a passkey, as JSON, and the challenge. Refused when there are too many."""
        async with self._store.read() as connection:
            account = (await connection.execute(select(accounts).where(accounts.c.person == person))).one()
            mine = (await connection.execute(select(passkeys.c.id).where(passkeys.c.person == person))).scalars().all()
        if len(mine) >= _MOST:
            raise Refused(f"{person} has {_MOST} passkeys already", todo="disable and enable the account to remove them")
        challenge = secrets.token_bytes(32)
        options = generate_registration_options(
            rp_id=self._site,
            rp_name="ostiary",
            user_name=person,
            user_id=account.handle,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(name)) for name in mine],
        )
        return options_to_json(options), challenge.hex()

    async def register(self, person: str, credential: Mapping[str, Any], challenge: str, now: datetime) -> None:
        """Keep a passkey that a browser made. Refused when it did not make it here, now, for this challenge."""
        try:
            made = verify_registration_response(
                credential=dict(credential),
                expected_challenge=bytes.fromhex(challenge),
                expected_rp_id=self._site,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            raise Refused("that passkey was not made for this sign-in", todo="try again") from None
        values = {
            "id": bytes_to_base64url(made.credential_id),
            "person": person,
            "public_key": made.credential_public_key,
            "uses": made.sign_count,
            "created_at": now,
        }
        async with self._store.begin() as connection:
            if (await connection.execute(select(passkeys.c.id).where(passkeys.c.id == values["id"]))).first() is not None:
                raise Refused("that passkey is known already", todo="sign in with it")
            await connection.execute(insert(passkeys).values(values))

    def authentication(self) -> tuple[str, str]:
        """What a browser needs to use a passkey, as JSON, and the challenge."""
        challenge = secrets.token_bytes(32)
        options = generate_authentication_options(rp_id=self._site, challenge=challenge, user_verification=_VERIFIED)
        return options_to_json(options), challenge.hex()

    async def by_passkey(self, credential: Mapping[str, Any], challenge: str, now: datetime) -> str:
        """The person of a passkey. Unauthenticated when it is nobody's, or did not sign this challenge at this site."""
        name = credential.get("id")
        row = await self._row(name) if isinstance(name, str) and _ID.fullmatch(name) else None
        try:
            if row is None or credential.get("rawId") != row.id:
                raise _wrong()
            used = verify_authentication_response(
                credential=dict(credential),
                expected_challenge=bytes.fromhex(challenge),
                expected_rp_id=self._site,
                expected_origin=self._origin,
                credential_public_key=row.public_key,
                credential_current_sign_count=row.uses,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            raise _wrong() from None
        same = (passkeys.c.id == row.id) & (passkeys.c.uses == row.uses)
        async with self._store.begin() as connection:
            await connection.execute(update(passkeys).where(same).values(uses=used.new_sign_count, used_at=now))
        return str(row.person)

    async def _row(self, name: str) -> Row[Any] | None:
        async with self._store.read() as connection:
            return (await connection.execute(select(passkeys).where(passkeys.c.id == name))).one_or_none()


def _wrong() -> Unauthenticated:
    return Unauthenticated("that passkey is not known here", todo="use another, or sign in with the password")
