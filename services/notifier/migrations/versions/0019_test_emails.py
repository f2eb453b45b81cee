"""Test e-mails that coordinators have sent to themselves."""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from shared.columns import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KINDS = ("confirmation", "immediate", "digest", "welcome", "announcement")
READER = "request_id IS NOT NULL OR subscriber_id IS NOT NULL"


def upgrade() -> None:
    """Make the table, and let an e-mail be one of them."""
    op.create_table(
        "trial",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("choice", sa.JSON(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial")),
    )
    op.create_index("ix_trial_person", "trial", ["person_id", "asked_at"])
    op.create_index("ix_trial_email_lower", "trial", [sa.text("lower(email)")])
    with op.batch_alter_table("delivery") as batch:
        batch.add_column(sa.Column("trial_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_delivery_trial_id"), "trial", ["trial_id"], ["id"])
        batch.create_unique_constraint(op.f("uq_delivery_trial_id"), ["trial_id"])
        _check(batch, (*KINDS, "test"), f"{READER} OR trial_id IS NOT NULL")


def downgrade() -> None:
    """Go back; test e-mails are forgotten."""
    op.execute(
        "UPDATE bounce_report SET delivery_id = NULL WHERE delivery_id IN"
        " (SELECT id FROM delivery WHERE kind = 'test')"
    )
    op.execute("DELETE FROM delivery WHERE kind = 'test'")
    with op.batch_alter_table("delivery") as batch:
        _check(batch, KINDS, READER)
        batch.drop_constraint(op.f("uq_delivery_trial_id"), type_="unique")
        batch.drop_constraint(op.f("fk_delivery_trial_id"), type_="foreignkey")
        batch.drop_column("trial_id")
    op.drop_table("trial")


def _check(batch: BatchOperations, kinds: tuple[str, ...], reader: str) -> None:
    named = ", ".join(f"'{each}'" for each in kinds)
    rules = {"kind": f"kind IN ({named})", "reader": reader}
    for name, rule in rules.items():
        constraint = op.f(f"ck_delivery_{name}")
        batch.drop_constraint(constraint, type_="check")
        batch.create_check_constraint(constraint, rule)
