"""Who has an address is found by an index, however it is written."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("ix_subscriber_email_lower", "subscriber", [sa.text("lower(email)")])
    op.create_index("ix_person_email_lower", "person", [sa.text("lower(email)")])
    op.create_index("ix_person_email", "person", ["email"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_person_email", "person")
    op.drop_index("ix_person_email_lower", "person")
    op.drop_index("ix_subscriber_email_lower", "subscriber")
