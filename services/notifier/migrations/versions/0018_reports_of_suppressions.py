"""The suppressions of a report are found by an index, so that old reports go without a search."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_suppression_report_id", "suppression", ["report_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_suppression_report_id", "suppression")
