"""People who are enrolled for break-glass, and what was opened."""

import sqlalchemy as sa
from alembic import op

from ostiary.server.store.columns import Moment, Words

revision = "break_glass_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "break_glass_people",
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("groups", Words, nullable=False),
        sa.Column("administrator", sa.Boolean, nullable=False),
        sa.Column("enrolled_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_break_glass_people"),
    )
    op.create_table(
        "break_glass_openings",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("cluster", sa.String(63), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ticket_hash", sa.String(64), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("waits_until", Moment, nullable=False),
        sa.Column("confirmed_by", sa.String(128)),
        sa.Column("confirmed_at", Moment),
        sa.Column("ends_at", Moment),
        sa.Column("session_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_break_glass_openings"),
    )
    op.create_index("ix_break_glass_openings_opened_at", "break_glass_openings", ["opened_at"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("break_glass_openings")
    op.drop_table("break_glass_people")
