"""People: invitations, role changes, letters to send, own codes, and when access was last used."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_Count = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column("person", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("person", sa.Column("erased_at", UtcDateTime(), nullable=True))
    op.add_column(
        "focal_point", sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column("signed_in_session", sa.Column("last_used_at", UtcDateTime(), nullable=True))
    op.add_column("signed_in_session", sa.Column("device", sa.String(length=60), nullable=True))
    op.add_column("api_key", sa.Column("last_used_at", UtcDateTime(), nullable=True))
    op.create_table(
        "own_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("challenge_digest", sa.String(length=64), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("purpose IN ('address', 'erasure')", name=op.f("ck_own_code_purpose")),
        sa.CheckConstraint(
            "(purpose = 'address') = (email IS NOT NULL)", name=op.f("ck_own_code_email")
        ),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name=op.f("ck_own_code_tries")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_own_code_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_code")),
    )
    op.create_index(op.f("ix_own_code_requested_at"), "own_code", ["requested_at"])
    op.create_index(
        op.f("ix_own_code_person_id_requested_at"), "own_code", ["person_id", "requested_at"]
    )
    op.create_table(
        "role_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "action IN ('accepted', 'changed', 'handed_over', 'removed', 'erased')",
            name=op.f("ck_role_change_action"),
        ),
        sa.CheckConstraint(
            "role IN ('focal_point', 'alternate')", name=op.f("ck_role_change_role")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_role_change_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_role_change_person_id")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_role_change_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_change")),
    )
    op.create_index(op.f("ix_role_change_person_id"), "role_change", ["person_id"])
    op.create_index(op.f("ix_role_change_actor_id"), "role_change", ["actor_id"])
    op.create_index(
        op.f("ix_role_change_institution_id_id"), "role_change", ["institution_id", "id"]
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("hands_over_from", sa.Uuid(), nullable=True),
        sa.Column("hand_over_reason", sa.String(), nullable=True),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        sa.Column("secret_digest", sa.String(length=64), nullable=True),
        sa.Column("mailings", sa.Integer(), nullable=False),
        sa.Column("asked_to_mail_at", UtcDateTime(), nullable=False),
        sa.Column("delivery", sa.String(length=20), nullable=False),
        sa.Column("invited_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('focal_point', 'alternate')", name=op.f("ck_invitation_role")),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'declined', 'revoked', 'expired')",
            name=op.f("ck_invitation_outcome"),
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_invitation_ended_at")
        ),
        sa.CheckConstraint(
            "delivery IN ('waiting', 'sent', 'refused')", name=op.f("ck_invitation_delivery")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_invitation_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["person.id"], name=op.f("fk_invitation_invited_by")
        ),
        sa.ForeignKeyConstraint(
            ["hands_over_from"], ["person.id"], name=op.f("fk_invitation_hands_over_from")
        ),
        sa.ForeignKeyConstraint(
            ["accepted_by"], ["person.id"], name=op.f("fk_invitation_accepted_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    op.create_index(
        "uq_invitation_open",
        "invitation",
        ["institution_id", "email_key"],
        unique=True,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_index(
        op.f("ix_invitation_institution_id_invited_at"),
        "invitation",
        ["institution_id", "invited_at"],
    )
    for column in ("email_key", "invited_by", "hands_over_from", "accepted_by"):
        op.create_index(op.f(f"ix_invitation_{column}"), "invitation", [column])
    op.create_table(
        "outgoing_letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_outgoing_letter_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_outgoing_letter_invitation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_letter")),
    )
    for column in ("person_id", "invitation_id", "next_attempt_at"):
        op.create_index(op.f(f"ix_outgoing_letter_{column}"), "outgoing_letter", [column])
    op.create_table(
        "stream_redaction",
        sa.Column("outbox_id", _Count, nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_stream_redaction")),
    )


def downgrade() -> None:
    """Take them away."""
    for table in ("stream_redaction", "outgoing_letter", "invitation", "role_change", "own_code"):
        op.drop_table(table)
    for table, column in (
        ("api_key", "last_used_at"),
        ("signed_in_session", "device"),
        ("signed_in_session", "last_used_at"),
        ("focal_point", "version"),
        ("person", "erased_at"),
        ("person", "version"),
    ):
        op.drop_column(table, column)
