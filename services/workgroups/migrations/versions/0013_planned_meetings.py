"""Meetings that are planned, with their times, status and history."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COLUMNS = (
    ("description", sa.String(), True, None),
    ("status", sa.String(length=20), False, "held"),
    ("begins_local", sa.DateTime(), True, None),
    ("begins_fold", sa.Integer(), False, "0"),
    ("begins_at", UtcDateTime(), True, None),
    ("ends_local", sa.DateTime(), True, None),
    ("ends_fold", sa.Integer(), False, "0"),
    ("ends_at", UtcDateTime(), True, None),
    ("link", sa.String(length=2000), True, None),
    ("capacity", sa.Integer(), True, None),
    ("updated_at", UtcDateTime(), True, None),
    ("version", sa.Integer(), False, "1"),
    ("sequence", sa.Integer(), False, "0"),
)

CHECKS = {
    "status": "status IN ('planned', 'scheduled', 'rescheduled', 'cancelled', 'held')",
    "times": "(begins_at IS NULL AND ends_at IS NULL AND begins_local IS NULL AND ends_local IS "
    "NULL) OR (begins_local IS NOT NULL AND ends_local IS NOT NULL AND begins_at < ends_at)",
    "scheduled": "status NOT IN ('scheduled', 'rescheduled') OR begins_at IS NOT NULL",
    "held": "status <> 'held' OR held_on IS NOT NULL",
    "folds": "begins_fold IN (0, 1) AND ends_fold IN (0, 1)",
    "capacity": "capacity IS NULL OR capacity >= 1",
    "version": "version >= 1 AND sequence >= 0",
}


def upgrade() -> None:
    """Say of the meetings that are there that they were held, and let others be planned."""
    with op.batch_alter_table("meeting") as table:
        for name, kind, nullable, default in COLUMNS:
            table.add_column(sa.Column(name, kind, nullable=nullable, server_default=default))
        table.alter_column("held_on", existing_type=sa.Date(), nullable=True)
    op.execute("UPDATE meeting SET updated_at = recorded_at")
    with op.batch_alter_table("meeting") as table:
        table.alter_column("updated_at", existing_type=UtcDateTime(), nullable=False)
        for name, kind, _, default in COLUMNS:
            if default is not None:
                table.alter_column(name, existing_type=kind, server_default=None)
        for name, condition in CHECKS.items():
            table.create_check_constraint(op.f(f"ck_meeting_{name}"), condition)
    op.create_index(op.f("ix_meeting_begins_at"), "meeting", ["begins_at"])
    op.create_table(
        "meeting_change",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_change_meeting_id")
        ),
        sa.PrimaryKeyConstraint("meeting_id", "version", name=op.f("pk_meeting_change")),
    )


def downgrade() -> None:
    """Forget the meetings that were never held, and what else is new."""
    op.drop_table("meeting_change")
    op.drop_index(op.f("ix_meeting_begins_at"), "meeting")
    op.execute(
        "DELETE FROM meeting_group WHERE meeting_id IN "
        "(SELECT id FROM meeting WHERE status <> 'held')"
    )
    op.execute("DELETE FROM meeting WHERE status <> 'held'")
    with op.batch_alter_table("meeting") as table:
        for name in CHECKS:
            table.drop_constraint(op.f(f"ck_meeting_{name}"), type_="check")
        for name, *_ in COLUMNS:
            table.drop_column(name)
        table.alter_column("held_on", existing_type=sa.Date(), nullable=False)
