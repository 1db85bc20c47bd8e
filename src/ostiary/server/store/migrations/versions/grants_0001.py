"""Grants and what happened to them."""

import sqlalchemy as sa
from alembic import op

from ostiary.server.store.columns import Moment, Words

revision = "grants_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "grants",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("groups", Words, nullable=False),
        sa.Column("cluster", sa.String(63), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("namespaces", Words, nullable=False),
        sa.Column("everywhere", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("approvals", sa.Integer, nullable=False),
        sa.Column("requested_at", Moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", Words, nullable=False),
        sa.Column("decided_at", Moment),
        sa.Column("ends_at", Moment),
        sa.Column("break_glass", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
    )
    op.create_index("ix_grants_state_cluster", "grants", ["state", "cluster"])
    op.create_index("ix_grants_person_cluster", "grants", ["person", "cluster"])
    op.create_index("ix_grants_requested_at", "grants", ["requested_at", "id"])
    op.create_table(
        "grant_events",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("grant_id", sa.String(64), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_grant_events_grant_id"),
        sa.PrimaryKeyConstraint("number", name="pk_grant_events"),
    )
    op.create_index("ix_grant_events_grant_id", "grant_events", ["grant_id"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("grant_events")
    op.drop_table("grants")
