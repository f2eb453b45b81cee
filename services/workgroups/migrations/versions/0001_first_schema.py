"""The first schema of workgroups."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""

    op.create_table(
        "checkpoint",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("position", COUNT, nullable=False),
        sa.Column("head", COUNT, nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "coordinator",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_coordinator")),
    )
    op.create_table(
        "focal_point",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "institution_id", name=op.f("pk_focal_point")),
    )
    op.create_index(
        op.f("ix_focal_point_institution_id"), "focal_point", ["institution_id"], unique=False
    )
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
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("acronym", sa.String(), nullable=True),
        sa.Column("organisation_type", sa.String(), nullable=False),
        sa.Column("subtype", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("website", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution")),
    )
    op.create_table(
        "meeting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("participants_in_person", sa.Integer(), nullable=False),
        sa.Column("participants_online", sa.Integer(), nullable=False),
        sa.Column("convenor_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "mode <> 'in_person' OR participants_online = 0", name=op.f("ck_meeting_in_person")
        ),
        sa.CheckConstraint(
            "mode <> 'online' OR participants_in_person = 0", name=op.f("ck_meeting_online")
        ),
        sa.CheckConstraint(
            "mode IN ('in_person', 'online', 'hybrid')", name=op.f("ck_meeting_mode")
        ),
        sa.CheckConstraint("length(title) > 0", name=op.f("ck_meeting_titled")),
        sa.CheckConstraint(
            "participants_in_person >= 0 AND participants_online >= 0",
            name=op.f("ck_meeting_counts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", COUNT, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("position", COUNT, nullable=True),
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
        "parked",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("position", COUNT, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("parked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked")),
        sa.UniqueConstraint("event_id", name=op.f("uq_parked_event_id")),
    )
    op.create_index(op.f("ix_parked_subject"), "parked", ["subject"], unique=False)
    op.create_table(
        "relay_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("last_position", COUNT, nullable=False),
        sa.Column(
            "published_position",
            COUNT,
            nullable=False,
        ),
        sa.Column("lease_owner", sa.Uuid(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relay_state")),
    )
    op.create_table(
        "theme",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(slug) > 0 AND length(title) > 0", name=op.f("ck_theme_named")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme")),
        sa.UniqueConstraint("slug", name=op.f("uq_theme_slug")),
    )
    op.create_table(
        "agreed_point",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.CheckConstraint("length(text) > 0", name=op.f("ck_agreed_point_worded")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_agreed_point_number")),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_agreed_point_meeting_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreed_point")),
        sa.UniqueConstraint("id", "meeting_id", name=op.f("uq_agreed_point_id_meeting_id")),
        sa.UniqueConstraint("meeting_id", "number", name=op.f("uq_agreed_point_meeting_id_number")),
    )
    op.create_table(
        "workgroup",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("results", sa.String(), nullable=True),
        sa.Column("theme_id", sa.Uuid(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'archived')", name=op.f("ck_workgroup_status")),
        sa.CheckConstraint("length(purpose) > 0", name=op.f("ck_workgroup_purpose")),
        sa.CheckConstraint(
            "length(slug) > 0 AND length(title) > 0", name=op.f("ck_workgroup_named")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_workgroup_version")),
        sa.ForeignKeyConstraint(["theme_id"], ["theme.id"], name=op.f("fk_workgroup_theme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workgroup")),
        sa.UniqueConstraint("slug", name=op.f("uq_workgroup_slug")),
    )
    op.create_index(op.f("ix_workgroup_theme_id"), "workgroup", ["theme_id"], unique=False)
    op.create_table(
        "action_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=True),
        sa.Column("agreed_point_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assigned_by", sa.Uuid(), nullable=False),
        sa.Column("assigned_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'in_progress', 'blocked', 'done', 'cancelled')",
            name=op.f("ck_action_item_state"),
        ),
        sa.CheckConstraint(
            "agreed_point_id IS NULL OR meeting_id IS NOT NULL", name=op.f("ck_action_item_origin")
        ),
        sa.CheckConstraint("length(title) > 0", name=op.f("ck_action_item_titled")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_action_item_number")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_action_item_version")),
        sa.ForeignKeyConstraint(
            ["agreed_point_id", "meeting_id"],
            ["agreed_point.id", "agreed_point.meeting_id"],
            name=op.f("fk_action_item_agreed_point_id_meeting_id"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["workgroup.id"], name=op.f("fk_action_item_group_id")
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_action_item_meeting_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_item")),
        sa.UniqueConstraint("group_id", "number", name=op.f("uq_action_item_group_id_number")),
    )
    op.create_index(
        op.f("ix_action_item_institution_id_state"),
        "action_item",
        ["institution_id", "state"],
        unique=False,
    )
    op.create_index(
        op.f("ix_action_item_state_due_date"), "action_item", ["state", "due_date"], unique=False
    )
    op.create_table(
        "meeting_group",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["workgroup.id"], name=op.f("fk_meeting_group_group_id")
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_group_meeting_id")
        ),
        sa.PrimaryKeyConstraint("meeting_id", "group_id", name=op.f("pk_meeting_group")),
    )
    op.create_index(op.f("ix_meeting_group_group_id"), "meeting_group", ["group_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("joined_by", sa.Uuid(), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "left_at IS NULL OR left_at >= joined_at", name=op.f("ck_membership_order")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["workgroup.id"], name=op.f("fk_membership_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(
        op.f("ix_membership_institution_id"), "membership", ["institution_id"], unique=False
    )
    op.create_index(
        "uq_membership_current",
        "membership",
        ["group_id", "institution_id"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "posted_update",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("posted_by", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('initiative', 'opportunity', 'challenge', 'resource', 'decision', 'news')",
            name=op.f("ck_posted_update_kind"),
        ),
        sa.CheckConstraint(
            "length(title) > 0 AND length(text) > 0", name=op.f("ck_posted_update_worded")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["workgroup.id"], name=op.f("fk_posted_update_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posted_update")),
    )
    op.create_index(
        op.f("ix_posted_update_group_id_id"), "posted_update", ["group_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_posted_update_institution_id"), "posted_update", ["institution_id"], unique=False
    )


def downgrade() -> None:
    """Drop every table, with all it holds."""
    op.drop_table("posted_update")
    op.drop_table("membership")
    op.drop_table("meeting_group")
    op.drop_table("action_item")
    op.drop_table("workgroup")
    op.drop_table("agreed_point")
    op.drop_table("theme")
    op.drop_table("relay_state")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_table("meeting")
    op.drop_table("institution")
    op.drop_table("idempotency_record")
    op.drop_table("focal_point")
    op.drop_table("coordinator")
    op.drop_table("checkpoint")
