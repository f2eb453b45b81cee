"""Reach: which subscriptions, and which webhook endpoints, follow what a notice is about."""

from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, true, tuple_
from sqlmodel import Session, col, select

from services.notifier import criteria
from services.notifier.tables import Notice, Subscription, WebhookTarget
from services.notifier.targets import Target
from services.notifier.vocabulary import TargetKind
from shared.events.support import SupportFacts

FollowingT = TypeVar("FollowingT", Subscription, WebhookTarget)

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
    active = col(Subscription.ended_at).is_(None)
    return _following(session, Subscription, reached, facts, active)


def endpoints_wanting(
    session: Session, reached: Collection[Target], facts: dict[str, Any]
) -> set[UUID]:
    """Return the webhook endpoints that follow any of these targets, understood as in `wanting`."""
    rows = _following(session, WebhookTarget, reached, facts, true())
    return {row.endpoint_id for row in rows}


def follows(notice: Notice, subscription: Subscription) -> bool:
    """Tell whether a notice is about what the subscription follows."""
    target = Target(subscription.target_kind, subscription.target_id)
    if target.kind not in SUPPORT:
        return target.key in notice.targets
    return Target(target.kind).key in notice.targets and criteria.fits(
        criteria.of_key(target.id), _support(target.kind, notice.facts)
    )


def _following(
    session: Session,
    table: type[FollowingT],
    reached: Collection[Target],
    facts: dict[str, Any],
    active: ColumnElement[bool],
) -> list[FollowingT]:
    exact: list[Target] = [target for target in reached if target.kind not in SUPPORT]
    chosen: list[Target] = [
        fitting
        for target in reached
        if target.kind in SUPPORT
        for fitting in _fitting(session, table, target.kind, facts, active)
    ]
    wanted = [*exact, *chosen]
    found: list[FollowingT] = []
    for begin in range(0, len(wanted), AT_ONCE):
        found += session.exec(
            select(table).where(
                tuple_(col(table.target_kind), col(table.target_id)).in_(
                    [(target.kind, target.id) for target in wanted[begin : begin + AT_ONCE]]
                ),
                active,
            )
        ).all()
    return found


def _fitting(
    session: Session,
    table: type[FollowingT],
    kind: TargetKind,
    facts: dict[str, Any],
    active: ColumnElement[bool],
) -> list[Target]:
    support = _support(kind, facts)
    keys = session.exec(
        select(table.target_id).where(col(table.target_kind) == kind, active).distinct()
    )
    return [Target(kind, key) for key in keys if criteria.fits(criteria.of_key(key), support)]


def _support(kind: TargetKind, facts: dict[str, Any]) -> SupportFacts:
    return SupportFacts.model_validate(facts[SUPPORT[kind]])
