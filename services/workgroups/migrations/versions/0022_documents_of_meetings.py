"""Files of meetings beside those of updates, and the agenda item of an agreed point."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let a file belong to a meeting, and a point to an item of its meeting's agenda."""
    with op.batch_alter_table("attachment") as table:
        table.add_column(sa.Column("meeting_id", sa.Uuid(), nullable=True))
        table.alter_column("update_id", existing_type=sa.Uuid(), nullable=True)
    with op.batch_alter_table("attachment") as table:
        table.create_foreign_key(
            op.f("fk_attachment_meeting_id"), "meeting", ["meeting_id"], ["id"]
        )
        table.create_check_constraint(
            op.f("ck_attachment_one_side"), "(update_id IS NULL) <> (meeting_id IS NULL)"
        )
    op.create_index(op.f("ix_attachment_meeting_id"), "attachment", ["meeting_id"])
    op.create_index(
        "uq_attachment_of_meeting",
        "attachment",
        ["meeting_id", "digest"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    with op.batch_alter_table("agreed_point") as table:
        table.add_column(sa.Column("agenda_item_id", sa.Uuid(), nullable=True))
    with op.batch_alter_table("agreed_point") as table:
        table.create_foreign_key(
            op.f("fk_agreed_point_agenda_item_id"), "agenda_item", ["agenda_item_id"], ["id"]
        )
    op.create_index(op.f("ix_agreed_point_agenda_item_id"), "agreed_point", ["agenda_item_id"])


def downgrade() -> None:
    """Forget the files of meetings, whose objects stay, and from which items points came."""
    with op.batch_alter_table("agreed_point") as table:
        table.drop_index(op.f("ix_agreed_point_agenda_item_id"))
        table.drop_constraint(op.f("fk_agreed_point_agenda_item_id"), type_="foreignkey")
        table.drop_column("agenda_item_id")
    op.execute("DELETE FROM attachment WHERE update_id IS NULL")
    with op.batch_alter_table("attachment") as table:
        table.drop_index("uq_attachment_of_meeting")
        table.drop_index(op.f("ix_attachment_meeting_id"))
        table.drop_constraint(op.f("ck_attachment_one_side"), type_="check")
        table.drop_constraint(op.f("fk_attachment_meeting_id"), type_="foreignkey")
        table.drop_column("meeting_id")
        table.alter_column("update_id", existing_type=sa.Uuid(), nullable=False)
