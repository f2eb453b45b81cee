"""What things are found by."""

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime
from shared.search.migration import drop_words, make_words

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of the search, and that of its words as the database has full text."""
    op.create_table(
        "search_entry",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title_key", sa.String(), nullable=True),
        sa.Column("begun", UtcDateTime(), nullable=True),
        sa.Column("changed", UtcDateTime(), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("codes", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('group', 'update', 'meeting', 'agreed_point', 'action_item')",
            name=op.f("ck_search_entry_kind"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search_entry")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_search_entry_subject_id")),
    )
    op.create_index(op.f("ix_search_entry_change"), "search_entry", ["change"], unique=False)
    make_words("found_words")


def downgrade() -> None:
    """Drop what the search keeps; `reindex` makes it anew."""
    drop_words("found_words")
    op.drop_index(op.f("ix_search_entry_change"), table_name="search_entry")
    op.drop_table("search_entry")
