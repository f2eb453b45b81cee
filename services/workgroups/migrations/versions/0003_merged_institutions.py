"""Which institution another became part of."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; events fill it."""
    op.add_column("institution", sa.Column("merged_into", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("institution", "merged_into")
