"""Webhook endpoints, what they follow, their messages and each attempt."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TARGETS = ("everything", "theme", "group", "institution", "update_kind", "needs", "offers")


def upgrade() -> None:
    """Make the tables; there are no endpoints yet."""
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        _word("state", "enabled", "paused", "disabled"),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("former_secret", sa.String(), nullable=True),
        sa.Column("former_until", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("rests_until", UtcDateTime(), nullable=True),
        sa.Column("queued_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_because", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(state = 'disabled') = (disabled_at IS NOT NULL)",
            name=op.f("ck_webhook_endpoint_disabled"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
        sa.UniqueConstraint("owner_id", "url", name=op.f("uq_webhook_endpoint_owner_id_url")),
    )
    op.create_table(
        "webhook_target",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        _word("target_kind", *TARGETS, constraint="target"),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_target_endpoint_id")
        ),
        sa.PrimaryKeyConstraint(
            "endpoint_id", "target_kind", "target_id", name=op.f("pk_webhook_target")
        ),
    )
    op.create_index("ix_webhook_target_target", "webhook_target", ["target_kind", "target_id"])
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        _word("kind", "notice", "test"),
        sa.Column("notice_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        _word("state", "due", "sending", "delivered", "failed", "cancelled"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'notice') = (notice_id IS NOT NULL)",
            name=op.f("ck_webhook_message_content"),
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_message_endpoint_id")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_webhook_message_notice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_message")),
        sa.UniqueConstraint(
            "endpoint_id", "notice_id", name=op.f("uq_webhook_message_endpoint_id_notice_id")
        ),
    )
    op.create_index("ix_webhook_message_state", "webhook_message", ["state", "next_attempt_at"])
    op.create_index(
        "ix_webhook_message_endpoint", "webhook_message", ["endpoint_id", "state", "subject"]
    )
    op.create_index("ix_webhook_message_created_at", "webhook_message", ["created_at"])
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["webhook_message.id"], name=op.f("fk_webhook_attempt_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index("ix_webhook_attempt_message", "webhook_attempt", ["message_id"])


def downgrade() -> None:
    """Forget all webhooks."""
    for table in ("webhook_attempt", "webhook_message", "webhook_target", "webhook_endpoint"):
        op.drop_table(table)


def _word(column: str, *words: str, constraint: str | None = None) -> sa.Column[str]:
    kind = sa.Enum(
        *words, native_enum=False, create_constraint=True, length=24, name=constraint or column
    )
    return sa.Column(column, kind, nullable=False)
