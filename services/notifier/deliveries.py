"""Deliveries: each e-mail from the intent to the mail server's answer.

``sending`` is the intent: a worker sets it just before e-mails go on the wire, by comparing and
setting state and time, and records the answers after. Killed in between, the hold lapses and these
few are in doubt: counted as such, and sent once more with the same Message-ID, by which mail
programs know that it is the same e-mail.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    ColumnElement,
    String,
    TableValuedAlias,
    Uuid,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    tuple_,
)
from sqlmodel import Session, col, select, update

from services.notifier import digest_runs, domains, suppressions
from services.notifier.announcements import withdrawing
from services.notifier.domains import Limits
from services.notifier.pausing import not_paused
from services.notifier.replies import Fate, Verdict
from services.notifier.tables import Delivery, Subscriber, Subscription, SubscriptionRequest, Trial
from services.notifier.vocabulary import UNFINISHED, DeliveryKind, DeliveryState
from shared.columns import is_one_of
from shared.problems import NOT_FOUND, Problem, ProblemKind

BACKOFF = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""How long to wait after each attempt that may yet succeed: two days in all, then it failed."""

NOT_STOPPED = ProblemKind("delivery-not-stopped", 409, "The e-mail needs no help")
READER_LEFT = "The reader left."


@dataclass(frozen=True)
class Claim:
    """An e-mail that is due, as a worker means to send it."""

    delivery_id: UUID
    kind: DeliveryKind
    request_id: UUID | None
    digest_id: UUID | None
    run_id: UUID | None
    attempt: int
    domain: str = ""
    """Of the recipient's address, in small letters."""
    resends: UUID | None = None
    """Which e-mail this one sends again."""


@dataclass(frozen=True)
class Outcome:
    """What became of a claim."""

    claim: Claim
    verdict: Verdict


def due(
    session: Session, delivery_ids: Collection[UUID], now: datetime, limits: Limits
) -> list[Claim]:
    """Return those of the deliveries that may be sent now; what must wait or is void is noted.

    Nothing is taken yet: `take` does that just before the wire. A reader who has left gets
    nothing, nor does a suppressed address; a domain that rests or had its share is asked later.
    """
    rows = session.execute(
        select(  # type: ignore[call-overload,misc]
            Delivery.id,
            Delivery.kind,
            Delivery.request_id,
            Delivery.digest_id,
            Delivery.run_id,
            Delivery.attempts,
            Delivery.subscriber_id,
            Delivery.resends,
            func.coalesce(Subscriber.email, SubscriptionRequest.email, Trial.email).label(
                "address"
            ),
        )
        .select_from(Delivery)
        .outerjoin(Subscriber, col(Subscriber.id) == col(Delivery.subscriber_id))
        .outerjoin(SubscriptionRequest, col(SubscriptionRequest.id) == col(Delivery.request_id))
        .outerjoin(Trial, col(Trial.id) == col(Delivery.trial_id))
        .where(is_one_of(session, Delivery.id, delivery_ids), *_due(now), not_paused())
        .order_by(col(Delivery.id))
    ).all()
    void = _cancel_those_left(session, rows, now)
    recipients = {row.id: row.address for row in rows if row.id not in void and row.address}
    void |= suppressions.cancel_suppressed(session, recipients, now)
    announced = {row.id for row in rows if row.kind is DeliveryKind.ANNOUNCEMENT}
    if announced:
        void |= withdrawing.cancel_void(session, announced - void, now)
    claims = [
        Claim(
            delivery_id=row.id,
            kind=row.kind,
            request_id=row.request_id,
            digest_id=row.digest_id,
            run_id=row.run_id,
            attempt=row.attempts + 1,
            domain=domains.of(row.address),
            resends=row.resends,
        )
        for row in rows
        if row.id not in void
    ]
    return admitted(session, claims, now, limits)


def admitted(
    session: Session, claims: Sequence[Claim], now: datetime, limits: Limits
) -> list[Claim]:
    """Return the e-mails whose domains take some now; let the others wait."""
    waits = domains.waits(session, [claim.domain for claim in claims], now, limits)
    admitted = []
    for claim, wait in zip(claims, waits, strict=True):
        if wait is None:
            admitted.append(claim)
        else:
            defer(session, [claim], wait.until, wait.reason)
    return admitted


