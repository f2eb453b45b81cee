"""What roles bring, what readers chose, and why a subscription is over."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KINDS = "'confirmation', 'immediate', 'digest'"


def upgrade() -> None:
    """Widen the tables; who left before has left, and hours that are no defaults were chosen."""
    op.create_table(
        "role_news",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_role_news")),
    )
    op.create_index(op.f("ix_role_news_due_at"), "role_news", ["due_at"])
    op.create_table(
        "unwanted",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_unwanted")),
    )
    for name in ("own_language", "own_time_zone"):
        op.add_column("subscriber", sa.Column(name, sa.Boolean(), server_default=sa.false()))
    op.add_column("subscriber", sa.Column("version", sa.Integer(), server_default="1"))
    for name in ("left_at", "welcomed_at", "unreachable_since"):
        op.add_column("subscriber", sa.Column(name, UtcDateTime(), nullable=True))
    op.add_column("subscription", sa.Column("chosen", sa.Boolean(), server_default=sa.false()))
    op.add_column("subscription", sa.Column("ended_by", sa.String(24), nullable=True))
    op.add_column("subscription", sa.Column("version", sa.Integer(), server_default="1"))
    op.execute("UPDATE subscription SET ended_by = 'reader' WHERE ended_at IS NOT NULL")
    op.execute("UPDATE subscriber SET own_language = (language <> 'en')")
    op.execute("UPDATE subscriber SET own_time_zone = (time_zone <> 'UTC')")
    op.execute(
        "UPDATE subscriber SET left_at = (SELECT max(ended_at) FROM subscription"
        " WHERE subscriber_id = subscriber.id) WHERE NOT EXISTS (SELECT 1 FROM subscription"
        " WHERE subscriber_id = subscriber.id AND ended_at IS NULL)"
    )
    with op.batch_alter_table("subscriber") as batch:
        for name in ("own_language", "own_time_zone", "version"):
            batch.alter_column(name, nullable=False, server_default=None)
        batch.add_column(sa.Column("joined_into", sa.Uuid(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_subscriber_joined_into"), "subscriber", ["joined_into"], ["id"]
        )
    with op.batch_alter_table("subscription") as batch:
        for name in ("chosen", "version"):
            batch.alter_column(name, nullable=False, server_default=None)
        batch.create_check_constraint(
            op.f("ck_subscription_ended"), "(ended_at IS NULL) = (ended_by IS NULL)"
        )
        batch.create_check_constraint(
            op.f("ck_subscription_ended_by"), "ended_by IN ('reader', 'role', 'merge')"
        )
    with op.batch_alter_table("delivery") as batch:
        batch.drop_constraint(op.f("ck_delivery_one_content"), type_="check")
        batch.drop_constraint(op.f("ck_delivery_kind"), type_="check")
        batch.create_check_constraint(
            op.f("ck_delivery_one_content"), "request_id IS NULL OR digest_id IS NULL"
        )
        batch.create_check_constraint(
            op.f("ck_delivery_reader"), "request_id IS NOT NULL OR subscriber_id IS NOT NULL"
        )
        batch.create_check_constraint(op.f("ck_delivery_kind"), f"kind IN ({KINDS}, 'welcome')")


def downgrade() -> None:
    """Go back; letters of welcome are forgotten."""
    op.execute("DELETE FROM delivery WHERE kind = 'welcome'")
    with op.batch_alter_table("delivery") as batch:
        for name in ("one_content", "reader", "kind"):
            batch.drop_constraint(op.f(f"ck_delivery_{name}"), type_="check")
        batch.create_check_constraint(op.f("ck_delivery_kind"), f"kind IN ({KINDS})")
        batch.create_check_constraint(
            op.f("ck_delivery_one_content"), "(request_id IS NULL) <> (digest_id IS NULL)"
        )
    with op.batch_alter_table("subscription") as batch:
        batch.drop_constraint(op.f("ck_subscription_ended"), type_="check")
        batch.drop_constraint(op.f("ck_subscription_ended_by"), type_="check")
        for name in ("chosen", "ended_by", "version"):
            batch.drop_column(name)
    with op.batch_alter_table("subscriber") as batch:
        batch.drop_constraint(op.f("fk_subscriber_joined_into"), type_="foreignkey")
        for name in (
            "joined_into",
            "own_language",
            "own_time_zone",
            "version",
            "left_at",
            "welcomed_at",
            "unreachable_since",
        ):
            batch.drop_column(name)
    op.drop_table("unwanted")
    op.drop_table("role_news")
