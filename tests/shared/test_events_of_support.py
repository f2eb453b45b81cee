"""Needs, offers and introductions of the registry reach both other services."""

import pytest

from services.notifier.projections import REGISTRY_PROJECTION as NOTIFIER
from services.workgroups.projections import REGISTRY_PROJECTION as WORKGROUPS
from shared.events.catalogue import ALL, IntroductionEvent, NeedEvent, OfferEvent
from shared.projection import Projection

TOLD = [data for data in ALL if issubclass(data, NeedEvent | OfferEvent | IntroductionEvent)]


@pytest.mark.parametrize("projection", [NOTIFIER, WORKGROUPS], ids=["notifier", "workgroups"])
def test_both_services_hear_of_every_need_offer_and_introduction(projection: Projection) -> None:
    assert len(TOLD) == 24
    assert [data.name for data in TOLD if not projection.concerns(data.type())] == []
