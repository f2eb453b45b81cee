"""Figures of bounces and of the suppression list."""

from collections.abc import Iterator

from sqlmodel import Session, col

from services.notifier.tables import BounceReport, Suppression
from services.notifier.vocabulary import BounceKind, SuppressionReason
from shared.telemetry import Figure, counted


def figures(session: Session) -> Iterator[Figure]:
    """Yield how many reports there are of each kind, and how many addresses get no e-mail."""
    yield from counted(
        session,
        "bounces",
        "Reports of mail servers, by what they say.",
        BounceReport.kind,
        BounceKind,
    )
    yield from counted(
        session,
        "suppressed_addresses",
        "Addresses that get no e-mail, by reason.",
        Suppression.reason,
        SuppressionReason,
        col(Suppression.lifted_at).is_(None),
    )
