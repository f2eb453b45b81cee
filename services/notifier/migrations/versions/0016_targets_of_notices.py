"""The notices about a target are found by an index; an address ends with its subscription."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table with what the notices are about, and end addresses that are over."""
    op.create_table(
        "notice_target",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_target_notice_id")
        ),
        sa.PrimaryKeyConstraint("target", "notice_id", name=op.f("pk_notice_target")),
    )
    each = {
        "postgresql": "json_array_elements_text(notice.targets) AS each(value)",
        "sqlite": "json_each(notice.targets) AS each",
    }[op.get_bind().dialect.name]
    found = f"SELECT DISTINCT each.value, notice.id FROM notice, {each}"  # noqa: S608
    op.execute(f"INSERT INTO notice_target (target, notice_id) {found}")
    op.execute("UPDATE subscription SET feed_digest = NULL WHERE ended_at IS NOT NULL")


def downgrade() -> None:
    """Drop it; the notices have their targets."""
    op.drop_table("notice_target")
