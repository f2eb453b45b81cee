"""What a merge at the registry moved in the groups."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it, and for lines of a log that the registry caused."""
    op.create_table(
        "membership_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("state_before", sa.String(length=20), nullable=True),
        sa.Column("made_membership_id", sa.Uuid(), nullable=True),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_membership_move_{column}")
            )
            for column, table in (
                ("group_id", "workgroup"),
                ("membership_id", "membership"),
                ("made_membership_id", "membership"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_move")),
        sa.UniqueConstraint(
            "event_id", "group_id", name=op.f("uq_membership_move_event_id_group_id")
        ),
    )
    op.create_index(
        op.f("ix_membership_move_institution_id"), "membership_move", ["institution_id"]
    )

    with op.batch_alter_table("action_item_entry") as table:
        table.alter_column("by", existing_type=sa.Uuid(), nullable=True)


def downgrade() -> None:
    """Forget it, and with it the lines that nobody here wrote."""
    op.execute('DELETE FROM action_item_entry WHERE "by" IS NULL')
    with op.batch_alter_table("action_item_entry") as table:
        table.alter_column("by", existing_type=sa.Uuid(), nullable=False)
    op.drop_table("membership_move")
