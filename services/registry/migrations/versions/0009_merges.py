"""Which institution was merged into which, and what came with it."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "institution_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("status_before", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("institution_id <> into_id", name=op.f("ck_institution_merge_into_id")),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_institution_merge_undone")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_merge_institution_id"),
        ),
        sa.ForeignKeyConstraint(
            ["into_id"], ["institution.id"], name=op.f("fk_institution_merge_into_id")
        ),
        sa.ForeignKeyConstraint(["by"], ["person.id"], name=op.f("fk_institution_merge_by")),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["person.id"], name=op.f("fk_institution_merge_undone_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution_merge")),
    )
    op.create_index(
        op.f("ix_institution_merge_institution_id_undone_at"),
        "institution_merge",
        ["institution_id", "undone_at"],
    )
    op.create_index(op.f("ix_institution_merge_into_id"), "institution_merge", ["into_id"])


def downgrade() -> None:
    """Take the table away; what was merged stays so and can't be undone any more."""
    op.drop_table("institution_merge")
