"""The logos of institutions."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "institution_logo",
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(png) > 0", name=op.f("ck_institution_logo_png")),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_logo_institution_id"),
        ),
        sa.PrimaryKeyConstraint("institution_id", name=op.f("pk_institution_logo")),
    )


def downgrade() -> None:
    """Take the table away, and the logos with it."""
    op.drop_table("institution_logo")
    op.execute("UPDATE institution SET logo_digest = NULL")
