"""Who may see an institution."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: what was told before it was told of everybody's institutions."""
    op.add_column(
        "institution",
        sa.Column("visibility", sa.String(), nullable=False, server_default="public"),
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("institution", "visibility")
