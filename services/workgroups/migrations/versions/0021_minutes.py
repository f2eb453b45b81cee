"""The agenda of a meeting and its minutes."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "agenda_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("presenter_id", sa.Uuid(), nullable=True),
        sa.Column("presenting_institution_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_agenda_item_number")),
        sa.CheckConstraint("length(title) > 0", name=op.f("ck_agenda_item_titled")),
        sa.CheckConstraint(
            "presenter_id IS NULL OR presenting_institution_id IS NULL",
            name=op.f("ck_agenda_item_one_presenter"),
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_agenda_item_meeting_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_item")),
        sa.UniqueConstraint("meeting_id", "number", name=op.f("uq_agenda_item_meeting_id_number")),
    )
    op.create_table(
        "minutes_version",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_minutes_version_number")),
        sa.CheckConstraint(
            "state IN ('drafted', 'circulated', 'agreed')", name=op.f("ck_minutes_version_state")
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_minutes_version_meeting_id")
        ),
        sa.PrimaryKeyConstraint("meeting_id", "number", name=op.f("pk_minutes_version")),
    )


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("minutes_version")
    op.drop_table("agenda_item")
