"""Announcements to groups, their record, and an e-mail of each to a reader."""

import sqlalchemy as sa
from alembic import op

from shared.append_only import drop_append_only_function, make_append_only
from shared.columns import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KINDS = ("confirmation", "immediate", "digest", "welcome")
NOTICES = (
    "institution_verified",
    "group_opened",
    "group_archived",
    "group_reopened",
    "member_joined",
    "member_left",
    "meeting_recorded",
    "update_posted",
    "action_item_assigned",
    "action_item_changed",
    "meeting_scheduled",
    "meeting_rescheduled",
    "meeting_cancelled",
    "meeting_invited",
    "minutes_agreed",
    "agreed_point_recorded",
    "comment_posted",
    "need_published",
    "need_unanswered",
    "offer_published",
    "group_review_due",
    "group_quiet",
    "group_without_lead",
)
STATES = ("draft", "waiting", "scheduled", "sending", "sent", "refused", "cancelled")
ACTS = (
    "drafted",
    "changed",
    "submitted",
    "approved",
    "refused",
    "cancelled",
    "held",
    "begun",
    "sent",
)
OF_ANNOUNCEMENTS = sa.text("announcement_id IS NOT NULL")


def upgrade() -> None:
    """Make the tables; the record can't be changed afterwards."""
    op.create_table(
        "announcement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("send_at", UtcDateTime(), nullable=True),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("last_reader", sa.Uuid(), nullable=True),
        sa.Column("all_made", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("progressed_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> author_id",
            name=op.f("ck_announcement_second_person"),
        ),
        sa.CheckConstraint(_one_of("state", STATES), name=op.f("ck_announcement_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
    )
    op.create_index(op.f("ix_announcement_state"), "announcement", ["state", "progressed_at"])
    op.create_index(op.f("ix_announcement_group"), "announcement", ["group_id"])
    op.create_table(
        "announcement_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("announcement_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(24), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("content_digest", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(_one_of("act", ACTS), name=op.f("ck_announcement_record_act")),
        sa.ForeignKeyConstraint(
            ["announcement_id"],
            ["announcement.id"],
            name=op.f("fk_announcement_record_announcement_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement_record")),
    )
    op.create_index(
        op.f("ix_announcement_record_announcement"),
        "announcement_record",
        ["announcement_id", "id"],
    )
    make_append_only("announcement_record")
    with op.batch_alter_table("delivery") as batch:
        batch.add_column(sa.Column("announcement_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_delivery_announcement_id"), "announcement", ["announcement_id"], ["id"]
        )
    op.create_index(
        "uq_delivery_announcement",
        "delivery",
        ["announcement_id", "subscriber_id", "repeat"],
        unique=True,
        sqlite_where=OF_ANNOUNCEMENTS,
        postgresql_where=OF_ANNOUNCEMENTS,
    )
    _allow("delivery", (*KINDS, "announcement"))
    _allow("notice", (*NOTICES, "announcement_waiting"))


def downgrade() -> None:
    """Go back; announcements are forgotten."""
    told = "SELECT id FROM notice WHERE kind = 'announcement_waiting'"
    op.execute(f"DELETE FROM digest_item WHERE notice_id IN ({told})")  # noqa: S608
    op.execute("DELETE FROM notice WHERE kind = 'announcement_waiting'")
    op.execute(
        "UPDATE bounce_report SET delivery_id = NULL WHERE delivery_id IN"
        " (SELECT id FROM delivery WHERE kind = 'announcement')"
    )
    op.execute("DELETE FROM delivery WHERE kind = 'announcement'")
    _allow("notice", NOTICES)
    _allow("delivery", KINDS)
    op.drop_index("uq_delivery_announcement", "delivery")
    with op.batch_alter_table("delivery") as batch:
        batch.drop_constraint(op.f("fk_delivery_announcement_id"), type_="foreignkey")
        batch.drop_column("announcement_id")
    op.drop_table("announcement_record")
    op.drop_table("announcement")
    drop_append_only_function()


def _one_of(column: str, words: tuple[str, ...]) -> str:
    named = ", ".join(f"'{each}'" for each in words)
    return f"{column} IN ({named})"


def _allow(table: str, kinds: tuple[str, ...]) -> None:
    constraint = op.f(f"ck_{table}_kind")
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(constraint, type_="check")
        batch.create_check_constraint(constraint, _one_of("kind", kinds))
