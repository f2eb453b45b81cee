"""Needs, offers and introductions as the registry tells of them."""

from datetime import datetime

from sqlmodel import Session

from services.notifier import targets
from services.notifier.projections.telling import tell
from services.notifier.tables import Introduction, Support
from services.notifier.vocabulary import NoticeKind, TargetKind
from shared.events.catalogue import (
    IntroductionEvent,
    NeedEvent,
    NeedPublished,
    NeedUnanswered,
    OfferEvent,
    OfferPublished,
    SupportFacts,
)
from shared.events.envelope import Event

NEED, OFFER = "need", "offer"


def need_known(session: Session, event: Event, data: NeedEvent) -> None:
    """Keep the need."""
    _keep(session, NEED, data.need, event.time)


def need_told(session: Session, event: Event, data: NeedPublished | NeedUnanswered) -> None:
    """Keep the need and tell those who follow such needs, its institution or a theme of it."""
    _keep(session, NEED, data.need, event.time)
    is_new = isinstance(data, NeedPublished)
    kind = NoticeKind.NEED_PUBLISHED if is_new else NoticeKind.NEED_UNANSWERED
    _tell(session, event, kind, TargetKind.NEEDS, data.need)


def offer_told(session: Session, event: Event, data: OfferPublished) -> None:
    """Keep the offer and tell those who follow such offers, its institution or a theme of it."""
    _keep(session, OFFER, data.offer, event.time)
    _tell(session, event, NoticeKind.OFFER_PUBLISHED, TargetKind.OFFERS, data.offer)


def offer_known(session: Session, event: Event, data: OfferEvent) -> None:
    """Keep the offer."""
    _keep(session, OFFER, data.offer, event.time)


def introduction_known(session: Session, event: Event, data: IntroductionEvent) -> None:
    """Keep how far the introduction came."""
    facts = data.introduction
    kept = session.get(Introduction, facts.introduction_id)
    if kept is not None and kept.version >= facts.version:
        return
    session.merge(
        Introduction(
            id=facts.introduction_id,
            need_id=facts.need_id,
            offer_id=facts.offer_id,
            recipient_id=facts.recipient_id,
            provider_id=facts.provider_id,
            state=facts.state,
            since=kept.since if kept is not None and kept.state == facts.state else event.time,
            version=facts.version,
        )
    )


def _tell(
    session: Session, event: Event, kind: NoticeKind, side: TargetKind, facts: SupportFacts
) -> None:
    tell(
        session,
        event,
        kind,
        targets=(
            targets.Target(side),
            targets.institution(facts.institution_id),
            *(targets.theme(slug) for slug in facts.themes),
        ),
    )


def _keep(session: Session, side: str, facts: SupportFacts, at: datetime) -> None:
    kept = session.get(Support, facts.item_id)
    if kept is not None and kept.version >= facts.version:
        return
    session.merge(
        Support(
            id=facts.item_id,
            side=side,
            institution_id=facts.institution_id,
            institution_name=facts.institution_name,
            title=facts.title,
            kind=facts.kind,
            themes=facts.themes,
            countries=facts.countries,
            ends_on=facts.ends_on,
            state=facts.state,
            since=kept.since if kept is not None and kept.state == facts.state else at,
            version=facts.version,
        )
    )
