"""Updates as drafts, scheduled, edited, pinned and withdrawn."""

import sqlalchemy as sa
from alembic import op

from shared.append_only import make_append_only
from shared.columns import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CHECKS = {
    "state": "state IN ('draft', 'published', 'withdrawn')",
    "published": "(state = 'draft') = (posted_at IS NULL) AND (state = 'draft') = (place IS NULL)",
    "scheduled": "state = 'draft' OR publish_at IS NULL",
    "pinned": "state = 'published' OR pinned_at IS NULL",
    "withdrawn": "(state = 'withdrawn') = (withdrawn_at IS NOT NULL)",
    "version": "version >= 1",
}


def upgrade() -> None:
    """Take every update that is there as published when it was posted, and not edited since."""
    with op.batch_alter_table("posted_update") as table:
        for column in (
            sa.Column("text_html", sa.String(), nullable=False, server_default=""),
            sa.Column("rendering", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("language", sa.String(length=35), nullable=True),
            sa.Column("state", sa.String(length=20), nullable=False, server_default="published"),
            sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
            sa.Column("place", sa.Uuid(), nullable=True),
            sa.Column("publish_at", UtcDateTime(), nullable=True),
            sa.Column("held_back", sa.String(), nullable=True),
            sa.Column("edited_at", UtcDateTime(), nullable=True),
            sa.Column("pinned_at", UtcDateTime(), nullable=True),
            sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
            sa.Column(
                "withdrawn_by_group", sa.Boolean(), nullable=False, server_default=sa.false()
            ),
            sa.Column("withdrawal_reason", sa.String(), nullable=True),
            sa.Column("created_at", UtcDateTime(), nullable=True),
        ):
            table.add_column(column)
        table.drop_index(op.f("ix_posted_update_group_id_id"))
    op.execute("UPDATE posted_update SET place = id, created_at = posted_at")
    with op.batch_alter_table("posted_update") as table:
        table.alter_column("posted_at", existing_type=UtcDateTime(), nullable=True)
        table.alter_column("created_at", existing_type=UtcDateTime(), nullable=False)
        for name in ("text_html", "rendering", "state", "version", "withdrawn_by_group"):
            table.alter_column(name, server_default=None)
        table.create_unique_constraint(op.f("uq_posted_update_place"), ["place"])
        for name, condition in CHECKS.items():
            table.create_check_constraint(op.f(f"ck_posted_update_{name}"), condition)
    op.create_index(op.f("ix_posted_update_group_id_place"), "posted_update", ["group_id", "place"])
    op.create_index(op.f("ix_posted_update_publish_at"), "posted_update", ["publish_at"])
    op.create_table(
        "update_link",
        sa.Column("update_id", sa.Uuid(), nullable=False),
        sa.Column("support_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.CheckConstraint("side IN ('need', 'offer')", name=op.f("ck_update_link_side")),
        sa.ForeignKeyConstraint(
            ["update_id"], ["posted_update.id"], name=op.f("fk_update_link_update_id")
        ),
        sa.PrimaryKeyConstraint("update_id", "support_id", name=op.f("pk_update_link")),
    )
    op.create_index(op.f("ix_update_link_support_id"), "update_link", ["support_id"])
    op.create_table(
        "update_mention",
        sa.Column("update_id", sa.Uuid(), nullable=False),
        sa.Column("mentioned_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "kind IN ('person', 'institution')", name=op.f("ck_update_mention_kind")
        ),
        sa.ForeignKeyConstraint(
            ["update_id"], ["posted_update.id"], name=op.f("fk_update_mention_update_id")
        ),
        sa.PrimaryKeyConstraint("update_id", "mentioned_id", name=op.f("pk_update_mention")),
    )
    op.create_index(op.f("ix_update_mention_mentioned_id"), "update_mention", ["mentioned_id"])
    op.create_table(
        "update_version",
        sa.Column("update_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["update_id"], ["posted_update.id"], name=op.f("fk_update_version_update_id")
        ),
        sa.PrimaryKeyConstraint("update_id", "version", name=op.f("pk_update_version")),
    )
    make_append_only("update_version")


def downgrade() -> None:
    """Forget the history and what is not published, and show the rest as before."""
    for name in ("update_version", "update_mention", "update_link"):
        op.drop_table(name)
    op.drop_index(op.f("ix_posted_update_publish_at"), "posted_update")
    op.drop_index(op.f("ix_posted_update_group_id_place"), "posted_update")
    op.execute("DELETE FROM posted_update WHERE state <> 'published'")
    with op.batch_alter_table("posted_update") as table:
        for name in CHECKS:
            table.drop_constraint(op.f(f"ck_posted_update_{name}"), type_="check")
        table.drop_constraint(op.f("uq_posted_update_place"), type_="unique")
        table.alter_column("posted_at", existing_type=UtcDateTime(), nullable=False)
        for name in (
            "text_html",
            "rendering",
            "language",
            "state",
            "version",
            "place",
            "publish_at",
            "held_back",
            "edited_at",
            "pinned_at",
            "withdrawn_at",
            "withdrawn_by_group",
            "withdrawal_reason",
            "created_at",
        ):
            table.drop_column(name)
    op.create_index(op.f("ix_posted_update_group_id_id"), "posted_update", ["group_id", "id"])
