"""Proposals that another institution answers for an action item."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nothing was proposed yet."""
    op.create_table(
        "reassignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action_item_id", sa.Uuid(), nullable=False),
        sa.Column("from_institution_id", sa.Uuid(), nullable=False),
        sa.Column("to_institution_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'accepted', 'declined', 'withdrawn')",
            name=op.f("ck_reassignment_state"),
        ),
        sa.CheckConstraint(
            "from_institution_id <> to_institution_id", name=op.f("ck_reassignment_sides")
        ),
        sa.CheckConstraint(
            "(state = 'proposed') = (answered_at IS NULL)", name=op.f("ck_reassignment_answered")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_reassignment_version")),
        sa.ForeignKeyConstraint(
            ["action_item_id"], ["action_item.id"], name=op.f("fk_reassignment_action_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reassignment")),
    )
    op.create_index(
        "uq_reassignment_waiting",
        "reassignment",
        ["action_item_id"],
        unique=True,
        sqlite_where=sa.text("state = 'proposed'"),
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_index(
        op.f("ix_reassignment_action_item_id_id"), "reassignment", ["action_item_id", "id"]
    )
    op.create_index(
        op.f("ix_reassignment_to_institution_id_state"),
        "reassignment",
        ["to_institution_id", "state"],
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("reassignment")
