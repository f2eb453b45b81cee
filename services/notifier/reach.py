"""Reach: which subscriptions follow what a notice is about."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from services.notifier import criteria
from services.notifier.tables import Notice, Subscription
from services.notifier.targets import Target
from services.notifier.vocabulary import TargetKind
from shared.events.support import SupportFacts

SUPPORT = {TargetKind.NEEDS: "need", TargetKind.OFFERS: "offer"}
"""Where the facts of a notice hold what criteria are applied to."""

AT_ONCE = 500
"""Targets asked for in one question."""


def wanting(
    session: Session, reached: Collection[Target], facts: dict[str, Any]
) -> list[Subscription]:
    """Return the active subscriptions to any of these targets.

    ``Target(TargetKind.NEEDS)`` among them stands for every subscription to needs whose criteria
    fit the need in ``facts``; likewise for offers.
    """
    exact = [target for target in reached if target.kind not in SUPPORT]
    chosen = [
        fitting
        for target in reached
        if target.kind in SUPPORT
        for fitting in _fitting(session, target.kind, facts)
    ]
    wanted = [*exact, *chosen]
    found: list[Subscription] = []
    for begin in range(0, len(wanted), AT_ONCE):
        found += session.exec(
            select(Subscription).where(
                tuple_(col(Subscription.target_kind), col(Subscription.target_id)).in_(
                    [(target.kind, target.id) for target in wanted[begin : begin + AT_ONCE]]
                ),
                col(Subscription.ended_at).is_(None),
            )
        ).all()
    return found


def follows(notice: Notice, subscription: Subscription) -> bool:
    """Tell whether a notice is about what the subscription follows."""
    target = Target(subscription.target_kind, subscription.target_id)
    if target.kind not in SUPPORT:
        return target.key in notice.targets
    return Target(target.kind).key in notice.targets and criteria.fits(
        criteria.of_key(target.id), _support(target.kind, notice.facts)
    )


def _fitting(session: Session, kind: TargetKind, facts: dict[str, Any]) -> list[Target]:
    support = _support(kind, facts)
    keys = session.exec(
        select(Subscription.target_id)
        .where(col(Subscription.target_kind) == kind, col(Subscription.ended_at).is_(None))
        .distinct()
    )
    return [Target(kind, key) for key in keys if criteria.fits(criteria.of_key(key), support)]


def _support(kind: TargetKind, facts: dict[str, Any]) -> SupportFacts:
    return SupportFacts.model_validate(facts[SUPPORT[kind]])
