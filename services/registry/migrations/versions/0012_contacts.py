"""Whom the notifier was told how to reach."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the calendar then tells of everybody who has a role."""
    op.add_column("person", sa.Column("contact_told", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("person", "contact_told")
