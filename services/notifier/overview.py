"""Figures for those who run the notifier."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.notifier import pausing, subscribers
from services.notifier.tables import Delivery, Digest, DigestItem, DigestRun, DigestWindow
from services.notifier.vocabulary import (
    DIGEST_FREQUENCIES,
    UNFINISHED,
    DeliveryKind,
    DeliveryState,
    Frequency,
    RunState,
)
from shared.columns import utc_now
from shared.telemetry import Figure, counted


def figures(session: Session) -> Iterator[Figure]:
    """Yield the gauges of subscribers, digests, runs and deliveries; ages in seconds."""
    now = utc_now()
    yield Figure("subscribers", "Readers with an active subscription.", subscribers.count(session))
    states = {
        (kind, state): number
        for kind, state, number in session.exec(
            select(Delivery.kind, Delivery.state, func.count()).group_by(
                col(Delivery.kind), col(Delivery.state)
            )
        ).all()
    }
    for kind in DeliveryKind:
        for state in DeliveryState:
            yield Figure(
                "deliveries",
                "E-mails by kind and state.",
                states.get((kind, state), 0),
                {"kind": kind, "state": state},
            )
    doubted = session.exec(select(func.count()).where(col(Delivery.doubts) > 0)).one()
    yield Figure(
        "deliveries_in_doubt",
        "E-mails that may have arrived twice: nobody learned of the mail server's answer.",
        doubted,
    )
    yield Figure(
        "sending_paused",
        "Whether all sending is paused.",
        int(pausing.current(session) is not None),
    )
    oldest = session.exec(
        select(func.min(Delivery.next_attempt_at)).where(col(Delivery.state).in_(UNFINISHED))
    ).one()
    yield Figure(
        "oldest_due_delivery_seconds",
        "For how long the longest waiting e-mail has been due.",
        _age(now, oldest),
    )
    yield from counted(
        session, "digests", "Digests made, by frequency.", Digest.frequency, Frequency
    )
    yield Figure(
        "digest_items_waiting",
        "Items that wait for their window.",
        session.exec(select(func.count()).where(col(DigestItem.digest_id).is_(None))).one(),
    )
    yield from counted(session, "digest_runs", "Digest runs by state.", DigestRun.state, RunState)
    for frequency in DIGEST_FREQUENCIES:
        due = session.exec(
            select(func.min(DigestWindow.ends_at)).where(col(DigestWindow.frequency) == frequency)
        ).one()
        yield Figure(
            "oldest_open_window_seconds",
            "For how long the longest overdue digest window should have been closed.",
            _age(now, due),
            {"frequency": frequency},
        )


def _age(now: datetime, since: datetime | None) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
