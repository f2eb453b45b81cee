"""Re-sending: an e-mail that was sent goes out once more, because somebody asks for it.

That is a delivery of its own, with a Message-ID of its own, which names the first and why it is
wanted again. It belongs to no run, so the counts of the first one's run stay as they are. What its
reader may not hear of any more is left out when it is written.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from services.notifier import digests, open_matters, settling, subscribers, suppressions
from services.notifier.announcements import readers
from services.notifier.digests import DigestContent
from services.notifier.mail.told import TellerShelf
from services.notifier.tables import Announcement, Delivery, Subscriber, SubscriptionRequest
from services.notifier.vocabulary import (
    UNFINISHED,
    AnnouncementState,
    DeliveryKind,
    DeliveryState,
    Frequency,
)
from shared.ids import new_id
from shared.problems import NOT_FOUND, Problem, ProblemKind
from shared.text import Input, Line

NOT_AGAIN = ProblemKind("delivery-not-sent-again", 409, "The e-mail can't be sent again")

REST = timedelta(minutes=10)
"""For how long an e-mail that was sent again isn't once more: two people may ask at once."""


class Resending(Input):
    """Why an e-mail is sent again."""

    reason: Annotated[str, Line(300)] = Field(
        examples=["The reader deleted it by mistake and asked for it."]
    )


