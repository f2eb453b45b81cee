"""Erasing: nothing of a reader stays, not even that there were e-mails."""

from uuid import UUID

from sqlmodel import Session, col, delete, or_, select, update

from services.notifier import linking, subscribers, suppressions
from services.notifier.tables import (
    BounceReport,
    Delivery,
    Digest,
    DigestItem,
    DigestWindow,
    RoleNews,
    Subscriber,
    Subscription,
    SubscriptionRequest,
    Unwanted,
)
from shared.columns import utc_now


def erase_on_wish(session: Session, subscriber_id: UUID) -> None:
    """Erase a reader who asks for it; roles of theirs bring no e-mails until they ask again.

    Raises ``Problem`` when nobody is known by this id any more.
    """
    reader = subscribers.lock(session, subscriber_id)
    if reader.person_id is not None:
        session.merge(Unwanted(person_id=reader.person_id, since=utc_now()))
    erase(session, reader)


def erase_person(session: Session, person_id: UUID, addresses: set[str]) -> None:
    """Erase what there is of a person whom the registry erased, also asked for by an address."""
    for table in (RoleNews, Unwanted):
        session.exec(delete(table).where(col(table.person_id) == person_id))
    reader = linking.locked_reader(session, person_id)
    if reader is not None:
        erase(session, reader)
    for address in addresses:
        holder = session.exec(select(Subscriber).where(Subscriber.email == address)).one_or_none()
        if holder is not None and holder.person_id is None:
            erase(session, holder)
        _erase_requests(session, address)


def erase(session: Session, reader: Subscriber) -> None:
    """Delete a reader, what they asked for and got, and what waits for them.

    An e-mail on its way at this moment is the last. Of a complaint the list of addresses without
    e-mails keeps a fingerprint, so that it still holds.
    """
    address = reader.email
    ids = _all_of(session, reader.id)
    mine = select(Delivery.id).where(col(Delivery.subscriber_id).in_(ids))
    session.exec(
        update(BounceReport).where(col(BounceReport.delivery_id).in_(mine)).values(delivery_id=None)
    )
    for table in (DigestItem, Delivery, Digest, DigestWindow, Subscription):
        session.exec(delete(table).where(col(table.subscriber_id).in_(ids)))
    session.exec(
        delete(Subscriber).where(
            or_(col(Subscriber.id).in_(ids[1:]), col(Subscriber.id) == reader.id)
        )
    )
    session.expunge_all()
    _erase_requests(session, address)
    suppressions.forget(session, address)


def _all_of(session: Session, reader_id: UUID) -> list[UUID]:
    """Return the reader's id and those of the readers who became this one."""
    joined = session.exec(select(Subscriber.id).where(Subscriber.joined_into == reader_id)).all()
    return [reader_id, *(found for each in joined for found in _all_of(session, each))]


def _erase_requests(session: Session, address: str) -> None:
    asked = select(SubscriptionRequest.id).where(SubscriptionRequest.email == address)
    deliveries = select(Delivery.id).where(col(Delivery.request_id).in_(asked))
    session.exec(
        update(BounceReport)
        .where(col(BounceReport.delivery_id).in_(deliveries))
        .values(delivery_id=None)
    )
    session.exec(delete(Delivery).where(col(Delivery.request_id).in_(asked)))
    session.exec(delete(SubscriptionRequest).where(col(SubscriptionRequest.email) == address))
