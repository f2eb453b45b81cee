"""Inquiries: did this person get it, and when; and if there was no e-mail, why.

It is answered from the rows that sending keeps, so it says no more than is known: that a mail
server took an e-mail, not that anybody read it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from services.notifier import recipients
from services.notifier.announcements import answers
from services.notifier.mail import stories
from services.notifier.mail.more_stories import STORIES
from services.notifier.previews import trials
from services.notifier.recipients import Recipient, moment, uuid_of
from services.notifier.tables import (
    BounceReport,
    Delivery,
    DigestItem,
    Notice,
)
from services.notifier.vocabulary import BounceKind, DeliveryKind, DeliveryState
from services.notifier.wording import wording
from shared.pagination import PageParams, paginate_newest_first

TITLES = 20
"""Titles named of one e-mail."""

CAME_BACK = (
    BounceKind.HARD_BOUNCE,
    BounceKind.SOFT_BOUNCE,
    BounceKind.REFUSED,
    BounceKind.COMPLAINT,
)
"""Reports by which an e-mail that the mail server took did not do what it was for."""

_SAID = {
    BounceKind.HARD_BOUNCE: "it came back for good",
    BounceKind.SOFT_BOUNCE: "it came back for now",
    BounceKind.REFUSED: "it was refused",
    BounceKind.COMPLAINT: "its reader reported it as unwanted",
}


@dataclass(frozen=True)
class Told:
    """What an e-mail told and what was reported of it."""

    titles: tuple[str, ...]
    items: int
    """How many in all."""
    report: BounceReport | None
    """The last report by which it came back."""


@dataclass(frozen=True)
class Question:
    """Which e-mails are asked for; ``None`` leaves a condition out."""

    state: DeliveryState | None = None
    kind: DeliveryKind | None = None
    run_id: UUID | None = None
    recipient: str | None = None
    about: str | None = None


@dataclass(frozen=True)
class Found:
    """A page of the e-mails, and for a recipient the answer in words."""

    deliveries: list[Delivery]
    next_cursor: str | None
    answer: str | None


def ask(session: Session, question: Question, page: PageParams, now: datetime) -> Found:
    """Return the newest e-mails that the question asks for; raise ``Problem`` for a bad one."""
    statement = select(Delivery)
    if question.state is not None:
        statement = statement.where(col(Delivery.state) == question.state)
    if question.kind is not None:
        statement = statement.where(col(Delivery.kind) == question.kind)
    if question.run_id is not None:
        statement = statement.where(col(Delivery.run_id) == question.run_id)
    notices = announcement = None
    if question.about is not None:
        notices = notices_about(session, question.about)
        announcement = answers.asked_about(session, question.about)
        which = telling(notices)
        if announcement is not None:
            which |= col(Delivery.announcement_id) == announcement.id
        statement = statement.where(which)
    who = None if question.recipient is None else recipients.find(session, question.recipient)
    if who is not None:
        statement = statement.where(recipients.to(who))
    found = paginate_newest_first(session, statement, col(Delivery.id), page)
    answer = None
    if who is not None and announcement is not None and not found.items:
        answer = answers.why_not(session, who.reader, announcement, now)
    elif who is not None:
        answer = _answer(session, who, notices, found.items, now)
    return Found(found.items, found.next_cursor, answer)


def notices_about(session: Session, about: str) -> list[Notice]:
    """Return the notices of a subject such as ``updates/<id>``, or the one of that id."""
    by_id = uuid_of(about)
    which = col(Notice.id) == by_id if by_id is not None else col(Notice.subject) == about
    return list(session.exec(select(Notice).where(which).order_by(col(Notice.id))))


def telling(notices: Collection[Notice]) -> ColumnElement[bool]:
    """Return the condition that a delivery tells one of the notices."""
    digests = select(DigestItem.digest_id).where(
        col(DigestItem.notice_id).in_([notice.id for notice in notices]),
        col(DigestItem.digest_id).is_not(None),
    )
    return col(Delivery.digest_id).in_(digests)


def told(session: Session, deliveries: Sequence[Delivery]) -> dict[UUID, Told]:
    """Return what each of the e-mails told and what was reported, by delivery."""
    digest_ids = [each.digest_id for each in deliveries if each.digest_id is not None]
    items = dict(
        session.exec(
            select(DigestItem.digest_id, func.count())
            .where(col(DigestItem.digest_id).in_(digest_ids))
            .group_by(col(DigestItem.digest_id))
        ).all()
    )
    place = (
        func.row_number()
        .over(partition_by=col(DigestItem.digest_id), order_by=col(DigestItem.notice_id))
        .label("place")
    )
    numbered = (
        select(DigestItem.digest_id, DigestItem.notice_id, place)
        .where(col(DigestItem.digest_id).in_(digest_ids))
        .subquery()
    )
    titles: dict[UUID, list[str]] = {}
    for digest_id, notice in session.exec(
        select(numbered.c.digest_id, Notice)
        .join(Notice, col(Notice.id) == numbered.c.notice_id)
        .where(numbered.c.place <= TITLES)
        .order_by(numbered.c.place)
    ):
        titles.setdefault(digest_id, []).append(title(notice))
    reports = {
        report.delivery_id: report
        for report in session.exec(
            select(BounceReport)
            .where(
                col(BounceReport.delivery_id).in_([each.id for each in deliveries]),
                col(BounceReport.kind).in_(CAME_BACK),
            )
            .order_by(col(BounceReport.received_at))
        )
    }
    announced = answers.subjects(
        session, {each.announcement_id for each in deliveries if each.announcement_id}
    )
    tested = trials.titles(session, {each.trial_id for each in deliveries if each.trial_id})
    for each in deliveries:
        if each.trial_id is not None:
            titles[each.id] = [tested[each.trial_id]]
        if each.announcement_id is not None:
            titles[each.id], items[each.id] = [announced[each.announcement_id]], 1
    return {
        each.id: Told(
            titles=tuple(titles.get(each.digest_id or each.id, ())),
            items=items.get(each.digest_id or each.id, 0),
            report=reports.get(each.id),
        )
        for each in deliveries
    }


def title(notice: Notice) -> str:
    """Return how a subject line names what the notice tells, in English."""
    words = wording("en")
    try:
        if stories.is_told_together(notice.kind):
            named = [stories.Named.of(notice)]
            return stories.tell_together(notice.kind, named, notice.group_title, words).summary
        tell = STORIES.get(notice.kind, stories.tell)
        return tell(notice, words, notice.occurred_at.date()).summary
    except (KeyError, TypeError, ValueError):
        return f"{notice.kind} that can't be told"


def in_words(delivery: Delivery, report: BounceReport | None) -> str:
    """Return in a sentence what became of an e-mail, and why it was sent again, if it was."""
    said = _state_in_words(delivery)
    if delivery.resends is not None:
        said = f"Sent again, because: “{delivery.resend_reason}” {said}"
    if report is None:
        return said
    code = f" ({report.code})" if report.code else ""
    return f"{said} On {moment(report.received_at)} {_SAID[report.kind]}{code}."


def _answer(
    session: Session,
    who: Recipient,
    notices: Sequence[Notice] | None,
    deliveries: Sequence[Delivery],
    now: datetime,
) -> str:
    if notices is None:
        return overall(deliveries)
    if deliveries:
        newest = deliveries[0]
        first = session.get(Delivery, newest.resends) if newest.resends else None
        told_of = [each for each in (first, newest) if each is not None]
        reports = told(session, told_of)
        return " ".join(in_words(each, reports[each.id].report) for each in told_of)
    if not notices:
        return "Nothing is recorded about this subject, so nobody was told of it."
    return recipients.why_not(session, who, notices[-1], now)


def _state_in_words(delivery: Delivery) -> str:
    finished = moment(delivery.finished_at) if delivery.finished_at else ""
    said = delivery.answer or "no reason is kept"
    match delivery.state:
        case DeliveryState.SENT:
            words = f" with the words “{delivery.answer}”" if delivery.answer else ""
            return f"Sent and accepted by the mail server on {finished}{words}."
        case DeliveryState.FAILED:
            return f"Not sent: given up on {finished} at attempt {delivery.attempts}: {said}"
        case DeliveryState.CANCELLED:
            return f"Not sent: cancelled on {finished}: {said}"
        case DeliveryState.PARKED:
            return f"Not sent: set aside on {finished}: {said}"
        case DeliveryState.SENDING:
            return "On its way to the mail server now."
        case DeliveryState.DUE:
            return (
                f"Not sent yet: next attempt on {moment(delivery.next_attempt_at)}"
                f"{f'; the last said: {delivery.answer}' if delivery.answer else '.'}"
            )


def overall(deliveries: Sequence[Delivery]) -> str:
    """Return in a sentence what the recipient got of late, when no subject is asked about."""
    if not deliveries:
        return "No e-mail to this recipient is kept."
    sent = [
        each.finished_at
        for each in deliveries
        if each.state is DeliveryState.SENT and each.finished_at is not None
    ]
    asked = sum(each.kind is DeliveryKind.CONFIRMATION for each in deliveries)
    return _how_many_sent(len(deliveries), sent) + _how_many_ask(len(deliveries), asked)


def _how_many_sent(listed: int, sent: Sequence[datetime]) -> str:
    last = f"on {moment(max(sent))}" if sent else ""
    match listed, len(sent):
        case 1, 0:
            return "The one e-mail listed was not sent."
        case _, 0:
            return f"None of the {listed} e-mails listed was sent."
        case 1, 1:
            return f"The one e-mail listed was sent {last}."
        case _, 1:
            return f"One of the {listed} e-mails listed was sent, {last}."
        case _, number:
            all_of_them = "Both" if listed == 2 else f"All {listed}"
            some = all_of_them if number == listed else f"{number} of the {listed}"
            return f"{some} e-mails listed were sent, the last {last}."


def _how_many_ask(listed: int, asked: int) -> str:
    if not asked:
        return ""
    what = "to confirm a subscription."
    if listed == 1:
        return f" It asks {what}"
    if asked == listed:
        return f" {'Both' if asked == 2 else 'All of them'} ask {what}"
    return f" One of them asks {what}" if asked == 1 else f" {asked} of them ask {what}"
