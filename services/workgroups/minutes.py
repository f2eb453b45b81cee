"""The agenda of a meeting and its minutes: drafted, circulated, agreed.

Every change of the minutes is a version of its own. After they were agreed, a correction is a new
draft with its reason, and is circulated and agreed anew; what was agreed before stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import meetings
from services.workgroups.invitations import is_known
from services.workgroups.tables import (
    AgendaItem,
    AgreedPoint,
    Institution,
    Meeting,
    MinutesVersion,
)
from shared.etags import require_version
from shared.events.catalogue import MinutesAgreed, MinutesCirculated
from shared.outbox import publish
from shared.problems import NOT_ALLOWED_NOW, NOT_FOUND, Problem, incorrect


class MinutesState(StrEnum):
    """Where minutes stand."""

    DRAFTED = "drafted"
    CIRCULATED = "circulated"
    AGREED = "agreed"


FOLLOWING = {
    MinutesState.DRAFTED: MinutesState.CIRCULATED,
    MinutesState.CIRCULATED: MinutesState.AGREED,
}
"""The state that follows without another text; a text that is changed is a draft again."""


@dataclass(frozen=True)
class Topic:
    """What a meeting is to speak about, and who presents it."""

    title: str
    presenter_id: UUID | None = None
    presenting_institution_id: UUID | None = None


def set_agenda(session: Session, meeting: Meeting, topics: Sequence[Topic]) -> None:
    """Give the meeting this agenda, in this order, instead of the one before.

    Raises a Problem: 409 once minutes or agreed points name its items; 422 for a presenter who is
    not known here.
    """
    if current(session, meeting) is not None:
        raise Problem(
            NOT_ALLOWED_NOW, "The minutes name the items of this agenda: it stays as it is."
        )
    before = agenda_of(session, meeting)
    if session.exec(
        select(AgreedPoint.id)
        .where(col(AgreedPoint.agenda_item_id).in_([item.id for item in before]))
        .limit(1)
    ).first():
        raise Problem(
            NOT_ALLOWED_NOW, "Agreed points name items of this agenda: it stays as it is."
        )
    for place, topic in enumerate(topics):
        if topic.presenter_id is not None and not is_known(session, topic.presenter_id):
            raise incorrect(f"/items/{place}/presenter_id", "Nobody of that id is known here.")
        institution_id = topic.presenting_institution_id
        if institution_id is not None and session.get(Institution, institution_id) is None:
            raise incorrect(
                f"/items/{place}/presenting_institution_id", "There is no institution of that id."
            )
    for item in before:
        session.delete(item)
    session.flush()
    session.add_all(
        AgendaItem(meeting_id=meeting.id, number=number, **vars(topic))
        for number, topic in enumerate(topics, start=1)
    )
    session.flush()


def agenda_of(session: Session, meeting: Meeting) -> list[AgendaItem]:
    """Return the agenda of the meeting, in order."""
    return list(
        session.exec(
            select(AgendaItem)
            .where(AgendaItem.meeting_id == meeting.id)
            .order_by(col(AgendaItem.number))
        )
    )


def write(
    session: Session,
    meeting: Meeting,
    *,
    expected: int,
    text: str,
    items: Mapping[int, str],
    reason: str | None,
    by: UUID,
) -> MinutesVersion:
    """Write the minutes as a new draft; ``items`` are those of agenda items by their number.

    ``expected`` is the number of the version that the writer saw, 0 when there was none. Raises a
    Problem: 412 when another was written since, 422 for an item that the agenda doesn't have, or
    for a correction of agreed minutes without a reason.
    """
    before = current(session, meeting)
    require_version(before.number if before else 0, expected)
    if before is not None and before.state == MinutesState.AGREED and not reason:
        raise incorrect("/reason", "These minutes were agreed: say why they need a correction.")
    numbers = {item.number for item in agenda_of(session, meeting)}
    for number in items:
        if number not in numbers:
            raise incorrect(f"/items/{number}", "The agenda has no item of that number.")
    return _add(
        session,
        meeting,
        before,
        MinutesState.DRAFTED,
        (text, {str(number): words for number, words in sorted(items.items())}, reason),
        by=by,
    )


def advance(
    session: Session, meeting: Meeting, after: MinutesState, *, expected: int, by: UUID
) -> MinutesVersion:
    """Circulate drafted minutes, or agree circulated ones; a version with the same words.

    Raises a Problem: 404 without minutes, 412 when they were changed since, 409 when that state
    doesn't follow.
    """
    before = current(session, meeting)
    if before is None:
        raise no_minutes()
    require_version(before.number, expected)
    if FOLLOWING.get(MinutesState(before.state)) is not after:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"These minutes are {before.state}: a draft is circulated first, then agreed.",
        )
    step = _add(session, meeting, before, after, (before.text, before.items, before.reason), by=by)
    told = MinutesAgreed if after is MinutesState.AGREED else MinutesCirculated
    publish(
        session,
        told.model_validate(
            {
                "meeting_id": meeting.id,
                "meeting_title": meeting.title,
                "groups": meetings.references(session, meeting),
                "minutes_version": step.number,
                "reason": step.reason,
            }
        ),
        subject=meetings.subject_of(meeting),
    )
    return step


def current(
    session: Session, meeting: Meeting, states: Sequence[MinutesState] = tuple(MinutesState)
) -> MinutesVersion | None:
    """Return the newest version in one of the states, or ``None``."""
    return session.exec(
        select(MinutesVersion)
        .where(MinutesVersion.meeting_id == meeting.id, col(MinutesVersion.state).in_(list(states)))
        .order_by(col(MinutesVersion.number).desc())
        .limit(1)
    ).first()


def no_minutes() -> Problem:
    """Return the Problem (404) for a meeting without minutes that the caller may read."""
    return Problem(NOT_FOUND, "This meeting has no minutes that you may read yet.")


def _add(
    session: Session,
    meeting: Meeting,
    before: MinutesVersion | None,
    state: MinutesState,
    words: tuple[str, dict[str, str], str | None],
    *,
    by: UUID,
) -> MinutesVersion:
    text, items, reason = words
    version = MinutesVersion(
        meeting_id=meeting.id,
        number=before.number + 1 if before else 1,
        state=state,
        text=text,
        items=items,
        reason=reason,
        written_by=by,
    )
    session.add(version)
    session.flush()
    return version
