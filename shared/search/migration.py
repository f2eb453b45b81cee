"""The tables of words that `shared.search.storage` uses, for a service's migrations."""

from alembic import op


def make_words(table: str) -> None:
    """Make the table of words as the database has full text."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TABLE {table} (number integer CONSTRAINT pk_{table} PRIMARY KEY, "
            "names tsvector NOT NULL, everything tsvector NOT NULL)"
        )
        for column in ("names", "everything"):
            # Without the list of pending words a search takes the same time after any change.
            op.execute(
                f"CREATE INDEX ix_{table}_{column} ON {table} "
                f"USING gin ({column}) WITH (fastupdate = off)"
            )
        return
    op.execute(
        f"CREATE VIRTUAL TABLE {table} USING fts5("
        "names, descriptions, tokenize = 'ascii', prefix = '2 3', detail = 'column')"
    )
    op.execute(f"CREATE VIRTUAL TABLE {table}_vocabulary USING fts5vocab({table}, row)")


def drop_words(table: str) -> None:
    """Drop the table of words."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TABLE {table}_vocabulary")
    op.execute(f"DROP TABLE {table}")
