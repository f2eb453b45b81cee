"""Who sees a group."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the groups of before were seen by all."""
    op.add_column(
        "workgroup", sa.Column("visibility", sa.String(), nullable=False, server_default="all")
    )


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("workgroup", "visibility")
