"""The table of clusters behind the gateway. The controller's token is not here: it is in a file of its own (``server.clusters.credentials``)."""

from sqlalchemy import Boolean, Column, String, Table, Text

from ostiary.server.store.columns import Moment, Words
from ostiary.server.store.tables import metadata

clusters = Table(
    "clusters",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("server", Text, nullable=False),
    Column("certificate_authority", Text, nullable=False),
    Column("server_name", Text, nullable=False),
    Column("uid", String(64), nullable=False),
    Column("version", Text, nullable=False),
    Column("constrained", Boolean, nullable=False),
    Column("roles", Words, nullable=False),
    Column("powerful", Words, nullable=False),
    Column("break_glass_role", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("added_by", Text, nullable=False),
)
