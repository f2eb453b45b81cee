"""What institutions are found by."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of the search, and that of its words as the database has full text."""
    op.create_table(
        "search_entry",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("codes", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_search_entry_institution_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search_entry")),
        sa.UniqueConstraint("institution_id", name=op.f("uq_search_entry_institution_id")),
    )
    op.create_index(op.f("ix_search_entry_change"), "search_entry", ["change"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE institution_words ("
            "number integer CONSTRAINT pk_institution_words PRIMARY KEY, "
            "names tsvector NOT NULL, everything tsvector NOT NULL)"
        )
        for column in ("names", "everything"):
            # Without the list of pending words a search takes the same time after any change.
            op.execute(
                f"CREATE INDEX ix_institution_words_{column} ON institution_words "
                f"USING gin ({column}) WITH (fastupdate = off)"
            )
    else:
        op.execute(
            "CREATE VIRTUAL TABLE institution_words USING fts5("
            "names, descriptions, tokenize = 'ascii', prefix = '2 3', detail = 'column')"
        )
        op.execute(
            "CREATE VIRTUAL TABLE institution_words_vocabulary "
            "USING fts5vocab(institution_words, row)"
        )


def downgrade() -> None:
    """Drop what the search keeps; `reindex` makes it anew."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE institution_words_vocabulary")
    op.execute("DROP TABLE institution_words")
    op.drop_index(op.f("ix_search_entry_change"), table_name="search_entry")
    op.drop_table("search_entry")
