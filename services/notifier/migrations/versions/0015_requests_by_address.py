"""What was asked for with an address is found by an index, however the address is written."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "ix_subscription_request_email_lower", "subscription_request", [sa.text("lower(email)")]
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_subscription_request_email_lower", "subscription_request")
