"""What nobody reacts to holds nobody up: events of needs, offers and introductions are skipped."""

import pytest

from services.notifier.projections import REGISTRY_PROJECTION as NOTIFIER
from services.workgroups.projections import REGISTRY_PROJECTION as WORKGROUPS
from shared.events.catalogue import ALL, IntroductionEvent, NeedEvent, OfferEvent
from shared.projection import Projection

TOLD = [data for data in ALL if issubclass(data, NeedEvent | OfferEvent | IntroductionEvent)]


@pytest.mark.parametrize("projection", [NOTIFIER, WORKGROUPS], ids=["notifier", "workgroups"])
def test_a_service_that_keeps_nothing_of_needs_and_offers_skips_their_events(
    projection: Projection,
) -> None:
    assert len(TOLD) == 24
    assert [data.name for data in TOLD if projection.concerns(data.type())] == []