def take(session: Session, claims: Sequence[Claim], now: datetime, hold: timedelta) -> list[Claim]:
    """Write the intent to send for ``hold``; return what is ours: still due, and not paused.

    What another worker held until its time ran out may have been sent: it counts as in doubt.
    """
    mine = (
        select(Delivery.id)
        .where(
            is_one_of(session, Delivery.id, [claim.delivery_id for claim in claims]),
            *_due(now),
            not_paused(),
        )
        .order_by(col(Delivery.id))
        .with_for_update(skip_locked=True)
    )
    lapsed = col(Delivery.state) == DeliveryState.SENDING
    taken = session.execute(
        update(Delivery)
        .where(col(Delivery.id).in_(mine))
        .values(
            state=DeliveryState.SENDING,
            attempts=col(Delivery.attempts) + 1,
            next_attempt_at=now + hold,
            doubts=col(Delivery.doubts) + case((lapsed, 1), else_=0),
        )
        .returning(col(Delivery.id))
        .execution_options(synchronize_session=False)
    ).scalars()
    ours = set(taken)
    return [claim for claim in claims if claim.delivery_id in ours]


def give_back(session: Session, claims: Sequence[Claim], now: datetime) -> None:
    """Undo `take` for what didn't go on the wire."""
    if claims:
        _change(
            session,
            _held(claims),
            state=DeliveryState.DUE,
            attempts=col(Delivery.attempts) - 1,
            next_attempt_at=now,
        )


def defer(session: Session, claims: Iterable[Claim], until: datetime, reason: str) -> None:
    """Let e-mails wait that were not tried; the sweep queues them again when it is time."""
    ids = [claim.delivery_id for claim in claims]
    waiting = col(Delivery.id).in_(ids) & (col(Delivery.state) == DeliveryState.DUE)
    _change(session, waiting, next_attempt_at=until, queued_at=None, answer=reason)


