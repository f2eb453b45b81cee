"""What action items and agreed points say of themselves, and how each came to be so."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the logs; what was finished was so since its last change."""
    _upgrade_points()
    _upgrade_items()
    op.create_table(
        "agreed_point_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreed_point_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreed_point_id"],
            ["agreed_point.id"],
            name=op.f("fk_agreed_point_change_agreed_point_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreed_point_change")),
        sa.UniqueConstraint(
            "agreed_point_id",
            "version",
            name=op.f("uq_agreed_point_change_agreed_point_id_version"),
        ),
    )
    op.create_table(
        "action_item_person",
        sa.Column("action_item_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_item_id"],
            ["action_item.id"],
            name=op.f("fk_action_item_person_action_item_id"),
        ),
        sa.PrimaryKeyConstraint("action_item_id", "person_id", name=op.f("pk_action_item_person")),
    )
    op.create_index(op.f("ix_action_item_person_person_id"), "action_item_person", ["person_id"])
    op.create_table(
        "action_item_support",
        sa.Column("action_item_id", sa.Uuid(), nullable=False),
        sa.Column("support_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.CheckConstraint("side IN ('need', 'offer')", name=op.f("ck_action_item_support_side")),
        sa.ForeignKeyConstraint(
            ["action_item_id"],
            ["action_item.id"],
            name=op.f("fk_action_item_support_action_item_id"),
        ),
        sa.PrimaryKeyConstraint(
            "action_item_id", "support_id", name=op.f("pk_action_item_support")
        ),
    )
    op.create_index(
        op.f("ix_action_item_support_support_id"), "action_item_support", ["support_id"]
    )
    _create_log()


def downgrade() -> None:
    """Take all of it away."""
    for added in (
        "action_item_entry",
        "action_item_support",
        "action_item_person",
        "agreed_point_change",
    ):
        op.drop_table(added)
    with op.batch_alter_table("action_item") as table:
        for index in ("parent_id", "meeting_id", "agreed_point_id"):
            table.drop_index(op.f(f"ix_action_item_{index}"))
        for constraint in ("finished", "result", "parent", "period", "priority"):
            table.drop_constraint(op.f(f"ck_action_item_{constraint}"), type_="check")
        table.drop_constraint(op.f("fk_action_item_parent_id_group_id"), type_="foreignkey")
        table.drop_constraint(op.f("uq_action_item_id_group_id"), type_="unique")
        for column in (
            "overdue_told_for",
            "due_soon_told_for",
            "finished_at",
            "parent_id",
            "result_links",
            "result",
            "reason",
            "start_date",
            "priority",
            "description",
        ):
            table.drop_column(column)
    with op.batch_alter_table("agreed_point") as table:
        for index in ("need_id", "update_id", "raised_by"):
            table.drop_index(op.f(f"ix_agreed_point_{index}"))
        for constraint in ("answers_one", "outcome", "version"):
            table.drop_constraint(op.f(f"ck_agreed_point_{constraint}"), type_="check")
        table.drop_constraint(op.f("fk_agreed_point_update_id"), type_="foreignkey")
        for column in (
            "updated_at",
            "recorded_at",
            "recorded_by",
            "version",
            "need_id",
            "update_id",
            "raised_by",
            "outcome",
        ):
            table.drop_column(column)


def _upgrade_points() -> None:
    with op.batch_alter_table("agreed_point") as table:
        table.add_column(sa.Column("outcome", sa.String(), nullable=True))
        table.add_column(sa.Column("raised_by", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("update_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("need_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("recorded_by", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("recorded_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("updated_at", UtcDateTime(), nullable=True))
    for column in ("recorded_at", "updated_at"):
        op.execute(
            f"UPDATE agreed_point SET {column} = "  # noqa: S608
            "(SELECT recorded_at FROM meeting WHERE meeting.id = agreed_point.meeting_id)"
        )
    op.execute(
        "UPDATE agreed_point SET recorded_by = "
        "(SELECT recorded_by FROM meeting WHERE meeting.id = agreed_point.meeting_id)"
    )
    with op.batch_alter_table("agreed_point") as table:
        table.alter_column("version", server_default=None)
        table.alter_column("recorded_at", nullable=False)
        table.alter_column("updated_at", nullable=False)
        table.create_check_constraint(op.f("ck_agreed_point_version"), "version >= 1")
        table.create_check_constraint(
            op.f("ck_agreed_point_outcome"), "outcome IS NULL OR length(outcome) > 0"
        )
        table.create_check_constraint(
            op.f("ck_agreed_point_answers_one"), "update_id IS NULL OR need_id IS NULL"
        )
        table.create_foreign_key(
            op.f("fk_agreed_point_update_id"), "posted_update", ["update_id"], ["id"]
        )
        for column in ("raised_by", "update_id", "need_id"):
            table.create_index(op.f(f"ix_agreed_point_{column}"), [column])


def _upgrade_items() -> None:
    with op.batch_alter_table("action_item") as table:
        table.add_column(sa.Column("description", sa.String(), nullable=True))
        table.add_column(
            sa.Column("priority", sa.String(length=10), nullable=False, server_default="normal")
        )
        table.add_column(sa.Column("start_date", sa.Date(), nullable=True))
        table.add_column(sa.Column("reason", sa.String(), nullable=True))
        table.add_column(sa.Column("result", sa.String(), nullable=True))
        table.add_column(
            sa.Column("result_links", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
        )
        table.add_column(sa.Column("parent_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("finished_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("due_soon_told_for", sa.Date(), nullable=True))
        table.add_column(sa.Column("overdue_told_for", sa.Date(), nullable=True))
    op.execute(
        "UPDATE action_item SET finished_at = updated_at WHERE state IN ('done', 'cancelled')"
    )
    with op.batch_alter_table("action_item") as table:
        table.alter_column("priority", server_default=None)
        table.alter_column("result_links", server_default=None)
        table.create_check_constraint(
            op.f("ck_action_item_priority"), "priority IN ('low', 'normal', 'high')"
        )
        table.create_check_constraint(
            op.f("ck_action_item_period"), "start_date IS NULL OR start_date <= due_date"
        )
        table.create_check_constraint(
            op.f("ck_action_item_parent"), "parent_id IS NULL OR parent_id <> id"
        )
        table.create_check_constraint(
            op.f("ck_action_item_result"), "result IS NULL OR state = 'done'"
        )
        table.create_check_constraint(
            op.f("ck_action_item_finished"),
            "(finished_at IS NULL) = (state NOT IN ('done', 'cancelled'))",
        )
        table.create_unique_constraint(op.f("uq_action_item_id_group_id"), ["id", "group_id"])
        for column in ("parent_id", "meeting_id", "agreed_point_id"):
            table.create_index(op.f(f"ix_action_item_{column}"), [column])
    # Only now is there the constraint that it refers to.
    with op.batch_alter_table("action_item") as table:
        table.create_foreign_key(
            op.f("fk_action_item_parent_id_group_id"),
            "action_item",
            ["parent_id", "group_id"],
            ["id", "group_id"],
        )


def _create_log() -> None:
    op.create_table(
        "action_item_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action_item_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('assigned', 'changed', 'reassigned', 'note')",
            name=op.f("ck_action_item_entry_kind"),
        ),
        sa.CheckConstraint(
            "kind <> 'note' OR length(text) > 0", name=op.f("ck_action_item_entry_worded")
        ),
        sa.ForeignKeyConstraint(
            ["action_item_id"],
            ["action_item.id"],
            name=op.f("fk_action_item_entry_action_item_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_item_entry")),
    )
    op.create_index(
        op.f("ix_action_item_entry_action_item_id_id"),
        "action_item_entry",
        ["action_item_id", "id"],
    )
    op.create_index(
        "uq_action_item_entry_version",
        "action_item_entry",
        ["action_item_id", "version"],
        unique=True,
        sqlite_where=sa.text("kind <> 'note'"),
        postgresql_where=sa.text("kind <> 'note'"),
    )
