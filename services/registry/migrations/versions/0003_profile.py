"""What e-mail domains that look alike share."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a domain that is stored without it gets it when its profile changes."""
    op.add_column(
        "institution_domain",
        sa.Column("skeleton", sa.String(length=400), nullable=False, server_default=""),
    )
    op.create_index(
        op.f("ix_institution_domain_skeleton"), "institution_domain", ["skeleton"], unique=False
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_index(op.f("ix_institution_domain_skeleton"), table_name="institution_domain")
    op.drop_column("institution_domain", "skeleton")
