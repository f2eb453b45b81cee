"""The suppression list: addresses that get no e-mail, of whatever kind, until somebody lifts it.

That holds for confirmations as well. Everybody may ask for a subscription in the name of an
address, so an e-mail to who complained would let a stranger send it again and again. The answer to
who asks is the same for every address and says what to do when nothing comes.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from services.notifier import digest_runs, leaving
from services.notifier.addresses import fingerprints
from services.notifier.tables import Delivery, Subscriber, SubscriptionRequest, Suppression, Trial
from services.notifier.vocabulary import UNFINISHED, DeliveryState, SuppressionReason
from shared.columns import is_one_of
from shared.etags import require_version
from shared.problems import NOT_ALLOWED_NOW, NOT_FOUND, Problem

IF_NOTHING_COMES = (
    "If no e-mail comes within an hour, look into the spam folder. We send none to an address "
    "whose e-mails came back or whose reader reported them as unwanted: then ask a coordinator to "
    "let e-mails through to it again."
)
"""What everybody is told who asks for a subscription, suppressed or not."""

UNKNOWN = "Nothing on the list has that id. GET /suppressions lists it."

_WORDS = {
    SuppressionReason.COMPLAINT: "its reader reported an e-mail as unwanted",
    SuppressionReason.BY_HAND: "a coordinator put it on the list",
    SuppressionReason.HARD_BOUNCE: "an e-mail came back for good",
    SuppressionReason.SOFT_BOUNCES: "too many e-mails came back",
}


def suppress(
    session: Session,
    address: str,
    reason: SuppressionReason,
    now: datetime,
    *,
    report_id: UUID | None = None,
    by: UUID | None = None,
    note: str | None = None,
) -> tuple[Suppression, bool]:
    """Put the address on the list, and cancel what has not left yet; return whether it is new.

    One that is there already keeps its place, with the graver of the two reasons. A complaint ends
    its reader's subscriptions too.
    """
    printed = fingerprint(session, address)
    new = Suppression(
        fingerprint=printed,
        address=address,
        reason=reason,
        report_id=report_id,
        note=note,
        created_at=now,
        created_by=by,
    )
    fresh = True
    try:
        with session.begin_nested():
            session.add(new)
    except IntegrityError:
        fresh = False
    kept = new if fresh else _active(session, printed)
    if not fresh and reason.gravity > kept.reason.gravity:
        kept.reason = reason
        kept.report_id = report_id
        kept.note = note or kept.note
        kept.address = kept.address or address
        kept.version += 1
        session.add(kept)
    session.flush()
    for subscriber_id in _readers(session, address):
        if reason is SuppressionReason.COMPLAINT:
            leaving.leave(session, subscriber_id, now)
    _cancel(session, _unfinished_to(session, address), reason, now)
    return kept, fresh


def lift(
    session: Session,
    suppression_id: UUID,
    version: int,
    now: datetime,
    *,
    by: UUID | None = None,
    because: str | None = None,
) -> Suppression:
    """Let e-mails through to the address again; doing it again changes nothing.

    It starts afresh: what bounced before counts no more. Raises ``Problem`` when there is none of
    that id, or when it is not at ``version`` any more.
    """
    suppression = locked(session, suppression_id)
    if suppression.lifted_at is not None:
        return suppression
    require_version(suppression.version, version)
    suppression.lifted_at = now
    suppression.lifted_by = by
    suppression.lifted_because = because
    suppression.version += 1
    session.add(suppression)
    session.flush()
    return suppression


def locked(session: Session, suppression_id: UUID) -> Suppression:
    """Return a suppression, locked for this transaction; raise ``Problem`` when unknown."""
    suppression = session.exec(
        select(Suppression).where(col(Suppression.id) == suppression_id).with_for_update()
    ).one_or_none()
    if suppression is None:
        raise Problem(NOT_FOUND, UNKNOWN)
    return suppression


def of_address(session: Session, address: str) -> Suppression | None:
    """Return the suppression of the address that is in force."""
    return session.exec(
        select(Suppression).where(
            col(Suppression.fingerprint) == fingerprint(session, address),
            col(Suppression.lifted_at).is_(None),
        )
    ).one_or_none()


def in_words(reason: SuppressionReason) -> str:
    """Return why an address gets no e-mail, in the words of a sentence."""
    return _WORDS[reason]


def fingerprint(session: Session, address: str) -> str:
    """Return by what the address is found on the list."""
    return fingerprints(session).of(address)


def among(session: Session, addresses: Iterable[str]) -> dict[str, SuppressionReason]:
    """Return those of ``addresses`` that get no e-mail, each with the reason."""
    known = fingerprints(session)
    by_fingerprint: dict[str, list[str]] = {}
    for address in addresses:
        by_fingerprint.setdefault(known.of(address), []).append(address)
    if not by_fingerprint:
        return {}
    found = session.exec(
        select(Suppression.fingerprint, Suppression.reason).where(
            is_one_of(session, Suppression.fingerprint, by_fingerprint),
            col(Suppression.lifted_at).is_(None),
        )
    ).all()
    return {
        address: SuppressionReason(reason)
        for printed, reason in found
        for address in by_fingerprint[printed]
    }


def cancel_suppressed(
    session: Session, recipients: Mapping[UUID, str], now: datetime
) -> frozenset[UUID]:
    """Cancel those of the deliveries that are to a suppressed address; return which.

    ``recipients`` are the addresses by delivery.
    """
    reasons = among(session, set(recipients.values()))
    cancelled = {
        delivery_id: reasons[address]
        for delivery_id, address in recipients.items()
        if address in reasons
    }
    for reason in set(cancelled.values()):
        _cancel(session, [each for each, why in cancelled.items() if why is reason], reason, now)
    return frozenset(cancelled)


def recipients_of(session: Session, delivery_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the address of each delivery."""
    to_readers = select(Delivery.id, Subscriber.email).join(
        Subscriber, col(Subscriber.id) == col(Delivery.subscriber_id)
    )
    to_askers = select(Delivery.id, SubscriptionRequest.email).join(
        SubscriptionRequest, col(SubscriptionRequest.id) == col(Delivery.request_id)
    )
    to_coordinators = select(Delivery.id, Trial.email).join(
        Trial, col(Trial.id) == col(Delivery.trial_id)
    )
    return {
        delivery_id: address
        for statement in (to_readers, to_askers, to_coordinators)
        for delivery_id, address in session.exec(
            statement.where(is_one_of(session, Delivery.id, delivery_ids))
        ).all()
    }


