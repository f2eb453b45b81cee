"""An e-mail may be sent again: a delivery of its own, which names the first."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CONTENTS = ("digest_id", "request_id")


def upgrade() -> None:
    """Let a content have a delivery for each time that it is sent; all so far are the first."""
    with op.batch_alter_table("delivery") as batch:
        batch.add_column(sa.Column("resends", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("repeat", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("resend_reason", sa.String(), nullable=True))
        batch.add_column(sa.Column("resent_by", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_delivery_resends"), "delivery", ["resends"], ["id"])
        batch.create_check_constraint(
            op.f("ck_delivery_repeat"), "(resends IS NULL) = (repeat = 0)"
        )
        for column in CONTENTS:
            batch.drop_constraint(op.f(f"uq_delivery_{column}"), type_="unique")
        for column in (*CONTENTS, "resends"):
            name = op.f(f"uq_delivery_{column}_repeat")
            batch.create_unique_constraint(name, [column, "repeat"])


def downgrade() -> None:
    """Go back; e-mails that were sent again are forgotten, and reports name none of them."""
    again = "SELECT id FROM delivery WHERE resends IS NOT NULL"
    op.execute(f"UPDATE bounce_report SET delivery_id = NULL WHERE delivery_id IN ({again})")  # noqa: S608
    op.execute("DELETE FROM delivery WHERE resends IS NOT NULL")
    with op.batch_alter_table("delivery") as batch:
        for column in (*CONTENTS, "resends"):
            batch.drop_constraint(op.f(f"uq_delivery_{column}_repeat"), type_="unique")
        batch.drop_constraint(op.f("ck_delivery_repeat"), type_="check")
        batch.drop_constraint(op.f("fk_delivery_resends"), type_="foreignkey")
        for column in CONTENTS:
            batch.create_unique_constraint(op.f(f"uq_delivery_{column}"), [column])
        for column in ("resent_by", "resend_reason", "repeat", "resends"):
            batch.drop_column(column)
