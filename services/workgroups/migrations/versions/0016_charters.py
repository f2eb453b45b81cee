"""The versions of charters, when they are to be reviewed, and which groups are quiet."""

import sqlalchemy as sa
from alembic import op

from shared.append_only import make_append_only
from shared.columns import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = ("scope", "review_date", "charter", "review_told", "rest_suggested_at")


def upgrade() -> None:
    """Make the charter that each group has now its first version."""
    with op.batch_alter_table("workgroup") as table:
        table.add_column(sa.Column("scope", sa.String(), nullable=True))
        table.add_column(sa.Column("review_date", sa.Date(), nullable=True))
        table.add_column(sa.Column("charter", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(
            sa.Column("review_told", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(sa.Column("rest_suggested_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("workgroup") as table:
        table.alter_column("charter", server_default=None)
        table.alter_column("review_told", server_default=None)
    op.create_table(
        "charter",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=True),
        sa.Column("results", sa.String(), nullable=True),
        sa.Column("review_date", sa.Date(), nullable=True),
        sa.Column("written_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_charter_number")),
        sa.CheckConstraint("length(purpose) > 0", name=op.f("ck_charter_purpose")),
        sa.ForeignKeyConstraint(["group_id"], ["workgroup.id"], name=op.f("fk_charter_group_id")),
        sa.PrimaryKeyConstraint("group_id", "number", name=op.f("pk_charter")),
    )
    op.execute(
        "INSERT INTO charter (group_id, number, purpose, results, at) "
        "SELECT id, 1, purpose, results, updated_at FROM workgroup"
    )
    make_append_only("charter")


def downgrade() -> None:
    """Keep the newest charter alone."""
    op.drop_table("charter")
    with op.batch_alter_table("workgroup") as table:
        for column in COLUMNS:
            table.drop_column(column)
