"""The tables, and the ``metadata`` that those of other parts join.

A part adds its tables in a file of its own beside this one, with this ``metadata``, and a migration revision of its own. Nothing here holds a secret
in the clear. ``grants.version`` grows with every change: whoever writes names the version that was read, and loses when it is no longer that one.
``grant_events`` is only ever added to: who did what to a grant, and when.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from ostiary.server.store.columns import Moment, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

grants = Table(
    "grants",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column(
        "groups", Words, nullable=False
    ),  # the requester's, when they asked: rules are judged with them again at every approval
    Column("cluster", String(63), nullable=False),
    Column("role", Text, nullable=False),
    Column("namespaces", Words, nullable=False),
    Column("everywhere", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("approvals", Integer, nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", Words, nullable=False),
    Column("decided_at", Moment),
    Column("ends_at", Moment),
    Column("break_glass", Boolean, nullable=False),
    Index("ix_grants_state_cluster", "state", "cluster"),
    Index("ix_grants_person_cluster", "person", "cluster"),
    Index("ix_grants_requested_at", "requested_at", "id"),
)

grant_events = Table(
    "grant_events",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("grant_id", String(64), ForeignKey("grants.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),  # a person, or "ostiary" for an end by time
    Column("what", String(16), nullable=False),  # request, approve, deny, withdraw, revoke, expire
    Column("note", Text, nullable=False),
)
