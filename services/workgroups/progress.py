"""How far an agreed point has come: computed from its action items, never stored."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from services.workgroups import sight
from services.workgroups.tables import ActionItem, Group
from services.workgroups.transitions import State
from shared.identity import Caller


class Stage(StrEnum):
    """How far something has come."""

    NONE = "none"
    """Nobody answers for any of it."""
    OPEN = "open"
    UNDER_WAY = "under_way"
    DONE = "done"


@dataclass(frozen=True)
class Progress:
    """How far, with the number of action items in each state."""

    stage: Stage
    counts: Mapping[State, int]


def progress(counts: Mapping[State, int]) -> Progress:
    """Return how far something has come with so many action items in each state.

    What was cancelled counts for nothing.
    """
    whole = {state: counts.get(state, 0) for state in State}
    wanted = {state for state, number in whole.items() if number} - {State.CANCELLED}
    if not wanted:
        stage = Stage.NONE
    elif wanted == {State.DONE}:
        stage = Stage.DONE
    elif wanted == {State.OPEN}:
        stage = Stage.OPEN
    else:
        stage = Stage.UNDER_WAY
    return Progress(stage, whole)


def progress_of(
    session: Session, caller: Caller | None, point_ids: Iterable[UUID]
) -> dict[UUID, Progress]:
    """Return how far each agreed point has come, by the action items that the caller sees."""
    return progress_within(session, sight.in_sight(session, caller), point_ids)


def progress_within(
    session: Session, seen: ColumnElement[bool], point_ids: Iterable[UUID]
) -> dict[UUID, Progress]:
    """Return how far each agreed point has come, by the action items of groups that are seen."""
    wanted = set(point_ids)
    counts: dict[UUID, Counter[State]] = {point_id: Counter() for point_id in wanted}
    rows = session.exec(
        select(ActionItem.agreed_point_id, ActionItem.state, func.count())
        .join(Group, col(Group.id) == col(ActionItem.group_id))
        .where(col(ActionItem.agreed_point_id).in_(wanted), seen)
        .group_by(col(ActionItem.agreed_point_id), col(ActionItem.state))
    )
    for point_id, state, number in rows:
        if point_id is not None:
            counts[point_id][State(state)] = number
    return {point_id: progress(found) for point_id, found in counts.items()}