def record(session: Session, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write down what became of each e-mail; after the last attempt that may yet succeed it failed.

    That the mail server took it is recorded whatever happened to the claim meanwhile.
    """
    sent = {
        outcome.claim.delivery_id: outcome.verdict.reason
        for outcome in outcomes
        if outcome.verdict.fate is Fate.SENT
    }
    if sent:
        told = _words(session, sent)
        unsettled = (col(Delivery.id) == cast(told.c.key, Uuid)) & (
            col(Delivery.state) != DeliveryState.SENT
        )
        _change(session, unsettled, state=DeliveryState.SENT, finished_at=now, answer=told.c.value)
    for outcome in outcomes:
        if outcome.verdict.fate is Fate.REFUSED:
            _fail(session, outcome.claim, outcome.verdict.reason, now)
        elif outcome.verdict.fate is not Fate.SENT:
            _postpone(session, outcome.claim, outcome.verdict, now)


def _words(session: Session, words: Mapping[UUID, str | None]) -> TableValuedAlias:
    """Return the words as a table, each with the id of its delivery, from one parameter.

    CASE would have a branch for each: another statement for each number of them.
    """
    postgres = session.get_bind().dialect.name == "postgresql"
    each = func.json_each_text if postgres else func.json_each
    by_id = {delivery_id.hex: said for delivery_id, said in words.items()}
    return each(literal(by_id, JSON)).table_valued(column("key", String), column("value", String))


def park(session: Session, claim: Claim, reason: str, now: datetime) -> None:
    """Set aside an e-mail that can't be written, until somebody puts it through again."""
    _change(
        session,
        (col(Delivery.id) == claim.delivery_id) & and_(*_due(now)),
        state=DeliveryState.PARKED,
        attempts=claim.attempt,
        finished_at=now,
        answer=reason,
    )


def cancel(session: Session, claim: Claim, reason: str, now: datetime) -> None:
    """Let an e-mail go that has nothing to say any more; it isn't tried again."""
    _change(
        session,
        (col(Delivery.id) == claim.delivery_id) & and_(*_due(now)),
        state=DeliveryState.CANCELLED,
        finished_at=now,
        answer=reason,
    )


def settle_runs(session: Session, claims: Iterable[Claim], now: datetime) -> None:
    """Mark the runs as done whose last e-mails these were."""
    for run_id in {claim.run_id for claim in claims if claim.run_id is not None}:
        digest_runs.finish_if_settled(session, run_id, now)


def put_through(session: Session, delivery_id: UUID, now: datetime) -> Delivery:
    """Let an e-mail that was parked or failed be tried anew; raise ``Problem`` for another."""
    delivery = session.exec(
        select(Delivery).where(col(Delivery.id) == delivery_id).with_for_update()
    ).one_or_none()
    if delivery is None:
        raise Problem(NOT_FOUND, "There is no delivery with this id.")
    if delivery.state not in (DeliveryState.PARKED, DeliveryState.FAILED):
        raise Problem(
            NOT_STOPPED,
            f"Only a parked or failed e-mail can be put through again; this one is "
            f"{delivery.state}.",
        )
    delivery.state = DeliveryState.DUE
    delivery.attempts = 0
    delivery.next_attempt_at = now
    delivery.queued_at = now
    delivery.finished_at = None
    delivery.answer = None
    session.add(delivery)
    session.flush()
    return delivery


def put_parked_through(session: Session, now: datetime) -> int:
    """Let every parked e-mail be tried anew; return how many. The sweep queues them."""
    return _change(
        session,
        col(Delivery.state) == DeliveryState.PARKED,
        state=DeliveryState.DUE,
        attempts=0,
        next_attempt_at=now,
        queued_at=None,
        finished_at=None,
        answer=None,
    )


def _due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(Delivery.state).in_(UNFINISHED), col(Delivery.next_attempt_at) <= now


def _held(claims: Iterable[Claim]) -> ColumnElement[bool]:
    """Return that the delivery is on the wire by one of these claims, not by a later one."""
    held = [(claim.delivery_id, claim.attempt) for claim in claims]
    return and_(
        tuple_(col(Delivery.id), col(Delivery.attempts)).in_(held),
        col(Delivery.state) == DeliveryState.SENDING,
    )


def _change(session: Session, which: ColumnElement[bool], **values: Any) -> int:
    """Change deliveries at once; return how many."""
    statement = update(Delivery).where(which).values(**values)
    return session.exec(statement.execution_options(synchronize_session=False)).rowcount


def _fail(session: Session, claim: Claim, reason: str | None, now: datetime) -> None:
    failed = {"state": DeliveryState.FAILED, "finished_at": now, "answer": reason}
    _change(session, _held([claim]), **failed)


def _postpone(session: Session, claim: Claim, verdict: Verdict, now: datetime) -> None:
    if verdict.fate is Fate.DOMAIN_LATER:
        domains.rest(session, claim.domain, verdict.reason, now)
    if verdict.fate is Fate.IN_DOUBT:
        _change(session, _held([claim]), doubts=col(Delivery.doubts) + 1)
    if claim.attempt > len(BACKOFF):
        _fail(session, claim, f"Given up: {verdict.reason}", now)
        return
    _change(
        session,
        _held([claim]),
        state=DeliveryState.DUE,
        next_attempt_at=now + BACKOFF[claim.attempt - 1],
        queued_at=None,
        answer=verdict.reason,
    )


def _cancel_those_left(session: Session, rows: Sequence[Any], now: datetime) -> set[UUID]:
    """Cancel what is for readers who read nothing any more; return its ids."""
    readers = {row.subscriber_id for row in rows if row.subscriber_id is not None}
    reading = set(
        session.exec(
            select(Subscription.subscriber_id)
            .where(
                is_one_of(session, Subscription.subscriber_id, readers),
                col(Subscription.ended_at).is_(None),
            )
            .distinct()
        )
    )
    left = readers - reading
    void = {row.id for row in rows if row.subscriber_id in left}
    if void:
        _change(
            session,
            col(Delivery.id).in_(void) & and_(*_due(now)),
            state=DeliveryState.CANCELLED,
            finished_at=now,
            answer=READER_LEFT,
        )
        for run_id in {row.run_id for row in rows if row.id in void} - {None}:
            digest_runs.finish_if_settled(session, run_id, now)
    return void
