"""Who is invited to a meeting, what they replied, and who was there."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ONE_SIDE = "(person_id IS NULL) <> (institution_id IS NULL)"
ACCEPTED = (
    "(place IS NOT NULL AND acceptance IS NOT NULL AND reply IS NOT NULL AND reply = 'accepted') "
    "OR (place IS NULL AND acceptance IS NULL AND (reply IS NULL OR reply <> 'accepted'))"
)


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("invited_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("reply", sa.String(length=20), nullable=True),
        sa.Column("coming", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=True),
        sa.Column("acceptance", sa.Integer(), nullable=True),
        sa.Column("replied_to", sa.Integer(), nullable=True),
        sa.Column("reply_stamp", UtcDateTime(), nullable=True),
        sa.CheckConstraint(ONE_SIDE, name=op.f("ck_invitation_one_side")),
        sa.CheckConstraint(
            "reply IN ('accepted', 'declined', 'tentative')", name=op.f("ck_invitation_reply")
        ),
        sa.CheckConstraint("place IN ('seated', 'waiting')", name=op.f("ck_invitation_place")),
        sa.CheckConstraint(ACCEPTED, name=op.f("ck_invitation_accepted")),
        sa.CheckConstraint("coming >= 1", name=op.f("ck_invitation_coming")),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_invitation_meeting_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint(
            "meeting_id", "person_id", name=op.f("uq_invitation_meeting_id_person_id")
        ),
        sa.UniqueConstraint(
            "meeting_id", "institution_id", name=op.f("uq_invitation_meeting_id_institution_id")
        ),
    )
    op.create_table(
        "invitation_reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("reply", sa.String(length=20), nullable=False),
        sa.Column("coming", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=True),
        sa.Column("replied_to", sa.Integer(), nullable=False),
        sa.Column("replied_by", sa.Uuid(), nullable=False),
        sa.Column("replied_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_invitation_reply_invitation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation_reply")),
    )
    op.create_table(
        "attendance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("presence", sa.String(length=20), nullable=False),
        sa.Column("heads", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(ONE_SIDE, name=op.f("ck_attendance_one_side")),
        sa.CheckConstraint(
            "presence IN ('in_person', 'online', 'excused', 'absent')",
            name=op.f("ck_attendance_presence"),
        ),
        sa.CheckConstraint(
            "heads >= 1 AND (person_id IS NULL OR heads = 1)", name=op.f("ck_attendance_heads")
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_attendance_meeting_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
        sa.UniqueConstraint(
            "meeting_id", "person_id", name=op.f("uq_attendance_meeting_id_person_id")
        ),
        sa.UniqueConstraint(
            "meeting_id",
            "institution_id",
            "presence",
            name=op.f("uq_attendance_meeting_id_institution_id_presence"),
        ),
    )
    for table in ("invitation", "attendance"):
        for column in ("person_id", "institution_id"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_index(
        op.f("ix_invitation_reply_invitation_id"), "invitation_reply", ["invitation_id"]
    )


def downgrade() -> None:
    """Drop the three tables."""
    for table in ("attendance", "invitation_reply", "invitation"):
        op.drop_table(table)
