"""Finding the updates whose text an older rendering made."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the calendar find them without reading every update."""
    op.create_index(op.f("ix_posted_update_rendering"), "posted_update", ["rendering"])


def downgrade() -> None:
    """Take the index away."""
    op.drop_index(op.f("ix_posted_update_rendering"), "posted_update")
