"""Every row of every table of the notifier: to look for what must not be there, to begin anew."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, select

from services.notifier.tables import Table
from shared.database import Database
from tests.notifier.world import World


def holders(world: World, *texts: str) -> set[str]:
    """Return the tables of which some column of some row holds one of the texts, in any case."""
    with world.database.read() as session:
        return {
            table.name
            for table in Table.metadata.sorted_tables
            for row in rows_of(session, table.name)
            if any(text.lower() in str(tuple(row)).lower() for text in texts)
        }


def rows_of(session: Session, name: str) -> Sequence[Any]:
    """Return all rows of a table."""
    table: Any = Table.metadata.tables[name]
    return session.execute(select(table)).all()


def wipe(database: Database) -> None:
    """Empty the database, as Hypothesis uses one for many examples."""
    with database.write() as session:
        for table in reversed(Table.metadata.sorted_tables):
            # The record of announcements can't be changed; none of these examples writes it.
            if table.name not in {"signing_secret", "announcement_record"}:
                session.execute(table.delete())
