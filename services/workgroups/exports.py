"""Exporting what groups are, say, meet about and owe, as far as the reader sees it.

Everything is read in parts, and none is handed on before the connection that read it is given back,
so that a reader who is slow holds none.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, true
from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.workgroups import support
from services.workgroups.action_item_permissions import groups_from_within
from services.workgroups.sight import in_sight
from services.workgroups.tables import Group, Theme
from shared.database import Database
from shared.exports import Table
from shared.identity import Caller
from shared.problems import INVALID, FieldError, Problem

PART = 500


class What(StrEnum):
    """What can be exported."""

    GROUPS = "groups"
    MEMBERS = "members"
    UPDATES = "updates"
    MEETINGS = "meetings"
    AGREED_POINTS = "agreed-points"
    ACTION_ITEMS = "action-items"


@dataclass(frozen=True)
class Reader:
    """As whom something is exported."""

    groups: Callable[[Session], ColumnElement[bool]]
    """The condition on `Group` that it is seen."""
    within: Callable[[Session], Container[UUID]]
    """The groups of which the reader learns who does what in them."""
    supports: Callable[[Session, Iterable[UUID]], Container[UUID]]
    """Which of these needs and offers are seen."""


@dataclass(frozen=True)
class Filters:
    """Which of what is seen is exported; nothing said: all of it."""

    group: UUID | None = None
    theme: str | None = None
    states: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    def of_groups(self) -> list[ColumnElement[bool]]:
        """Return the conditions on `Group`."""
        conditions: list[ColumnElement[bool]] = []
        if self.group is not None:
            conditions.append(col(Group.id) == self.group)
        if self.theme is not None:
            themed = select(Theme.id).where(Theme.slug == self.theme)
            conditions.append(col(Group.theme_id).in_(themed))
        return conditions

    def by_state(self, column: Any) -> list[ColumnElement[bool]]:
        """Return the condition that ``column`` is one of the states, if any is named."""
        return [column.in_(self.states)] if self.states else []

    def by_day(self, column: Any) -> list[ColumnElement[bool]]:
        """Return the conditions that the day in ``column`` is in the period."""
        return self._between(column, self.since, self.until)

    def by_moment(self, column: Any) -> list[ColumnElement[bool]]:
        """Return the conditions that the moment in ``column`` is in the period, in UTC."""
        begin = datetime.combine(self.since, time.min, UTC) if self.since else None
        end = datetime.combine(self.until, time.max, UTC) if self.until else None
        return self._between(column, begin, end)

    def _between(self, column: Any, begin: Any, end: Any) -> list[ColumnElement[bool]]:
        return [
            *([column >= begin] if begin is not None else []),
            *([column <= end] if end is not None else []),
        ]


@dataclass(frozen=True)
class Subject:
    """How one kind of thing is exported."""

    what: What
    columns: tuple[str, ...]
    key: Any
    """The unique column in whose order it is read."""
    states: tuple[str, ...]
    """What it can be filtered by; none where it has no states."""
    statement: Callable[[Filters, Any], SelectOfScalar[Any]]
    """Selects it, given the groups that are seen and wanted."""
    values: Callable[[Session, Reader, list[Any]], list[dict[str, Any]]]
    """Returns a part as the lines of an export."""


@dataclass(frozen=True)
class Export:
    """What is exported, for whom."""

    database: Database
    subject: Subject
    reader: Reader
    filters: Filters

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each thing in the order of the ids."""
        after = None
        while True:
            with self.database.read() as session:
                part, after = self._part(session, after)
            yield from part
            if after is None:
                return

    def table(self) -> Table:
        """Return the same as a table: lists in a cell are separated by semicolons."""
        columns = self.subject.columns
        title = self.subject.what.replace("-", " ").capitalize()
        return Table(title, columns, (_cells(values, columns) for values in self.rows()))

    def _part(self, session: Session, after: Any) -> tuple[list[dict[str, Any]], Any]:
        key = self.subject.key
        seen = select(Group.id).where(self.reader.groups(session), *self.filters.of_groups())
        statement = self.subject.statement(self.filters, seen).order_by(key).limit(PART)
        if after is not None:
            statement = statement.where(key > after)
        found: list[SQLModel] = list(session.exec(statement))
        values = self.subject.values(session, self.reader, found)
        last = getattr(found[-1], key.key) if len(found) == PART else None
        return [
            {name: to_jsonable_python(value[name]) for name in self.subject.columns}
            for value in values
        ], last


def reader_of(caller: Caller | None) -> Reader:
    """Return the reader that the caller is; ``None`` is somebody unknown."""
    return Reader(
        groups=lambda session: in_sight(session, caller),
        within=lambda session: groups_from_within(session, caller),
        supports=lambda session, ids: support.seen(session, caller, ids),
    )


class _All(Container[UUID]):
    def __contains__(self, _id: object) -> bool:
        return True


EVERYBODYS = Reader(lambda _session: true(), lambda _session: _All(), lambda _session, _ids: _All())
"""The reader who sees everything: the operator."""


def require_sound(subject: Subject, filters: Filters) -> None:
    """Raise a Problem (422) for a state that such a thing can't have, or a period that is none."""
    for state in filters.states:
        if state not in subject.states:
            called = subject.what.replace("-", " ")
            detail = (
                f"The states of {called} are {', '.join(subject.states)}."
                if subject.states
                else f"There are no states of {called}: leave it out."
            )
            raise _invalid("state", detail)
    if filters.since and filters.until and filters.since > filters.until:
        raise _invalid("until", "Give the first day in since, and until no day before it.")


def _cells(values: Mapping[str, Any], columns: Iterable[str]) -> list[str]:
    return [_cell(values[name]) for name in columns]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ";".join(map(_cell, value))
    return str(value)


def _invalid(pointer: str, detail: str) -> Problem:
    return Problem(INVALID, detail, errors=[FieldError(pointer=pointer, detail=detail)])
