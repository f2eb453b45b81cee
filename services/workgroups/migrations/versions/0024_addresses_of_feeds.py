"""Secret addresses of feeds."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

PURPOSE = "ck_secret_address_purpose"


def upgrade() -> None:
    """Let an address be of a feed as well."""
    with op.batch_alter_table("secret_address") as table:
        table.drop_constraint(op.f(PURPOSE), type_="check")
        table.create_check_constraint(op.f(PURPOSE), "purpose IN ('calendar', 'feed')")


def downgrade() -> None:
    """End the addresses of feeds."""
    op.execute("DELETE FROM secret_address WHERE purpose = 'feed'")
    with op.batch_alter_table("secret_address") as table:
        table.drop_constraint(op.f(PURPOSE), type_="check")
        table.create_check_constraint(op.f(PURPOSE), "purpose IN ('calendar')")
