"""Cursor pagination: pages that stay right while rows are added (keyset, not offset)."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy import TypeDecorator
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from shared.problems import INVALID, FieldError, Problem
from shared.text import Output

ItemT = TypeVar("ItemT")

MAX_CURSOR = 2_500
"""Characters of a cursor: enough for the longest name that a list is sorted by."""

Place = tuple[str | int, ...]
"""Where a page ended: the values by which the list is sorted, the last of them unique."""


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
        Query(
            max_length=MAX_CURSOR,
            description="The next_cursor of the page before; absent at first.",
        ),
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


def cursor_after(place: Place, asked: str) -> str:
    """Return the cursor of what follows ``place`` in the list that ``asked`` identifies.

    For lists in an order of several values: ``asked`` is whatever decides what is in the list and
    how it is sorted, as a text of any length.
    """
    return _encode(json.dumps([_fingerprint(asked), *place], separators=(",", ":")))


def place_of(cursor: str, asked: str, kinds: Sequence[type[str] | type[int]]) -> Place:
    """Return the place at which the page before ended.

    Raises a Problem (422) when the cursor isn't ours, or of another list than ``asked``.
    """
    try:
        found = json.loads(_text(cursor))
    except (ValueError, RecursionError):
        raise not_ours() from None
    if not isinstance(found, list) or not found or not isinstance(found[0], str):
        raise not_ours()
    mark, *place = found
    if mark != _fingerprint(asked):
        raise Problem(
            INVALID,
            "The cursor is of another list: its words, filters or order were others. "
            "Start without a cursor and follow next_cursor.",
            errors=[FieldError(pointer="cursor", detail="A cursor of another list.")],
        )
    if [type(value) for value in place] != list(kinds):
        raise not_ours()
    return tuple(place)


def _fingerprint(asked: str) -> str:
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:16]


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
    # SQLModel's own type of a text wraps the one that knows what it is in Python.
    stored = key.type.impl_instance if isinstance(key.type, TypeDecorator) else key.type
    python_type: type[UUID | int | str] = stored.python_type
    try:
        value = python_type(_text(cursor))
        if isinstance(value, int) and not 0 <= value < 2**63:
            raise ValueError(value)
        if isinstance(value, str) and "\x00" in value:
            raise ValueError(value)
        return value
    except ValueError:
        raise not_ours() from None


def _text(cursor: str) -> str:
    """Return what a cursor holds; ``ValueError`` when it was made by nobody we know."""
    try:
        return base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode()
    except binascii.Error as error:
        raise ValueError(cursor) from error


def not_ours() -> Problem:
    """Return the Problem (422) for a cursor that was made by nobody we know."""
    return Problem(
        INVALID,
        "The cursor is not one of ours. Start without a cursor and follow next_cursor.",
        errors=[FieldError(pointer="cursor", detail="Not a cursor.")],
    )
