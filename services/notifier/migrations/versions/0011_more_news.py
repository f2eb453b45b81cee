"""More kinds of news, and which series a meeting belongs to."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BEFORE = (
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
)
NEW = (
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


def upgrade() -> None:
    """Widen what a notice tells, and let a meeting be one of a series."""
    _allow((*BEFORE, *NEW))
    op.add_column("meeting", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column("meeting", sa.Column("occurrence", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Go back; what is told of the new kinds is told no more."""
    with op.batch_alter_table("meeting") as batch:
        batch.drop_column("occurrence")
        batch.drop_column("series_id")
    kinds = ", ".join(f"'{kind}'" for kind in NEW)
    notices = f"SELECT id FROM notice WHERE kind IN ({kinds})"  # noqa: S608
    op.execute(f"DELETE FROM digest_item WHERE notice_id IN ({notices})")  # noqa: S608
    op.execute(f"DELETE FROM notice WHERE kind IN ({kinds})")  # noqa: S608
    _allow(BEFORE)


def _allow(kinds: tuple[str, ...]) -> None:
    constraint = op.f("ck_notice_kind")
    named = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("notice") as batch:
        batch.drop_constraint(constraint, type_="check")
        batch.create_check_constraint(constraint, f"kind IN ({named})")
