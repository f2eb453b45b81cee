"""Files attached to updates."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of attachments, and the row that says when stray objects were looked for."""
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("update_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("removed_by", sa.Uuid(), nullable=True),
        sa.Column("cleared", sa.Boolean(), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_attachment_size")),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_attachment_digest")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_attachment_named")),
        sa.CheckConstraint(
            "removed_at IS NOT NULL OR NOT cleared", name=op.f("ck_attachment_cleared")
        ),
        sa.ForeignKeyConstraint(
            ["update_id"], ["posted_update.id"], name=op.f("fk_attachment_update_id")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["workgroup.id"], name=op.f("fk_attachment_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    for columns in (["update_id"], ["group_id"], ["digest"], ["removed_at", "cleared"]):
        op.create_index(op.f(f"ix_attachment_{'_'.join(columns)}"), "attachment", columns)
    op.create_index(
        "uq_attachment_there",
        "attachment",
        ["update_id", "digest"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "attachment_sweep",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("swept_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment_sweep")),
    )


def downgrade() -> None:
    """Forget the attachments; their objects stay where they are."""
    op.drop_table("attachment_sweep")
    op.drop_table("attachment")
