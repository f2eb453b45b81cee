"""What mail servers report of our e-mails, and the addresses that get none."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "bounce_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        _word("source", "api", "mailbox", "folder", "pipe", "smtp"),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        _word(
            "kind",
            "hard_bounce",
            "soft_bounce",
            "refused",
            "delayed",
            "delivered",
            "complaint",
            "other_feedback",
            "answer",
            "not_a_report",
        ),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("fingerprint", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("diagnostic", sa.String(), nullable=True),
        sa.Column("feedback_type", sa.String(), nullable=True),
        sa.Column("reporter", sa.String(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_bounce_report_delivery_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce_report")),
        sa.UniqueConstraint("digest", name=op.f("uq_bounce_report_digest")),
    )
    op.create_index(
        "ix_bounce_report_fingerprint", "bounce_report", ["fingerprint", "kind", "received_at"]
    )
    op.create_index("ix_bounce_report_delivery_id", "bounce_report", ["delivery_id"])
    op.create_index("ix_bounce_report_kind", "bounce_report", ["kind"])
    op.create_table(
        "suppression",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        _word("reason", "complaint", "by_hand", "hard_bounce", "soft_bounces"),
        sa.Column("report_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_because", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_suppression_version")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["bounce_report.id"], name=op.f("fk_suppression_report_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
    )
    op.create_index(
        "uq_suppression_active",
        "suppression",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_index("ix_suppression_fingerprint", "suppression", ["fingerprint", "lifted_at"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("suppression")
    op.drop_table("bounce_report")


def _word(name: str, *words: str) -> sa.Column[str]:
    kind = sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=24)
    return sa.Column(name, kind, nullable=False)
