"""What `/metrics` shows of the registry."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from services.registry import flags, verification_queue
from services.registry.tables import (
    Coordinator,
    FocalPoint,
    Institution,
    OutgoingLetter,
    SignedInSession,
    SignIn,
)
from services.registry.transitions import Status
from services.registry.verification_dates import FIRST_NOTICE, LAST_NOTICE
from shared.columns import utc_now
from shared.telemetry import Figure, counted


def collect(session: Session) -> Iterable[Figure]:
    """Yield the registry's figures: registrations, their queue, people and sign-ins."""
    now = utc_now()
    yield from counted(
        session,
        "institutions",
        "Institutions by the state of their registration.",
        Institution.status,
        Status,
    )
    oldest = verification_queue.waiting_since(session)
    yield Figure(
        "verification_queue_oldest_seconds",
        "How long the oldest submitted registration has waited for a coordinator.",
        (now - oldest).total_seconds() if oldest is not None else 0,
    )
    verified = Institution.status == Status.VERIFIED
    until = col(Institution.verified_until)
    yield Figure(
        "verifications_lapsed",
        "Verified institutions whose verification has run out.",
        _count(session, Institution, verified, until <= now),
    )
    for within in (LAST_NOTICE, FIRST_NOTICE):
        yield Figure(
            "verifications_expiring",
            "Verified institutions whose verification runs out within so many days.",
            _count(session, Institution, verified, until > now, until <= now + within),
            {"days": str(within.days)},
        )
    for severity, number in flags.open_by_severity(session).items():
        yield Figure("open_flags", "Flags that stand, by severity.", number, {"severity": severity})
    yield Figure("coordinators", "Coordinators.", _count(session, Coordinator))
    yield Figure(
        "focal_points",
        "Confirmed roles of focal points and alternates.",
        _count(session, FocalPoint, col(FocalPoint.confirmed_at).is_not(None)),
    )
    yield Figure(
        "sessions",
        "Sessions in which somebody is signed in.",
        _count(
            session,
            SignedInSession,
            col(SignedInSession.ended_at).is_(None),
            col(SignedInSession.expires_at) > now,
        ),
    )
    waiting_since: datetime | None = session.exec(select(func.min(OutgoingLetter.written_at))).one()
    yield Figure(
        "letters_oldest_waiting_seconds",
        "How long the oldest e-mail has waited that the mail server has not taken yet.",
        (now - waiting_since).total_seconds() if waiting_since is not None else 0,
    )
    lately = col(SignIn.requested_at) > now - timedelta(hours=1)
    confirmed = _count(session, SignIn, lately, col(SignIn.confirmed_at).is_not(None))
    requested = _count(session, SignIn, lately)
    for outcome, value in (("confirmed", confirmed), ("unconfirmed", requested - confirmed)):
        yield Figure(
            "sign_ins_last_hour",
            "Sign-ins asked for within the last hour, by whether the code came back.",
            value,
            {"outcome": outcome},
        )


def _count(session: Session, table: type, *conditions: object) -> int:
    return session.exec(select(func.count()).select_from(table).where(*conditions)).one()  # type: ignore[arg-type]
