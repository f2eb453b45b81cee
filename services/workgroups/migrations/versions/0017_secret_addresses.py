"""Secret addresses, such as that of a person's calendar."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "secret_address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("purpose IN ('calendar')", name=op.f("ck_secret_address_purpose")),
        sa.ForeignKeyConstraint(
            ["group_id"], ["workgroup.id"], name=op.f("fk_secret_address_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_address")),
        sa.UniqueConstraint("digest", name=op.f("uq_secret_address_digest")),
    )
    op.create_index(op.f("ix_secret_address_person_id"), "secret_address", ["person_id"])


def downgrade() -> None:
    """Drop the table: every address ends."""
    op.drop_table("secret_address")
