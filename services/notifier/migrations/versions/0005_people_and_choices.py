"""People and who belongs to a group; monthly and never; needs and offers; pauses."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FREQUENT = (
    "subscription_request",
    "subscription",
    "digest_window",
    "digest_run",
    "digest",
    "digest_item",
)
"""The tables that name a frequency."""

TARGETED = ("subscription_request", "subscription")
"""The tables that name what is followed."""

FREQUENCIES = "'immediate', 'daily', 'weekly'"
TARGETS = "'everything', 'theme', 'group', 'institution', 'update_kind'"


def upgrade() -> None:
    """Make the read models, and widen what may be chosen."""
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "group_member",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "institution_id", name=op.f("pk_group_member")),
    )
    op.create_index(op.f("ix_group_member_institution_id"), "group_member", ["institution_id"])
    op.create_table(
        "participant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
    )
    op.create_index(op.f("ix_participant_group_id"), "participant", ["group_id"])
    op.create_index(op.f("ix_participant_person_id"), "participant", ["person_id"])
    for table in FREQUENT:
        _allow(table, "frequency", f"{FREQUENCIES}, 'monthly', 'never'")
    for table in TARGETED:
        _allow(table, "target", f"{TARGETS}, 'needs', 'offers'", "target_kind")
        op.add_column(table, sa.Column("criteria", sa.JSON(), nullable=True))
    op.add_column("subscription", sa.Column("paused_until", UtcDateTime(), nullable=True))
    with op.batch_alter_table("subscription") as batch:
        batch.add_column(sa.Column("origin", sa.String(24), nullable=False, server_default="asked"))
        batch.create_check_constraint(
            op.f("ck_subscription_origin"), "origin IN ('asked', 'membership')"
        )
    with op.batch_alter_table("subscriber") as batch:
        batch.add_column(sa.Column("person_id", sa.Uuid(), nullable=True))
        batch.create_unique_constraint(op.f("uq_subscriber_person_id"), ["person_id"])


def downgrade() -> None:
    """Go back; who chose what there was not before has no subscription any more."""
    with op.batch_alter_table("subscriber") as batch:
        batch.drop_constraint(op.f("uq_subscriber_person_id"), type_="unique")
        batch.drop_column("person_id")
    with op.batch_alter_table("subscription") as batch:
        batch.drop_constraint(op.f("ck_subscription_origin"), type_="check")
        batch.drop_column("origin")
    op.drop_column("subscription", "paused_until")
    for table in reversed(TARGETED):
        op.drop_column(table, "criteria")
        _allow(table, "target", TARGETS, "target_kind")
    for table in reversed(FREQUENT):
        _allow(table, "frequency", FREQUENCIES)
    op.drop_table("participant")
    op.drop_table("group_member")
    op.drop_table("person")


def _allow(table: str, name: str, words: str, column: str | None = None) -> None:
    constraint = op.f(f"ck_{table}_{name}")
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(constraint, type_="check")
        batch.create_check_constraint(constraint, f"{column or name} IN ({words})")