def resend(
    session: Session, delivery_id: UUID, wanted: Resending, by: UUID | None, now: datetime
) -> Delivery:
    """Return a new delivery of what an e-mail said; raise ``Problem`` (409) when there can't be.

    ``by`` is nobody for an operator. Of an e-mail that was sent again before, it is the first that
    counts. A reader who left, or whose address is suppressed, gets nothing.
    """
    asked = session.get(Delivery, delivery_id)
    if asked is None:
        raise Problem(NOT_FOUND, "There is no delivery with this id.")
    if asked.kind is DeliveryKind.TEST:
        raise Problem(
            NOT_AGAIN, "It was a test. POST /previews/{template}/sending sends another one."
        )
    # As whoever leaves does: the reader first, so that it is before or after the leaving.
    reader = _locked_reader(session, asked) if asked.subscriber_id else None
    first = session.exec(
        select(Delivery)
        .where(col(Delivery.id) == (asked.resends or asked.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    session.refresh(asked)
    _require_sent(asked)
    repeats = session.exec(
        select(Delivery)
        .where(col(Delivery.resends) == first.id)
        .order_by(col(Delivery.repeat).desc())
    ).all()
    _require_rested(repeats, now)
    _require_not_suppressed(session, first)
    if reader is not None:
        _require_reading(session, first, reader, now)
    else:
        _require_open(session, first, now)
    again = Delivery(
        id=new_id(),
        kind=first.kind,
        request_id=first.request_id,
        digest_id=first.digest_id,
        announcement_id=first.announcement_id,
        subscriber_id=first.subscriber_id,
        next_attempt_at=now,
        queued_at=now,
        created_at=now,
        resends=first.id,
        repeat=1 + max((each.repeat for each in repeats), default=0),
        resend_reason=wanted.reason,
        resent_by=by,
    )
    session.add(again)
    session.flush()
    return again


def _locked_reader(session: Session, asked: Delivery) -> Subscriber:
    former = session.get_one(Subscriber, asked.subscriber_id)
    reader = subscribers.lock(session, former.id)
    if reader.id != former.id:
        raise Problem(
            NOT_AGAIN,
            "Its reader has another address now, under which it was never sent. "
            "GET /deliveries?recipient= with that address shows what was.",
        )
    return reader


def _require_sent(asked: Delivery) -> None:
    """Raise a Problem that says which request does help, unless the e-mail was sent."""
    match asked.state:
        case DeliveryState.SENT:
            return
        case DeliveryState.PARKED | DeliveryState.FAILED:
            detail = (
                f"It was not sent, so it can't be sent again: it is {asked.state}. "
                f"POST /deliveries/{asked.id}/retry tries it anew."
            )
        case DeliveryState.CANCELLED:
            detail = (
                f"It was not sent, so it can't be sent again. It was cancelled: {asked.answer}"
                " What the reader wants to read from now on, POST /subscriptions asks for."
            )
        case DeliveryState.SENDING:
            detail = (
                "It is on its way to the mail server now, or nobody learned of the answer yet and "
                "it goes out once more by itself. GET /deliveries shows what becomes of it."
            )
        case DeliveryState.DUE if asked.doubts:
            detail = (
                "Nobody learned whether the mail server took it, so it goes out once more by "
                "itself. GET /deliveries shows what becomes of it."
            )
        case _:
            detail = (
                "It is still to be sent, and goes out by itself. GET /deliveries shows what "
                "becomes of it, GET /sending whether sending is paused."
            )
    raise Problem(NOT_AGAIN, detail)


def _require_rested(repeats: Sequence[Delivery], now: datetime) -> None:
    for each in repeats:
        if each.state in UNFINISHED:
            raise Problem(
                NOT_AGAIN,
                f"It is being sent again already: GET /deliveries shows what becomes of {each.id}.",
            )
        if each.state is DeliveryState.SENT and each.created_at > now - REST:
            raise Problem(
                NOT_AGAIN,
                f"It was sent again just now, as {each.id}. If that one doesn't come either, ask "
                f"after {each.created_at + REST:%H:%M} UTC.",
            )


def _require_not_suppressed(session: Session, first: Delivery) -> None:
    address = suppressions.recipients_of(session, [first.id])[first.id]
    found = suppressions.of_address(session, address)
    if found is not None:
        raise Problem(
            NOT_AGAIN,
            f"Its address gets no e-mail, because {suppressions.in_words(found.reason)}. "
            f"DELETE /suppressions/{found.id} lets e-mails through again.",
        )


def _require_open(session: Session, first: Delivery, now: datetime) -> None:
    request = session.exec(
        select(SubscriptionRequest)
        .where(col(SubscriptionRequest.id) == first.request_id)
        .with_for_update()
    ).one()
    if request.confirmed_at is not None:
        raise Problem(NOT_AGAIN, "Its request was confirmed, so there is nothing to confirm.")
    if request.expires_at <= now:
        raise Problem(
            NOT_AGAIN, "Its request has expired. POST /subscriptions asks for the same anew."
        )


def _require_reading(session: Session, first: Delivery, reader: Subscriber, now: datetime) -> None:
    active = subscribers.active_subscriptions(session, reader.id)
    if reader.left_at is not None or not active:
        raise Problem(
            NOT_AGAIN,
            "Its reader left and gets no e-mail any more. POST /subscriptions asks for one anew, "
            "if the reader wants it.",
        )
    if reader.unreachable_since is not None:
        raise Problem(
            NOT_AGAIN,
            "The registry took back how to reach its reader, so there is no address. A role in "
            "the registry brings it back.",
        )
    if first.kind is DeliveryKind.WELCOME:
        if all(each.frequency is Frequency.NEVER for each in active):
            raise Problem(
                NOT_AGAIN, "Its reader wants no e-mail of anything, so it has nothing to say."
            )
        return
    if first.announcement_id is not None:
        _require_announced(session, first.announcement_id, reader, now)
        return
    content = _content(session, first)
    if content is None or not (content.notices or _owes(session, content, now)):
        raise Problem(
            NOT_AGAIN,
            "Nothing of what it told may be told to its reader any more: it was taken back, or is "
            "hidden from the reader now.",
        )
    if content.notices and not settling.wants_any(
        session, reader.id, [notice_id for notice_id, _ in content.notices], now
    ):
        raise Problem(
            NOT_AGAIN,
            "Its reader follows nothing of what it told any more. POST /subscriptions asks for "
            "it anew, if the reader wants it.",
        )


def _require_announced(
    session: Session, announcement_id: UUID, reader: Subscriber, now: datetime
) -> None:
    announcement = session.get_one(Announcement, announcement_id)
    if announcement.state is AnnouncementState.CANCELLED:
        raise Problem(NOT_AGAIN, "The announcement was cancelled, so nobody else gets it.")
    found = readers.places(session, announcement.group_id, now, among=[reader.id])
    if not any(place.why.gets_it for place in found):
        raise Problem(
            NOT_AGAIN,
            "Its reader gets no announcements to the group any more: GET /announcements/{id}/"
            "recipients says what reasons there are.",
        )


def _content(session: Session, first: Delivery) -> DigestContent | None:
    if first.digest_id is None:
        return None
    return digests.contents(session, [first.digest_id], TellerShelf().guards).get(first.digest_id)


def _owes(session: Session, content: DigestContent, now: datetime) -> bool:
    person_id = content.reader.person_id
    if content.frequency is Frequency.IMMEDIATE or person_id is None:
        return False
    return bool(open_matters.of_people(session, [person_id], now)[person_id].owed)