def forget(session: Session, address: str) -> None:
    """Take the address out of the list and leave its fingerprint, so that it still gets nothing."""
    session.exec(
        update(Suppression)
        .where(col(Suppression.fingerprint) == fingerprint(session, address))
        .values(address=None, note=None, lifted_because=None)
    )


def _active(session: Session, printed: str) -> Suppression:
    found = session.exec(
        select(Suppression)
        .where(col(Suppression.fingerprint) == printed, col(Suppression.lifted_at).is_(None))
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise Problem(NOT_ALLOWED_NOW, "Somebody lifted this suppression just now: try again.")
    return found


def _readers(session: Session, address: str) -> list[UUID]:
    return list(session.exec(select(Subscriber.id).where(col(Subscriber.email) == address)))


def _unfinished_to(session: Session, address: str) -> list[UUID]:
    readers = select(Subscriber.id).where(col(Subscriber.email) == address)
    requests = select(SubscriptionRequest.id).where(col(SubscriptionRequest.email) == address)
    trials = select(Trial.id).where(col(Trial.email) == address)
    return list(
        session.exec(
            select(Delivery.id).where(
                col(Delivery.state).in_(UNFINISHED),
                col(Delivery.subscriber_id).in_(readers)
                | col(Delivery.request_id).in_(requests)
                | col(Delivery.trial_id).in_(trials),
            )
        )
    )


def _cancel(
    session: Session, delivery_ids: Collection[UUID], reason: SuppressionReason, now: datetime
) -> None:
    unfinished = (col(Delivery.id).in_(delivery_ids), col(Delivery.state).in_(UNFINISHED))
    runs = set(session.exec(select(Delivery.run_id).where(*unfinished)))
    session.exec(
        update(Delivery)
        .where(*unfinished)
        .values(
            state=DeliveryState.CANCELLED,
            finished_at=now,
            answer=f"Not sent: {_WORDS[reason]}.",
        )
    )
    for run_id in filter(None, runs):
        digest_runs.finish_if_settled(session, run_id, now)
