"""Figures of bounces and of the suppression list."""

from collections.abc import Iterator

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.notifier.tables import BounceReport, Suppression
from services.notifier.vocabulary import BounceKind, SuppressionReason
from shared.telemetry import Figure


def figures(session: Session) -> Iterator[Figure]:
    """Yield how many reports there are of each kind, and how many addresses get no e-mail."""
    reports = dict(
        session.exec(select(BounceReport.kind, func.count()).group_by(col(BounceReport.kind))).all()
    )
    for kind in BounceKind:
        yield Figure(
            "bounces",
            "Reports of mail servers, by what they say.",
            reports.get(kind, 0),
            {"kind": kind},
        )
    suppressed = dict(
        session.exec(
            select(Suppression.reason, func.count())
            .where(col(Suppression.lifted_at).is_(None))
            .group_by(col(Suppression.reason))
        ).all()
    )
    for reason in SuppressionReason:
        yield Figure(
            "suppressed_addresses",
            "Addresses that get no e-mail, by reason.",
            suppressed.get(reason, 0),
            {"reason": reason},
        )
