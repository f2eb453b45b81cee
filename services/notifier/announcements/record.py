"""The record of an announcement: its states, and who did what and when."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from services.notifier.tables import Announcement, AnnouncementRecord
from services.notifier.vocabulary import AnnouncementAct as Act
from services.notifier.vocabulary import AnnouncementState as State
from shared.problems import NOT_ALLOWED_NOW, Problem


@dataclass(frozen=True)
class Step:
    """From which states an act leads, and to which."""

    before: frozenset[State]
    after: State


STEPS: Mapping[Act, Step] = {
    Act.CHANGED: Step(
        frozenset({State.DRAFT, State.WAITING, State.SCHEDULED, State.REFUSED}), State.DRAFT
    ),
    Act.APPROVED: Step(frozenset({State.WAITING}), State.SCHEDULED),
    Act.REFUSED: Step(frozenset({State.WAITING}), State.REFUSED),
    Act.CANCELLED: Step(
        frozenset({State.DRAFT, State.WAITING, State.SCHEDULED, State.REFUSED, State.SENDING}),
        State.CANCELLED,
    ),
    Act.HELD: Step(frozenset({State.SCHEDULED}), State.WAITING),
    Act.BEGUN: Step(frozenset({State.SCHEDULED}), State.SENDING),
    Act.SENT: Step(frozenset({State.SENDING}), State.SENT),
}
"""Every act but the first, and the submission, which leads to one of two states."""

SUBMITTED = frozenset({State.DRAFT})

_POSSIBLE = {
    Act.CHANGED: "It can be changed until it begins to go out.",
    Act.SUBMITTED: "Only a draft can be submitted; a change makes it one.",
    Act.APPROVED: "Only one that waits for approval can be approved.",
    Act.REFUSED: "Only one that waits for approval can be refused.",
    Act.CANCELLED: "What has gone out can't be cancelled.",
}


def require(announcement: Announcement, act: Act) -> None:
    """Raise ``Problem`` (409) when the act is not possible in the announcement's state."""
    before = SUBMITTED if act is Act.SUBMITTED else STEPS[act].before
    if announcement.state not in before:
        raise Problem(
            NOT_ALLOWED_NOW, f"The announcement is {announcement.state}. {_POSSIBLE.get(act, '')}"
        )


def go(
    session: Session,
    announcement: Announcement,
    act: Act,
    by: UUID | None,
    now: datetime,
    *,
    to: State | None = None,
    reason: str | None = None,
) -> None:
    """Let the act lead to its next state, or to ``to``, and record who did it and when.

    Raises ``Problem`` (409) when it is not possible in the announcement's state.
    """
    require(announcement, act)
    announcement.state = to or STEPS[act].after
    announcement.version += 1
    announcement.progressed_at = now
    session.add(announcement)
    note(session, announcement, act, by, now, reason=reason)


def note(
    session: Session,
    announcement: Announcement,
    act: Act,
    by: UUID | None,
    now: datetime,
    *,
    reason: str | None = None,
) -> None:
    """Record an act on the announcement as it is now."""
    session.add(announcement)
    session.flush()
    session.add(
        AnnouncementRecord(
            announcement_id=announcement.id,
            act=act,
            by=by,
            version=announcement.version,
            recipients=announcement.recipients,
            content_digest=digest_of(announcement),
            reason=reason,
            at=now,
        )
    )
    session.flush()


def entries(session: Session, announcement_id: UUID) -> list[AnnouncementRecord]:
    """Return what happened to the announcement, the oldest first."""
    return list(
        session.exec(
            select(AnnouncementRecord)
            .where(AnnouncementRecord.announcement_id == announcement_id)
            .order_by(col(AnnouncementRecord.id))
        )
    )


def digest_of(announcement: Announcement) -> str:
    """Return by what it is seen whether group or texts are the same as at another time."""
    content = [str(announcement.group_id), announcement.language, announcement.texts]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
