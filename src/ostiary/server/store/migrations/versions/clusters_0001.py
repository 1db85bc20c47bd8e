"""Clusters behind the gateway."""

import sqlalchemy as sa
from alembic import op

from ostiary.server.store.columns import Moment, Words

revision = "clusters_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "clusters",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("certificate_authority", sa.Text, nullable=False),
        sa.Column("server_name", sa.Text, nullable=False),
        sa.Column("uid", sa.String(64), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("constrained", sa.Boolean, nullable=False),
        sa.Column("roles", Words, nullable=False),
        sa.Column("powerful", Words, nullable=False),
        sa.Column("break_glass_role", sa.Text, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_clusters"),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("clusters")
