"""Themes linked to sectors of the OECD DAC."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the themes that are there have none yet."""
    with op.batch_alter_table("theme") as table:
        table.add_column(
            sa.Column("sectors", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
        )
    with op.batch_alter_table("theme") as table:
        table.alter_column("sectors", server_default=None)


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("theme") as table:
        table.drop_column("sectors")
