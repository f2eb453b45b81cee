"""Shards of runs, domains that rest, the pause of all sending, doubts, parked e-mails."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATES = "'due', 'sending', 'sent', 'failed', 'cancelled'"


def upgrade() -> None:
    """Make the tables; a run that collects is cut into shards when its worker goes on."""
    op.create_table(
        "digest_shard",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.Column("up_to", sa.Uuid(), nullable=True),
        sa.Column("collected", sa.Boolean(), nullable=False),
        sa.Column("subscribers", sa.Integer(), nullable=False),
        sa.Column("digests", sa.Integer(), nullable=False),
        sa.Column("progressed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["digest_run.id"], name=op.f("fk_digest_shard_run_id")),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_digest_shard")),
    )
    op.create_table(
        "mail_domain",
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("deferrals", sa.Integer(), nullable=False),
        sa.Column("rests_until", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("next_share_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_mail_domain")),
    )
    op.create_table(
        "sending_pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("paused_by", sa.Uuid(), nullable=True),
        sa.Column("paused_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_sending_pause_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sending_pause")),
    )
    _allow(f"{STATES}, 'parked'")
    op.add_column("delivery", sa.Column("doubts", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Go back; what is parked has failed then."""
    op.drop_column("delivery", "doubts")
    op.execute("UPDATE delivery SET state = 'failed' WHERE state = 'parked'")
    _allow(STATES)
    op.drop_table("sending_pause")
    op.drop_table("mail_domain")
    op.drop_table("digest_shard")


def _allow(states: str) -> None:
    constraint = op.f("ck_delivery_state")
    with op.batch_alter_table("delivery") as batch:
        batch.drop_constraint(constraint, type_="check")
        batch.create_check_constraint(constraint, f"state IN ({states})")
