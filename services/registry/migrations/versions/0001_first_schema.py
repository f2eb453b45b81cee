"""The registry's first schema."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "idempotency_record",
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency_record")),
    )
    op.create_index(
        op.f("ix_idempotency_record_recorded_at"),
        "idempotency_record",
        ["recorded_at"],
        unique=False,
    )
    op.create_table(
        "institution",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("acronym", sa.String(length=40), nullable=True),
        sa.Column("acronym_key", sa.String(length=400), nullable=True),
        sa.Column("organisation_type", sa.String(length=2), nullable=False),
        sa.Column("subtype", sa.String(length=40), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("website", sa.String(length=500), nullable=True),
        sa.Column("descriptions", sa.JSON(), nullable=False),
        sa.Column("visibility", sa.String(length=20), nullable=False),
        sa.Column("logo_digest", sa.String(length=64), nullable=True),
        sa.Column("verified_until", UtcDateTime(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "status IN ('unconfirmed', 'submitted', 'returned', 'verified', 'rejected', "
            "'suspended', 'withdrawn', 'merged')",
            name=op.f("ck_institution_status"),
        ),
        sa.CheckConstraint(
            "country IS NULL OR length(country) = 2", name=op.f("ck_institution_country")
        ),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_institution_name")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_institution_version")),
        sa.CheckConstraint(
            "visibility IN ('public', 'partners', 'private')",
            name=op.f("ck_institution_visibility"),
        ),
        sa.CheckConstraint(
            "(status = 'merged') = (merged_into IS NOT NULL)",
            name=op.f("ck_institution_merged_into"),
        ),
        sa.ForeignKeyConstraint(
            ["merged_into"], ["institution.id"], name=op.f("fk_institution_merged_into")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution")),
    )
    op.create_index(
        op.f("ix_institution_acronym_key"), "institution", ["acronym_key"], unique=False
    )
    op.create_index(op.f("ix_institution_name_key"), "institution", ["name_key"], unique=False)
    op.create_index(op.f("ix_institution_status_id"), "institution", ["status", "id"], unique=False)
    op.create_index(op.f("ix_institution_merged_into"), "institution", ["merged_into"])
    op.create_table(
        "institution_code",
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("vocabulary", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_institution_code_institution_id")
        ),
        sa.PrimaryKeyConstraint(
            "institution_id", "vocabulary", "code", name=op.f("pk_institution_code")
        ),
    )
    op.create_index(
        op.f("ix_institution_code_vocabulary_code"),
        "institution_code",
        ["vocabulary", "code"],
        unique=False,
    )
    op.create_table(
        "institution_domain",
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_domain_institution_id"),
        ),
        sa.PrimaryKeyConstraint("institution_id", "domain", name=op.f("pk_institution_domain")),
    )
    op.create_index(
        op.f("ix_institution_domain_domain"), "institution_domain", ["domain"], unique=False
    )
    op.create_table(
        "institution_identifier",
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=500), nullable=True),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_identifier_institution_id"),
        ),
        sa.PrimaryKeyConstraint(
            "institution_id", "scheme", "value", name=op.f("pk_institution_identifier")
        ),
    )
    op.create_index(
        op.f("ix_institution_identifier_scheme_value"),
        "institution_identifier",
        ["scheme", "value"],
        unique=False,
    )
    op.create_table(
        "institution_name",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("comparison_key", sa.String(length=400), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.CheckConstraint(
            "kind IN ('official', 'alias', 'acronym', 'former')",
            name=op.f("ck_institution_name_kind"),
        ),
        sa.CheckConstraint("length(value) > 0", name=op.f("ck_institution_name_value")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_institution_name_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution_name")),
        sa.UniqueConstraint(
            "institution_id",
            "kind",
            "value",
            name=op.f("uq_institution_name_institution_id_kind_value"),
        ),
    )
    op.create_index(
        op.f("ix_institution_name_institution_id"),
        "institution_name",
        ["institution_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_institution_name_comparison_key"),
        "institution_name",
        ["comparison_key"],
        unique=False,
    )
    op.create_table(
        "institution_relation",
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('parent', 'predecessor')", name=op.f("ck_institution_relation_kind")
        ),
        sa.CheckConstraint(
            "institution_id <> other_id", name=op.f("ck_institution_relation_other_id")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_relation_institution_id"),
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["institution.id"], name=op.f("fk_institution_relation_other_id")
        ),
        sa.PrimaryKeyConstraint(
            "institution_id", "kind", "other_id", name=op.f("pk_institution_relation")
        ),
    )
    op.create_index(
        op.f("ix_institution_relation_other_id"), "institution_relation", ["other_id"], unique=False
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
        sa.UniqueConstraint("position", name=op.f("uq_outbox_position")),
    )
    op.create_index(op.f("ix_outbox_subject"), "outbox", ["subject"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email_key", name=op.f("uq_person_email_key")),
    )
    op.create_table(
        "relay_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column(
            "last_position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "published_position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("lease_owner", sa.Uuid(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relay_state")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("scopes", sa.String(length=100), nullable=False),
        sa.Column("key_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_api_key_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key_digest", name=op.f("uq_api_key_key_digest")),
    )
    op.create_index(op.f("ix_api_key_owner_id"), "api_key", ["owner_id"], unique=False)
    op.create_table(
        "coordinator",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("appointed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_coordinator_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_coordinator")),
    )
    op.create_table(
        "focal_point",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("named_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "role IN ('focal_point', 'alternate')", name=op.f("ck_focal_point_role")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_focal_point_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_focal_point_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "institution_id", name=op.f("pk_focal_point")),
    )
    op.create_index(
        op.f("ix_focal_point_institution_id"), "focal_point", ["institution_id"], unique=False
    )
    op.create_table(
        "institution_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("from_status", sa.String(length=20), nullable=True),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("duplicate_of", sa.Uuid(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "duplicate_of <> institution_id", name=op.f("ck_institution_history_duplicate_of")
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_institution_history_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["duplicate_of"], ["institution.id"], name=op.f("fk_institution_history_duplicate_of")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institution.id"],
            name=op.f("fk_institution_history_institution_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution_history")),
        sa.UniqueConstraint(
            "institution_id", "version", name=op.f("uq_institution_history_institution_id_version")
        ),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address_digest", sa.String(length=64), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("challenge_digest", sa.String(length=64), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name=op.f("ck_sign_in_tries")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
    )
    op.create_index(
        op.f("ix_sign_in_address_digest_requested_at"),
        "sign_in",
        ["address_digest", "requested_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sign_in_client_requested_at"), "sign_in", ["client", "requested_at"], unique=False
    )
    op.create_index(op.f("ix_sign_in_requested_at"), "sign_in", ["requested_at"], unique=False)
    op.create_table(
        "signed_in_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_signed_in_session_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signed_in_session")),
        sa.UniqueConstraint("key_digest", name=op.f("uq_signed_in_session_key_digest")),
    )
    op.create_index(
        op.f("ix_signed_in_session_person_id"), "signed_in_session", ["person_id"], unique=False
    )


def downgrade() -> None:
    """Drop every table, with all it holds."""
    op.drop_table("institution_relation")
    op.drop_table("institution_name")
    op.drop_table("institution_identifier")
    op.drop_table("institution_domain")
    op.drop_table("institution_code")
    op.drop_index(op.f("ix_signed_in_session_person_id"), table_name="signed_in_session")
    op.drop_table("signed_in_session")
    op.drop_index(op.f("ix_sign_in_requested_at"), table_name="sign_in")
    op.drop_index(op.f("ix_sign_in_client_requested_at"), table_name="sign_in")
    op.drop_index(op.f("ix_sign_in_address_digest_requested_at"), table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_table("institution_history")
    op.drop_index(op.f("ix_focal_point_institution_id"), table_name="focal_point")
    op.drop_table("focal_point")
    op.drop_table("coordinator")
    op.drop_index(op.f("ix_api_key_owner_id"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_table("relay_state")
    op.drop_table("person")
    op.drop_index(op.f("ix_outbox_subject"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_institution_status_id"), table_name="institution")
    op.drop_index(op.f("ix_institution_name_key"), table_name="institution")
    op.drop_index(op.f("ix_institution_acronym_key"), table_name="institution")
    op.drop_table("institution")
    op.drop_index(op.f("ix_idempotency_record_recorded_at"), table_name="idempotency_record")
    op.drop_table("idempotency_record")
