"""What the registry tells of introductions: what came of a need."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the read model; new events fill it, and a rebuild also with what was told before."""
    op.create_table(
        "introduction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("volume_amount", sa.BigInteger(), nullable=True),
        sa.Column("volume_unit", sa.String(), nullable=True),
        sa.Column("volume_currency", sa.String(), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introduction")),
    )
    for column in ("need_id", "offer_id"):
        op.create_index(op.f(f"ix_introduction_{column}"), "introduction", [column])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("introduction")
