"""Events of needs, offers and introductions that nobody reacts to are skipped: none holds up."""

from services.notifier.projections import REGISTRY_PROJECTION as NOTIFIER
from services.workgroups.projections import REGISTRY_PROJECTION as WORKGROUPS
from shared.events.catalogue import ALL, IntroductionEvent, NeedEvent, OfferEvent

TOLD = [data for data in ALL if issubclass(data, NeedEvent | OfferEvent | IntroductionEvent)]


def test_the_notifier_keeps_nothing_of_needs_and_offers_and_skips_their_events() -> None:
    assert len(TOLD) == 24
    assert [data.name for data in TOLD if NOTIFIER.concerns(data.type())] == []


def test_workgroups_keeps_needs_and_offers_and_skips_events_of_introductions() -> None:
    skipped = {data.name for data in TOLD if not WORKGROUPS.concerns(data.type())}
    assert skipped == {data.name for data in TOLD if issubclass(data, IntroductionEvent)}
    assert len(skipped) == 7
