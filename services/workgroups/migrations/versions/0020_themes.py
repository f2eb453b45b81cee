"""Themes with translations and goals, changed, retired and merged."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COLUMNS = (
    "description",
    "translations",
    "goals",
    "retired",
    "merged_into",
    "version",
    "updated_at",
)


def upgrade() -> None:
    """Let the themes that are there have none of it yet."""
    with op.batch_alter_table("theme") as table:
        table.add_column(sa.Column("description", sa.String(), nullable=True))
        table.add_column(
            sa.Column("translations", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
        )
        table.add_column(
            sa.Column("goals", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
        )
        table.add_column(
            sa.Column("retired", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(sa.Column("merged_into", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("updated_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE theme SET updated_at = created_at")
    with op.batch_alter_table("theme") as table:
        for column in ("translations", "goals", "retired", "version"):
            table.alter_column(column, server_default=None)
        table.alter_column("updated_at", existing_type=UtcDateTime(), nullable=False)
        table.create_foreign_key(op.f("fk_theme_merged_into"), "theme", ["merged_into"], ["id"])
        table.create_check_constraint(op.f("ck_theme_version"), "version >= 1")
        table.create_check_constraint(op.f("ck_theme_not_itself"), "merged_into <> id")


def downgrade() -> None:
    """Take it all away; what was merged stands for itself again, without its groups."""
    with op.batch_alter_table("theme") as table:
        for constraint in ("version", "not_itself"):
            table.drop_constraint(op.f(f"ck_theme_{constraint}"), type_="check")
        table.drop_constraint(op.f("fk_theme_merged_into"), type_="foreignkey")
        for column in COLUMNS:
            table.drop_column(column)
