"""People, accounts, passkeys, sessions, sign-ins on their way, failures, signing keys."""

import sqlalchemy as sa
from alembic import op

from ostiary.server.store.columns import Moment, Words

revision = "people_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "people",
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("groups", Words, nullable=False),
        sa.Column("administrator", sa.Boolean, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_people"),
    )
    _accounts()
    _sessions()
    op.create_table(
        "sign_in_failures",
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_sign_in_failures"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("algorithm", sa.String(16), nullable=False),
        sa.Column("use_from", Moment, nullable=False),
        sa.Column("private", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("handle", sa.LargeBinary, nullable=False),
        sa.Column("administrator", sa.Boolean, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_accounts"),
        sa.UniqueConstraint("handle", name="uq_accounts_handle"),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(1400), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("uses", sa.BigInteger, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.ForeignKeyConstraint(["person"], ["accounts.person"], name="fk_passkeys_person"),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
    )
    op.create_index("ix_passkeys_person", "passkeys", ["person"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("groups", Words, nullable=False),
        sa.Column("administrator", sa.Boolean, nullable=False),
        sa.Column("way", sa.String(32), nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("secret_hash", name="uq_sessions_secret_hash"),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_index("ix_sessions_ended_at", "sessions", ["ended_at"])
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("progress", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
        sa.UniqueConstraint("secret_hash", name="uq_sign_ins_secret_hash"),
    )
    op.create_index("ix_sign_ins_ends_at", "sign_ins", ["ends_at"])


def downgrade() -> None:
    """Take them away."""
    for table in ("signing_keys", "sign_in_failures", "sign_ins", "sessions", "passkeys", "accounts", "people"):
        op.drop_table(table)
