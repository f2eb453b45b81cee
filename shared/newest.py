"""Keeping what another service told in its newest version, whatever order it is told in."""

from functools import cache
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def keep_newest(session: Session, row: SQLModel) -> None:
    """Store the row unless its table has it in this ``version`` or a newer one.

    One statement, so that a rebuild of a large read model is not twice as long.
    """
    model = type(row)
    table: Any = model.__table__  # type: ignore[attr-defined]
    session.execute(
        _statement(model, session.get_bind().dialect.name),
        {column.key: getattr(row, column.key) for column in table.columns},
    )
    key = session.identity_key(model, [getattr(row, one.key) for one in table.primary_key])
    if (loaded := session.identity_map.get(key)) is not None:
        session.expire(loaded)


@cache
def _statement(model: type[SQLModel], dialect: str) -> Any:
    table: Any = model.__table__  # type: ignore[attr-defined]
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(table).values({one.key: bindparam(one.key) for one in table.columns})
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={one.key: statement.excluded[one.key] for one in table.columns if not one.primary_key},
        where=table.c.version < statement.excluded.version,
    )
