"""Tables of people: who is known and from where, accounts of the built-in sign-on, sessions, sign-ins on their way, keys that sign tokens.

Of a session and of a sign-in only a hash of the secret is kept; passwords are argon2id; private keys are sealed (``server.tokens.keys``).
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from ostiary.server.store.columns import Moment, Words
from ostiary.server.store.tables import metadata

people = Table(
    "people",
    metadata,
    Column("person", String(128), primary_key=True),
    Column("provider", Text, nullable=False),  # who may speak of this person: one provider, and its one subject
    Column("subject", Text, nullable=False),
    Column("groups", Words, nullable=False),
    Column("administrator", Boolean, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("person", String(128), primary_key=True),
    Column("password", Text, nullable=False),
    Column(
        "handle", LargeBinary, nullable=False, unique=True
    ),  # what a passkey knows the account by; says nothing about the person
    Column("administrator", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(1400), primary_key=True),  # base64url of at most 1023 bytes
    Column("person", String(128), ForeignKey("accounts.person"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("uses", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("person", String(128), nullable=False, index=True),
    Column("groups", Words, nullable=False),
    Column("administrator", Boolean, nullable=False),
    Column("way", String(32), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("ended_at", Moment),  # before its time: signed out or revoked
    Index("ix_sessions_ended_at", "ended_at"),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", String(64), primary_key=True),  # names the sign-in in a page's address; lets nobody in
    Column("secret_hash", String(64), nullable=False, unique=True),  # of what only the command that began it knows
    Column("ends_at", Moment, nullable=False, index=True),
    Column("progress", Text, nullable=False),  # JSON: server.signon.progress
)

failures = Table(
    "sign_in_failures",
    metadata,
    Column("subject", String(200), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("algorithm", String(16), nullable=False),
    Column("use_from", Moment, nullable=False),
    Column("private", LargeBinary, nullable=False),
)
