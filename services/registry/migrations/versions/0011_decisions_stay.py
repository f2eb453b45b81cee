"""Decisions on possible duplicates are never changed, as their table says."""

from shared.append_only import drop_append_only, make_append_only

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the database refuse changes of what was decided."""
    make_append_only("duplicate_decision")


def downgrade() -> None:
    """Let it take them again."""
    drop_append_only("duplicate_decision")
