"""Erasing: nothing of a reader stays, not even that there were e-mails."""

import json
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, delete, or_, select, update

from services.notifier import linking, subscribers, suppressions
from services.notifier.addresses import normalised
from services.notifier.tables import (
    BounceReport,
    Delivery,
    Digest,
    DigestItem,
    DigestWindow,
    IdempotencyRecord,
    RoleNews,
    Subscriber,
    Subscription,
    SubscriptionRequest,
    Trial,
    Unwanted,
)
from services.notifier.webhooks import endpoints
from shared.columns import utc_now


def erase_on_wish(session: Session, subscriber_id: UUID) -> None:
    """Erase a reader who asks for it; roles of theirs bring no e-mails until they ask again.

    Raises ``Problem`` when nobody is known by this id any more.
    """
    reader = subscribers.lock(session, subscriber_id)
    if reader.person_id is not None:
        session.merge(Unwanted(person_id=reader.person_id, since=utc_now()))
        endpoints.remove_of(session, reader.person_id)
    erase(session, reader)


def erase_person(session: Session, person_id: UUID, addresses: set[str]) -> None:
    """Erase what there is of a person whom the registry erased, also asked for by an address."""
    for table in (RoleNews, Unwanted):
        session.exec(delete(table).where(col(table.person_id) == person_id))
    _erase_trials(session, col(Trial.person_id) == person_id)
    endpoints.remove_of(session, person_id)
    reader = linking.locked_reader(session, person_id)
    if reader is not None:
        erase(session, reader)
    for address in addresses:
        _erase_address(session, address)


def erase(session: Session, reader: Subscriber) -> None:
    """Delete a reader, what they asked for and got, and what waits for them.

    An e-mail on its way at this moment is the last. Of a complaint the list of addresses without
    e-mails keeps a fingerprint, so that it still holds.
    """
    address = reader.email
    _erase_reader(session, reader.id)
    _erase_address(session, address)


def _erase_address(session: Session, address: str) -> None:
    """Erase what is kept of whoever has the address, however it is written.

    A reader who is another person of the registry stays.
    """
    spelled = {address, address.lower(), normalised(address)}
    others = select(Subscriber.id).where(
        func.lower(col(Subscriber.email)).in_(spelled), col(Subscriber.person_id).is_(None)
    )
    for reader_id in session.exec(others).all():
        _erase_reader(session, reader_id)
    requests = select(SubscriptionRequest.id).where(
        func.lower(col(SubscriptionRequest.email)).in_(spelled)
    )
    asked = session.exec(requests).all()
    _erase_deliveries(session, col(Delivery.request_id).in_(asked))
    session.exec(delete(SubscriptionRequest).where(col(SubscriptionRequest.id).in_(asked)))
    _erase_trials(session, func.lower(col(Trial.email)).in_(spelled))
    suppressions.forget(session, address)
    # An answer that is kept to be given again may hold the address, as JSON writes it.
    written = json.dumps(address, ensure_ascii=False)[1:-1]
    session.exec(
        delete(IdempotencyRecord).where(
            col(IdempotencyRecord.body).icontains(written, autoescape=True)
        )
    )


def _erase_reader(session: Session, reader_id: UUID) -> None:
    ids = _all_of(session, reader_id)
    session.exec(delete(DigestItem).where(col(DigestItem.subscriber_id).in_(ids)))
    _erase_deliveries(session, col(Delivery.subscriber_id).in_(ids))
    for table in (Digest, DigestWindow, Subscription):
        session.exec(delete(table).where(col(table.subscriber_id).in_(ids)))
    session.exec(
        delete(Subscriber).where(
            or_(col(Subscriber.id).in_(ids[1:]), col(Subscriber.id) == reader_id)
        )
    )
    session.expunge_all()


def _erase_trials(session: Session, which: ColumnElement[bool]) -> None:
    """Delete test e-mails of a coordinator."""
    trials = session.exec(select(Trial.id).where(which)).all()
    _erase_deliveries(session, col(Delivery.trial_id).in_(trials))
    session.exec(delete(Trial).where(col(Trial.id).in_(trials)))


def _erase_deliveries(session: Session, which: ColumnElement[bool]) -> None:
    """Delete deliveries; reports about them stay, without the mail server's words."""
    mine = select(Delivery.id).where(which)
    session.exec(
        update(BounceReport)
        .where(col(BounceReport.delivery_id).in_(mine))
        .values(delivery_id=None, diagnostic=None)
    )
    session.exec(delete(Delivery).where(which))


def _all_of(session: Session, reader_id: UUID) -> list[UUID]:
    """Return the reader's id and those of the readers who became this one."""
    joined = session.exec(select(Subscriber.id).where(Subscriber.joined_into == reader_id)).all()
    return [reader_id, *(found for each in joined for found in _all_of(session, each))]
