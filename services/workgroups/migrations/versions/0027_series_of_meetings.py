"""Series of meetings."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and let a meeting belong to a series."""
    op.create_table(
        "meeting_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("rule", sa.String(length=200), nullable=False),
        sa.Column("begins_local", sa.DateTime(), nullable=False),
        sa.Column("begins_fold", sa.Integer(), nullable=True),
        sa.Column("ends_local", sa.DateTime(), nullable=False),
        sa.Column("ends_fold", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("link", sa.String(length=2000), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("convenor_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "mode IN ('in_person', 'online', 'hybrid')", name=op.f("ck_meeting_series_mode")
        ),
        sa.CheckConstraint("length(title) > 0", name=op.f("ck_meeting_series_titled")),
        sa.CheckConstraint("length(rule) > 0", name=op.f("ck_meeting_series_rule")),
        sa.CheckConstraint(
            "capacity IS NULL OR capacity >= 1", name=op.f("ck_meeting_series_capacity")
        ),
        sa.CheckConstraint(
            "version >= 1 AND sequence >= 0", name=op.f("ck_meeting_series_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_series")),
    )
    with op.batch_alter_table("meeting") as table:
        table.add_column(sa.Column("series_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("occurrence", sa.DateTime(), nullable=True))
    with op.batch_alter_table("meeting") as table:
        table.create_foreign_key(
            op.f("fk_meeting_series_id"), "meeting_series", ["series_id"], ["id"]
        )
        table.create_unique_constraint(
            op.f("uq_meeting_series_id_occurrence"), ["series_id", "occurrence"]
        )
        table.create_check_constraint(
            op.f("ck_meeting_series"), "(series_id IS NULL) = (occurrence IS NULL)"
        )


def downgrade() -> None:
    """Let each meeting of a series stand for itself."""
    with op.batch_alter_table("meeting") as table:
        table.drop_constraint(op.f("ck_meeting_series"), type_="check")
        table.drop_constraint(op.f("uq_meeting_series_id_occurrence"), type_="unique")
        table.drop_constraint(op.f("fk_meeting_series_id"), type_="foreignkey")
        table.drop_column("occurrence")
        table.drop_column("series_id")
    op.drop_table("meeting_series")
