"""It is known since when a place or a role in a group waits to be confirmed."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = ("group_member", "participant")


def upgrade() -> None:
    """Add the moment; of what is suspended already it isn't known."""
    for table in TABLES:
        op.add_column(table, sa.Column("suspended_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Remove it."""
    for table in TABLES:
        op.drop_column(table, "suspended_at")
