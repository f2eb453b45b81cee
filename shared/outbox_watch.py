"""Looking for new events a hundred times a second, at little cost.

A session for each look would take a tenth of a core: this keeps one connection of the driver, on
which each look is a statement and a transaction of its own.
"""

from typing import Any

from sqlalchemy import exists, select
from sqlmodel import col

from shared.database import Database
from shared.outbox import OutboxTables


class OutboxWatch:
    """Sees what waits in an outbox."""

    def __init__(self, database: Database, tables: OutboxTables) -> None:
        self._engine = database.reader
        statement = select(
            exists().where(col(tables.outbox.position).is_(None)),
            col(tables.state.last_position),
            col(tables.state.epoch),
        )
        self._statement = str(statement.compile(dialect=self._engine.dialect))
        self._connection: Any = None

    def look(self) -> tuple[bool, int, object]:
        """Return whether unnumbered events wait, the last position, and what stands for the epoch.

        The last is only good to be compared with an earlier look, ``None`` before the history was
        started. Raises an error of the driver; the next look connects anew.
        """
        if self._connection is None:
            self._connection = self._connect()
        try:
            cursor = self._connection.cursor()
            row = cursor.execute(self._statement).fetchone()
            cursor.close()
        except Exception:
            self.close()
            raise
        if row is None:
            return False, 0, None
        waiting, last_position, epoch = row
        return bool(waiting), last_position, epoch

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Any:
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        # Detached: it never goes back to the pool with another mode than the others have.
        pooled.detach()
        if self._engine.dialect.name == "postgresql":
            connection.autocommit = True
        return connection
