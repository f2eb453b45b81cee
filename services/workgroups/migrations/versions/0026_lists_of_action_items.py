"""The orders in which action items of all groups are listed."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

COLUMNS = ("due_date", "updated_at")


def upgrade() -> None:
    """Index both."""
    for column in COLUMNS:
        op.create_index(op.f(f"ix_action_item_{column}_id"), "action_item", [column, "id"])


def downgrade() -> None:
    """Take the indexes away."""
    for column in COLUMNS:
        op.drop_index(op.f(f"ix_action_item_{column}_id"), "action_item")
