"""Tables of break-glass: who is enrolled, and what was opened. Passphrases are argon2id; of a ticket only a hash is kept. Openings are never deleted."""

from sqlalchemy import Boolean, Column, String, Table, Text

from ostiary.server.store.columns import Moment, Words
from ostiary.server.store.tables import metadata

enrolled = Table(
    "break_glass_people",
    metadata,
    Column("person", String(128), primary_key=True),
    Column("digest", Text, nullable=False),
    Column("groups", Words, nullable=False),  # when they enrolled: the provider may be down when it counts
    Column("administrator", Boolean, nullable=False),
    Column("enrolled_at", Moment, nullable=False),
)

openings = Table(
    "break_glass_openings",
    metadata,
    Column("id", String(64), primary_key=True),  # also the grant's, once it is confirmed
    Column("person", String(128), nullable=False),
    Column("cluster", String(63), nullable=False),
    Column("role", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ticket_hash", String(64), nullable=False),
    Column("opened_at", Moment, nullable=False, index=True),
    Column("waits_until", Moment, nullable=False),
    Column("confirmed_by", String(128)),
    Column("confirmed_at", Moment),
    Column("ends_at", Moment),
    Column("session_at", Moment),  # when the ticket was used
)
