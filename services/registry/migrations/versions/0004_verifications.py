"""Verifications with their checklists, and flags; none of their rows is ever changed."""

import sqlalchemy as sa
from alembic import op

from shared.append_only import drop_append_only_function, make_append_only
from shared.columns import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "institution_flag",
    "flag_lifting",
    "verification",
    "verification_check",
    "verification_notice",
)


def upgrade() -> None:
    """Make the tables, and let the database refuse changes of their rows."""
    op.create_index(
        op.f("ix_institution_verified_until"), "institution", ["verified_until"], unique=False
    )
    op.create_table(
        "institution_flag",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("raised_by", sa.Uuid(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "severity IN ('information', 'concern', 'serious', 'blocking')",
            name=op.f("ck_institution_flag_severity"),
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_institution_flag_reason")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_institution_flag_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["raised_by"], ["person.id"], name=op.f("fk_institution_flag_raised_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution_flag")),
    )
    op.create_index(
        op.f("ix_institution_flag_institution_id"),
        "institution_flag",
        ["institution_id"],
        unique=False,
    )
    op.create_table(
        "flag_lifting",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_flag_lifting_reason")),
        sa.ForeignKeyConstraint(
            ["flag_id"], ["institution_flag.id"], name=op.f("fk_flag_lifting_flag_id")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by"], ["person.id"], name=op.f("fk_flag_lifting_lifted_by")
        ),
        sa.PrimaryKeyConstraint("flag_id", name=op.f("pk_flag_lifting")),
    )
    op.create_table(
        "verification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("verified_by", sa.Uuid(), nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=False),
        sa.Column("valid_until", UtcDateTime(), nullable=False),
        sa.CheckConstraint("valid_until > verified_at", name=op.f("ck_verification_valid_until")),
        sa.CheckConstraint("length(evidence) > 0", name=op.f("ck_verification_evidence")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_verification_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["verified_by"], ["person.id"], name=op.f("fk_verification_verified_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
        sa.UniqueConstraint(
            "institution_id", "version", name=op.f("uq_verification_institution_id_version")
        ),
    )
    op.create_table(
        "verification_check",
        sa.Column("verification_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('confirmed', 'not_applicable', 'not_confirmed')",
            name=op.f("ck_verification_check_outcome"),
        ),
        sa.CheckConstraint(
            "outcome = 'confirmed' OR comment IS NOT NULL",
            name=op.f("ck_verification_check_comment"),
        ),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verification.id"],
            name=op.f("fk_verification_check_verification_id"),
        ),
        sa.PrimaryKeyConstraint("verification_id", "item", name=op.f("pk_verification_check")),
    )
    op.create_table(
        "verification_notice",
        sa.Column("verification_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('90_days', '30_days', 'expired')", name=op.f("ck_verification_notice_kind")
        ),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verification.id"],
            name=op.f("fk_verification_notice_verification_id"),
        ),
        sa.PrimaryKeyConstraint("verification_id", "kind", name=op.f("pk_verification_notice")),
    )
    for table in TABLES:
        make_append_only(table)


def downgrade() -> None:
    """Drop the tables, with all they hold."""
    for table in reversed(TABLES):
        op.drop_table(table)
    drop_append_only_function()
    op.drop_index(op.f("ix_institution_verified_until"), table_name="institution")
