"""What is due is found by its kind, and the newest of a run at once, in runs of any size."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_delivery_state": (["state", "next_attempt_at"], ["state", "kind", "next_attempt_at"]),
    "ix_delivery_run": (["run_id", "state"], ["run_id", "state", "id"]),
}
"""The columns before and now."""


def upgrade() -> None:
    """Make the indexes anew."""
    for name, (_before, now) in INDEXES.items():
        op.drop_index(name, table_name="delivery")
        op.create_index(name, "delivery", now)


def downgrade() -> None:
    """Go back to the smaller ones."""
    for name, (before, _now) in INDEXES.items():
        op.drop_index(name, table_name="delivery")
        op.create_index(name, "delivery", before)
