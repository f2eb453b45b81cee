"""What possible duplicates are found by, and what was decided on them."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; the calendar makes the keys of the institutions that are there."""
    op.create_table(
        "institution_name_key",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_name_key_institution_id"),
        ),
        sa.PrimaryKeyConstraint("key", "institution_id", name=op.f("pk_institution_name_key")),
    )
    op.create_index(
        op.f("ix_institution_name_key_institution_id"), "institution_name_key", ["institution_id"]
    )
    op.create_table(
        "duplicate_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "decision IN ('distinct', 'duplicate')", name=op.f("ck_duplicate_decision_decision")
        ),
        sa.CheckConstraint(
            "institution_id <> other_id", name=op.f("ck_duplicate_decision_other_id")
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_duplicate_decision_reason")),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_duplicate_decision_institution_id"),
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["institution.id"], name=op.f("fk_duplicate_decision_other_id")
        ),
        sa.ForeignKeyConstraint(["by"], ["person.id"], name=op.f("fk_duplicate_decision_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_decision")),
    )
    op.create_index(
        op.f("ix_duplicate_decision_institution_id_other_id"),
        "duplicate_decision",
        ["institution_id", "other_id"],
    )
    op.create_index(op.f("ix_duplicate_decision_other_id"), "duplicate_decision", ["other_id"])


def downgrade() -> None:
    """Take the tables away, what was decided with them."""
    for table in ("duplicate_decision", "institution_name_key"):
        op.drop_table(table)
