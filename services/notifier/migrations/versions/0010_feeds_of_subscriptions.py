"""A subscription may have a feed at a secret address."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the digest of the secret; no subscription has a feed yet."""
    with op.batch_alter_table("subscription") as batch:
        batch.add_column(sa.Column("feed_digest", sa.String(), nullable=True))
        batch.create_unique_constraint(op.f("uq_subscription_feed_digest"), ["feed_digest"])


def downgrade() -> None:
    """Forget the addresses of feeds."""
    with op.batch_alter_table("subscription") as batch:
        batch.drop_constraint(op.f("uq_subscription_feed_digest"), type_="unique")
        batch.drop_column("feed_digest")
