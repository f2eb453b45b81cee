"""Choosing: which real data of this installation a preview shows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, select

from services.notifier import linking
from services.notifier.mail import welcomes
from services.notifier.previews.owing import who_owes_most
from services.notifier.previews.templates import (
    ANNOUNCEMENT,
    CONFIRMATION,
    TEMPLATES,
    WELCOME,
    WHAT_YOU_OWE,
    Template,
)
from services.notifier.tables import (
    Announcement,
    Digest,
    Notice,
    Subscription,
    SubscriptionRequest,
)
from services.notifier.vocabulary import DeliveryKind, Frequency, NoticeKind, SubscriptionOrigin
from shared.problems import NOT_FOUND, Problem, ProblemKind

NOTHING_REAL = ProblemKind("nothing-to-preview", 409, "Nothing real to show yet")

MOST = 500
"""Notices that a preview of a digest tells."""

NEWEST = 20
"""How many of the newest it tells when nothing happened within its time."""

WITHIN = {
    Frequency.DAILY: timedelta(days=1),
    Frequency.WEEKLY: timedelta(days=7),
    Frequency.MONTHLY: timedelta(days=31),
}


class Choice(BaseModel):
    """What a preview shows, by ids; so a test e-mail shows what was looked at."""

    model_config = ConfigDict(frozen=True)

    template: str
    at: datetime
    """The moment at which it is shown: what is due then, and what is coming."""
    notices: tuple[UUID, ...] = ()
    digest_id: UUID | None = None
    request_id: UUID | None = None
    announcement_id: UUID | None = None
    reader_id: UUID | None = None
    """Whose subscriptions a letter of welcome lists."""
    person_id: UUID | None = None
    """Of whom is shown what stands open."""


def choose(session: Session, template: Template, subject: UUID | None, now: datetime) -> Choice:
    """Return what is shown: what ``subject`` names, else the newest.

    Raises ``Problem``: 404 when there is nothing of that id, 409 when there is nothing at all yet.
    """
    match template.name:
        case name if name == CONFIRMATION:
            request_id = _request(session, subject)
            return Choice(template=name, at=now, request_id=request_id)
        case name if name == WELCOME:
            return Choice(template=name, at=now, reader_id=_welcomed(session, subject))
        case name if name == ANNOUNCEMENT:
            return Choice(template=name, at=now, announcement_id=_announcement(session, subject))
        case name if name == WHAT_YOU_OWE:
            return Choice(template=name, at=now, person_id=_owing(session, subject, now))
    if template.notice is not None:
        notice_id = _notice(session, template.notice, subject)
        return Choice(template=template.name, at=now, notices=(notice_id,))
    return _digest(session, template, subject, now)


def available(session: Session, now: datetime) -> dict[str, bool]:
    """Return of each template whether there is anything real to show."""
    told = set(
        session.exec(select(Notice.kind).where(col(Notice.taken_back_at).is_(None)).distinct())
    )
    owing = who_owes_most(session, now) is not None
    found = {WHAT_YOU_OWE: owing}
    for template in TEMPLATES.values():
        if template.notice is not None:
            found[template.name] = template.notice in told
        elif template.kind is DeliveryKind.DIGEST:
            found.setdefault(template.name, owing or bool(told))
        else:
            found[template.name] = _is_there(session, template, now)
    return found


def _is_there(session: Session, template: Template, now: datetime) -> bool:
    try:
        choose(session, template, None, now)
    except Problem:
        return False
    return True


def _request(session: Session, subject: UUID | None) -> UUID:
    return _this_or_newest(
        session,
        SubscriptionRequest.id,
        subject,
        "There is no request for a subscription with this id.",
        "Nobody has asked for a subscription yet: ask for one with POST /subscriptions.",
    )


def _this_or_newest(
    session: Session, key: Any, subject: UUID | None, unknown: str, nothing_yet: str
) -> UUID:
    """Return the id that is asked for, else the newest of the table."""
    statement = select(key).order_by(col(key).desc())
    if subject is not None:
        statement = statement.where(col(key) == subject)
    found: UUID | None = session.exec(statement.limit(1)).first()
    if found is None:
        raise _missing(subject, unknown, nothing_yet)
    return found


def _welcomed(session: Session, subject: UUID | None) -> UUID:
    if subject is not None:
        reader = linking.reader_of(session, subject)
        found = reader.id if reader and welcomes.active(session, [reader.id]) else None
    else:
        found = session.exec(
            select(Subscription.subscriber_id)
            .where(
                Subscription.origin == SubscriptionOrigin.MEMBERSHIP,
                col(Subscription.ended_at).is_(None),
                Subscription.frequency != Frequency.NEVER,
            )
            .order_by(col(Subscription.id).desc())
            .limit(1)
        ).first()
    if found is None:
        raise _missing(
            subject,
            "There is nobody with this id in the registry who follows anything here.",
            "Nobody follows anything by a role yet: a role in the registry or a group brings it.",
        )
    return found


def _announcement(session: Session, subject: UUID | None) -> UUID:
    return _this_or_newest(
        session,
        Announcement.id,
        subject,
        "There is no announcement with this id.",
        "Nobody has written an announcement yet: write one with POST /announcements.",
    )


def _owing(session: Session, subject: UUID | None, now: datetime) -> UUID:
    found = subject if subject is not None else who_owes_most(session, now)
    if found is None:
        raise _missing(
            None,
            "",
            "Nobody owes anything: ask again when an action item is due or an answer is waited "
            "for.",
        )
    return found


def _notice(session: Session, kind: NoticeKind, subject: UUID | None) -> UUID:
    statement = select(Notice.id).where(Notice.kind == kind, col(Notice.taken_back_at).is_(None))
    if subject is not None:
        statement = statement.where(Notice.id == subject)
    newest_first = (col(Notice.recorded_at).desc(), col(Notice.id).desc())
    found = session.exec(statement.order_by(*newest_first).limit(1)).first()
    if found is None:
        raise _missing(
            subject,
            f"There is no notice of the kind {kind} with this id that may still be told.",
            f"Nothing of the kind {kind} was told yet: ask again when it has happened. "
            "GET /previews says of which kinds there is something real to show.",
        )
    return found


def _digest(session: Session, template: Template, subject: UUID | None, now: datetime) -> Choice:
    if subject is not None:
        digest = session.get(Digest, subject)
        if digest is None or digest.frequency is not template.frequency:
            raise Problem(NOT_FOUND, f"There is no {template.frequency} digest with this id.")
        return Choice(template=template.name, at=now, digest_id=digest.id)
    notices = _newest(session, WITHIN[Frequency(template.frequency or Frequency.DAILY)], now)
    owing = who_owes_most(session, now)
    if not notices and owing is None:
        raise _missing(
            None,
            "",
            "Nothing was told and nobody owes anything yet: ask again when something has happened.",
        )
    return Choice(template=template.name, at=now, notices=tuple(notices), person_id=owing)


def _newest(session: Session, within: timedelta, now: datetime) -> Sequence[UUID]:
    """Return what happened within the time, else the newest; nothing that concerns some alone."""
    rows = session.exec(
        select(Notice.id, Notice.recorded_at, Notice.targets)
        .where(col(Notice.taken_back_at).is_(None))
        .order_by(col(Notice.recorded_at).desc(), col(Notice.id).desc())
        .limit(MOST)
    ).all()
    for_many = [(notice_id, at) for notice_id, at, targets in rows if targets]
    lately = [notice_id for notice_id, at in for_many if at > now - within]
    return lately or [notice_id for notice_id, _ in for_many[:NEWEST]]


def _missing(subject: UUID | None, unknown: str, nothing_yet: str) -> Problem:
    if subject is not None:
        return Problem(NOT_FOUND, unknown)
    return Problem(NOTHING_REAL, nothing_yet)
