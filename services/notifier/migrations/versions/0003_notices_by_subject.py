"""Notices are looked for by what they are about."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_notice_subject_kind", "notice", ["subject", "kind"])


def downgrade() -> None:
    """Take the index away."""
    op.drop_index("ix_notice_subject_kind", table_name="notice")
