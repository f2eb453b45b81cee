"""Cursor pagination: pages that stay right while rows are added (keyset, not offset)."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from shared.problems import INVALID, FieldError, Problem
from shared.text import Output

ItemT = TypeVar("ItemT")


class Page(Output, Generic[ItemT]):
    """A page of a list."""

    items: list[ItemT]
    next_cursor: str | None
    """Give it as ``cursor`` to get the next page; absent on the last one."""


@dataclass(frozen=True)
class PageParams:
    """What the caller asked for."""

    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True)
class Slice(Generic[ItemT]):
    """The rows of a page and the cursor of the next one."""

    items: list[ItemT]
    next_cursor: str | None


async def _page_params(
    cursor: Annotated[
        str | None,
        Query(max_length=200, description="The next_cursor of the page before; absent at first."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="How many items at most.")] = 50,
) -> PageParams:
    return PageParams(cursor, limit)


PageQuery = Annotated[PageParams, Depends(_page_params)]


def paginate(
    session: Session, statement: SelectOfScalar[ItemT], key: Any, page: PageParams
) -> Slice[ItemT]:
    """Return a page in ascending order of ``key``, a unique column of the selected table.

    Its type is UUID, int or str. A cursor that isn't ours raises a Problem (422).
    """
    if page.cursor is not None:
        statement = statement.where(key > _decode(page.cursor, key))
    return _slice(session, statement.order_by(key), key, page)


def paginate_newest_first(
    session: Session, statement: SelectOfScalar[ItemT], key: Any, page: PageParams
) -> Slice[ItemT]:
    """Return a page in descending order of ``key``; otherwise as `paginate`."""
    if page.cursor is not None:
        statement = statement.where(key < _decode(page.cursor, key))
    return _slice(session, statement.order_by(key.desc()), key, page)


def _slice(
    session: Session, statement: SelectOfScalar[ItemT], key: Any, page: PageParams
) -> Slice[ItemT]:
    rows = list(session.exec(statement.limit(page.limit + 1)).all())
    items = rows[: page.limit]
    more = len(rows) > page.limit
    return Slice(items, _encode(getattr(items[-1], key.key)) if more else None)


def _encode(value: object) -> str:
    return base64.urlsafe_b64encode(str(value).encode()).decode().rstrip("=")


def _decode(cursor: str, key: Any) -> UUID | int | str:
    python_type: type[UUID | int | str] = key.type.python_type
    try:
        text = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode()
        value = python_type(text)
        if isinstance(value, int) and not 0 <= value < 2**63:
            raise ValueError(value)
        if isinstance(value, str) and "\x00" in value:
            raise ValueError(value)
        return value
    except (ValueError, binascii.Error):
        raise Problem(
            INVALID,
            "The cursor is not one of ours. Start without a cursor and follow next_cursor.",
            errors=[FieldError(pointer="cursor", detail="Not a cursor.")],
        ) from None
