"""Needs and offers, their matches, and introductions."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of needs, offers, matches and introductions."""
    op.create_table(
        "support_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("volume_amount", sa.BigInteger(), nullable=True),
        sa.Column("volume_unit", sa.String(length=40), nullable=True),
        sa.Column("volume_currency", sa.String(length=3), nullable=True),
        sa.Column("facilitates", sa.Boolean(), nullable=False),
        sa.Column("themes_named", sa.Integer(), nullable=False),
        sa.Column("sdgs_named", sa.Integer(), nullable=False),
        sa.Column("countries_named", sa.Integer(), nullable=False),
        sa.Column("languages_named", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("waiting_since", UtcDateTime(), nullable=True),
        sa.Column("waiting_key", sa.String(length=80), nullable=True),
        sa.Column("unanswered_days", sa.Integer(), nullable=False),
        sa.Column("match_again_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "side = 'offer' OR NOT facilitates", name=op.f("ck_support_item_facilitates")
        ),
        sa.CheckConstraint("side IN ('need', 'offer')", name=op.f("ck_support_item_side")),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'matched', 'agreed', 'delivered', 'withdrawn', "
            "'expired')",
            name=op.f("ck_support_item_state"),
        ),
        sa.CheckConstraint(
            "(volume_amount IS NULL) = (volume_unit IS NULL) "
            "AND (volume_amount IS NULL OR volume_amount > 0)",
            name=op.f("ck_support_item_volume"),
        ),
        sa.CheckConstraint("length(title) > 0", name=op.f("ck_support_item_title")),
        sa.CheckConstraint(
            "starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on",
            name=op.f("ck_support_item_period"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_support_item_version")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_support_item_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_item")),
        sa.UniqueConstraint("waiting_key", name=op.f("uq_support_item_waiting_key")),
    )
    op.create_index(
        op.f("ix_support_item_institution_id_id"),
        "support_item",
        ["institution_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_support_item_match_again_at"), "support_item", ["match_again_at"], unique=False
    )
    op.create_index(
        op.f("ix_support_item_side_state_id"), "support_item", ["side", "state", "id"], unique=False
    )
    op.create_index(
        op.f("ix_support_item_state_ends_on"), "support_item", ["state", "ends_on"], unique=False
    )
    op.create_table(
        "introduction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("volume_amount", sa.BigInteger(), nullable=True),
        sa.Column("volume_unit", sa.String(length=40), nullable=True),
        sa.Column("volume_currency", sa.String(length=3), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(state = 'delivered') = (delivered_on IS NOT NULL)",
            name=op.f("ck_introduction_delivered_on"),
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'accepted', 'declined', 'withdrawn', 'agreed', 'delivered', "
            "'fell_through')",
            name=op.f("ck_introduction_state"),
        ),
        sa.CheckConstraint(
            "(volume_amount IS NULL) = (volume_unit IS NULL)", name=op.f("ck_introduction_volume")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_introduction_version")),
        sa.ForeignKeyConstraint(
            ["need_id"], ["support_item.id"], name=op.f("fk_introduction_need_id")
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["support_item.id"], name=op.f("fk_introduction_offer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introduction")),
    )
    op.create_index(op.f("ix_introduction_need_id"), "introduction", ["need_id"], unique=False)
    op.create_index(op.f("ix_introduction_offer_id"), "introduction", ["offer_id"], unique=False)
    op.create_index(
        "uq_introduction_under_way",
        "introduction",
        ["need_id", "offer_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('requested', 'accepted', 'agreed')"),
        sqlite_where=sa.text("state IN ('requested', 'accepted', 'agreed')"),
    )
    op.create_table(
        "support_code",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("vocabulary", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["support_item.id"], name=op.f("fk_support_code_item_id")
        ),
        sa.PrimaryKeyConstraint("item_id", "vocabulary", "code", name=op.f("pk_support_code")),
    )
    op.create_index(
        op.f("ix_support_code_side_kind_vocabulary_code_item_id"),
        "support_code",
        ["side", "kind", "vocabulary", "code", "item_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_support_code_vocabulary_code"),
        "support_code",
        ["vocabulary", "code"],
        unique=False,
    )
    op.create_table(
        "support_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_support_history_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["support_item.id"], name=op.f("fk_support_history_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_history")),
        sa.UniqueConstraint("item_id", "version", name=op.f("uq_support_history_item_id_version")),
    )
    op.create_table(
        "support_match",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("components", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("standing", sa.String(length=20), nullable=False),
        sa.Column("computed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "standing IN ('proposed', 'dismissed', 'accepted')",
            name=op.f("ck_support_match_standing"),
        ),
        sa.CheckConstraint("need_id <> offer_id", name=op.f("ck_support_match_offer_id")),
        sa.CheckConstraint("score >= 0 AND score <= 1", name=op.f("ck_support_match_score")),
        sa.ForeignKeyConstraint(
            ["need_id"], ["support_item.id"], name=op.f("fk_support_match_need_id")
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["support_item.id"], name=op.f("fk_support_match_offer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_match")),
        sa.UniqueConstraint("need_id", "offer_id", name=op.f("uq_support_match_need_id_offer_id")),
    )
    op.create_index(op.f("ix_support_match_offer_id"), "support_match", ["offer_id"], unique=False)
    op.create_table(
        "introduction_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("introduction_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_introduction_history_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["introduction_id"],
            ["introduction.id"],
            name=op.f("fk_introduction_history_introduction_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introduction_history")),
        sa.UniqueConstraint(
            "introduction_id",
            "version",
            name=op.f("uq_introduction_history_introduction_id_version"),
        ),
    )


def downgrade() -> None:
    """Drop them, with all they hold."""
    op.drop_table("introduction_history")
    op.drop_table("support_match")
    op.drop_table("support_history")
    op.drop_table("support_code")
    op.drop_table("introduction")
    op.drop_table("support_item")
