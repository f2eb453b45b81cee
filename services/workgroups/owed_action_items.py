"""The action items that somebody owes, in the order of that list, as far as they are asked for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, false, func, or_
from sqlmodel import Session, col, select

from services.workgroups.due_dates import SOON_DAYS, day_in
from services.workgroups.group_lifecycle import OPEN
from services.workgroups.owed_entries import RANKS, Entry, Owed, Place
from services.workgroups.tables import ActionItem, ActionItemPerson, Group, Participant
from services.workgroups.transitions import UNFINISHED
from shared.identity import Caller
from shared.pagination import not_ours

_KINDS = (Owed.OVERDUE, Owed.DUE_SOON, Owed.LATER)


class Given:
    """The unfinished action items of open groups that the caller, or their institution, owes."""

    def __init__(
        self, session: Session, caller: Caller, own: Sequence[UUID], now: datetime
    ) -> None:
        """Prepare to ask: for the caller, who speaks for the institutions ``own``."""
        self._session = session
        self._caller = caller
        self._own = own
        self._days: dict[date, list[str]] = {}
        for zone in session.exec(select(Group.time_zone).distinct()):
            self._days.setdefault(day_in(zone, now), []).append(zone)
        self._rows = {named: self._of(named) for named in (True, False)}
        self._when = {kind: self._is(kind) for kind in _KINDS}
        self._numbers = self._count()

    def entries(self, after: Place | None, most: int) -> Iterator[Entry]:
        """Yield those after a place, in order, at most so many of a kind; asked for when needed."""
        for kind in _KINDS:
            for named in (True, False):
                stretch = (RANKS[kind], 0 if named else 1)
                passed = after is not None and stretch < after[:2]
                if passed or not self._numbers[kind, named]:
                    continue
                statement = self._rows[named].where(self._when[kind])
                if after is not None and stretch == after[:2]:
                    statement = statement.where(_follows(after))
                rows = self._session.exec(
                    statement.order_by(col(ActionItem.due_date), col(ActionItem.id)).limit(most)
                ).all()
                yield from (_entry(kind, named, row) for row in rows)

    def counts(self) -> Counter[Owed]:
        """Return how many there are of each kind."""
        counts: Counter[Owed] = Counter()
        for (kind, _named), number in self._numbers.items():
            counts[kind] += number
        return +counts

    def _count(self) -> dict[tuple[Owed, bool], int]:
        numbers = [func.sum(case((self._when[kind], 1), else_=0)) for kind in _KINDS]
        counts: dict[tuple[Owed, bool], int] = {}
        for named in (True, False):
            found = self._session.execute(self._rows[named].with_only_columns(*numbers)).one()
            counts |= {(kind, named): found[place] or 0 for place, kind in enumerate(_KINDS)}
        return counts

    def _of(self, named: bool) -> Any:
        # Two questions, each with an index of its own: joined by "or" they read all unfinished.
        rows = (
            select(  # type: ignore[call-overload]
                ActionItem.id,
                ActionItem.title,
                ActionItem.group_id,
                ActionItem.institution_id,
                ActionItem.due_date,
            )
            .join(Group, col(Group.id) == col(ActionItem.group_id))
            .where(col(ActionItem.state).in_(UNFINISHED), col(Group.status).in_(OPEN))
        )
        theirs = col(ActionItem.institution_id).in_(self._own)
        if named:
            return rows.join(
                ActionItemPerson, col(ActionItemPerson.action_item_id) == col(ActionItem.id)
            ).where(ActionItemPerson.person_id == self._caller.id, or_(theirs, self._takes_part()))
        mine = exists().where(
            col(ActionItemPerson.action_item_id) == col(ActionItem.id),
            col(ActionItemPerson.person_id) == self._caller.id,
        )
        return rows.where(theirs, ~mine)

    def _takes_part(self) -> ColumnElement[bool]:
        return exists().where(
            col(Participant.group_id) == col(ActionItem.group_id),
            col(Participant.institution_id) == col(ActionItem.institution_id),
            col(Participant.person_id) == self._caller.id,
            col(Participant.state) == "active",
            col(Participant.ended_at).is_(None),
        )

    def _is(self, kind: Owed) -> ColumnElement[bool]:
        """Return the condition that it is due so, by the day that it is in its group."""
        due = col(ActionItem.due_date)
        conditions = []
        for day, zones in self._days.items():
            soon = day + timedelta(days=SOON_DAYS)
            when = {
                Owed.OVERDUE: due < day,
                Owed.DUE_SOON: and_(due >= day, due <= soon),
                Owed.LATER: due > soon,
            }[kind]
            conditions.append(and_(col(Group.time_zone).in_(zones), when))
        return or_(false(), *conditions)


def _follows(place: Place) -> ColumnElement[bool]:
    try:
        due, item_id = date.fromisoformat(place[2]), UUID(place[3])
    except ValueError:
        raise not_ours() from None
    return or_(
        col(ActionItem.due_date) > due,
        and_(col(ActionItem.due_date) == due, col(ActionItem.id) > item_id),
    )


def _entry(kind: Owed, named: bool, row: Any) -> Entry:
    item_id, title, group_id, institution_id, due = row
    return Entry(
        kind,
        item_id,
        title,
        group_id,
        institution_id,
        named,
        due.isoformat(),
        "PATCH",
        f"/action-items/{item_id}",
    )
