"""Which tables a database must read from one end to the other to answer."""

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import event, text
from sqlmodel import Session

from shared.database import Database

_WHOLE = {
    "sqlite": re.compile(r"SCAN (\w+)"),
    "postgresql": re.compile(r"Seq Scan on (\w+)"),
}
_EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}


def read_wholly(database: Database, call: Callable[[Session], object]) -> set[str]:
    """Return the tables for which no index helps with some question that the call asks.

    PostgreSQL reads a small table wholly though there is an index; here it is told not to.
    """
    asked: list[tuple[str, Any]] = []

    def note(
        _connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool
    ) -> None:
        if statement.startswith(("SELECT", "DELETE", "UPDATE")):
            asked.append((statement, values))

    dialect = database.engine.dialect.name
    with database.write() as session:
        connection = session.connection()
        if dialect == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        event.listen(connection, "before_cursor_execute", note)
        call(session)
        event.remove(connection, "before_cursor_execute", note)
        plans = [
            " ".join(str(part) for part in row)
            for statement, values in asked
            for row in connection.exec_driver_sql(_EXPLAIN[dialect] + statement, values)
        ]
    assert asked, "the call asked the database nothing"
    return {table for plan in plans for table in _WHOLE[dialect].findall(plan)}
