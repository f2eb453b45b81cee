"""Column types that mean the same on SQLite and PostgreSQL."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, DateTime, Dialect, TypeDecorator, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col


def utc_now() -> datetime:
    """Return the time now, aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored and returned in UTC.

    SQLite keeps no time zone: without this a value would come back naive there and aware on
    PostgreSQL. A naive value is refused with ``ValueError``.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC on the way in."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A stored time must carry its time zone.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Return an aware UTC time on the way out."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def is_one_of(session: Session, attribute: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """Return whether the column is one of the values, for many of them in a path often taken.

    PostgreSQL takes them as one array: the statement is the same for any number of values, so it
    is compiled and prepared once. SQLite has no arrays and gets ``IN (…)``.
    """
    column: Any = col(attribute)
    found = list(values)
    if session.get_bind().dialect.name == "postgresql":
        return cast(ColumnElement[bool], column == any_(literal(found, ARRAY(column.type))))
    return cast(ColumnElement[bool], column.in_(found))
