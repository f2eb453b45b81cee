"""Needs and offers of the registry are known here by its events, and seen as there."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from services.workgroups.projections import REGISTRY_PROJECTION
from services.workgroups.support import Side, require_linkable, seen
from services.workgroups.tables import Support
from shared.database import Database
from shared.events.catalogue import (
    InstitutionUpdated,
    NeedDelivered,
    NeedEvent,
    NeedExpired,
    NeedMatched,
    NeedPublished,
    NeedUnanswered,
    NeedUpdated,
    NeedWithdrawn,
    OfferPublished,
    SupportFacts,
    SupportState,
)
from shared.events.envelope import Event
from shared.identity import Caller
from shared.ids import new_id
from shared.problems import Problem
from tests.workgroups.world import (
    Partner,
    Person,
    Workgroups,
    institution_facts,
    support_facts,
)

NEED, INSTITUTION = new_id(), new_id()


def at(state: SupportState, version: int, title: str = "Teachers") -> dict[str, SupportFacts]:
    return {
        "need": support_facts(INSTITUTION, item_id=NEED, state=state, version=version, title=title)
    }


LIFE: Sequence[NeedEvent] = [
    NeedPublished(**at("published", 2)),
    NeedUpdated(**at("published", 3, "Teachers of mathematics")),
    NeedUnanswered(**at("published", 3, "Teachers of mathematics"), days=14),
    NeedExpired(**at("expired", 4, "Teachers of mathematics")),
    NeedPublished(**at("published", 5, "Teachers of mathematics")),
    NeedMatched(**at("matched", 6, "Teachers of mathematics")),
    NeedDelivered(**at("delivered", 7, "Teachers of mathematics")),
]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations([*LIFE, *LIFE]))
def test_the_newest_version_of_a_need_wins_in_any_order(
    database: Database, order: list[NeedEvent]
) -> None:
    with Session(database.engine) as session:
        for data in order:
            REGISTRY_PROJECTION.apply(session, Event.of(data, subject="told/here"))
        kept = session.get_one(Support, NEED)
        assert (kept.side, kept.institution_id) == ("need", INSTITUTION)
        assert (kept.title, kept.state, kept.version) == ("Teachers of mathematics", "delivered", 7)
        session.rollback()


def known(
    workgroups: Workgroups, partner: Partner, state: SupportState = "published"
) -> tuple[UUID, UUID]:
    """Return a need and an offer of the institution."""
    need, offer = support_facts(partner.id, state=state), support_facts(partner.id, state=state)
    workgroups.tell(NeedPublished(need=need), OfferPublished(offer=offer))
    return need.item_id, offer.item_id


def caller_of(person: Person) -> Caller:
    return Caller(id=person.id, kind="person", scopes=frozenset({"act"}))


def sees(workgroups: Workgroups, person: Person | None, support_id: UUID) -> bool:
    with workgroups.database.read() as session:
        return bool(seen(session, caller_of(person) if person else None, [support_id]))


def test_what_is_shown_of_a_public_institution_is_seen_by_everybody(
    workgroups: Workgroups,
) -> None:
    need, offer = known(workgroups, workgroups.partner())

    for support_id in (need, offer):
        assert sees(workgroups, None, support_id)
        assert sees(workgroups, workgroups.person(), support_id)


def test_what_is_withdrawn_is_seen_by_its_people_and_coordinators(workgroups: Workgroups) -> None:
    partner = workgroups.partner()
    need, _ = known(workgroups, partner)
    gone = support_facts(partner.id, item_id=need, state="withdrawn", version=9)
    workgroups.tell(NeedWithdrawn(need=gone))

    assert not sees(workgroups, None, need)
    assert not sees(workgroups, workgroups.partner("FAO").focal_point, need)
    assert sees(workgroups, partner.focal_point, need)
    assert sees(workgroups, workgroups.coordinator(), need)


@pytest.mark.parametrize(
    ("visibility", "everybody", "partners"),
    [("public", True, True), ("partners", False, True), ("private", False, False)],
)
def test_a_need_is_as_visible_as_its_institution(
    workgroups: Workgroups, visibility: str, everybody: bool, partners: bool
) -> None:
    partner = workgroups.partner()
    need, _ = known(workgroups, partner)
    facts = institution_facts(institution_id=partner.id, visibility=visibility, version=9)
    workgroups.tell(InstitutionUpdated(institution=facts))

    assert sees(workgroups, None, need) is everybody
    assert sees(workgroups, workgroups.person(), need) is everybody
    assert sees(workgroups, workgroups.partner("FAO").focal_point, need) is partners
    assert sees(workgroups, partner.focal_point, need)


def test_only_what_is_seen_and_of_that_side_can_be_linked_once(workgroups: Workgroups) -> None:
    partner, caller = workgroups.partner(), caller_of(workgroups.person())
    need, offer = known(workgroups, partner)
    hidden, _ = known(workgroups, partner, "withdrawn")

    with workgroups.database.read() as session:
        require_linkable(session, caller, Side.NEED, [need], "/needs")
        require_linkable(session, caller, Side.NEED, [hidden], "/needs", kept={hidden})
        for bad in (offer, hidden, new_id(), need):
            with pytest.raises(Problem) as refused:
                require_linkable(session, caller, Side.NEED, [need, bad], "/needs")
            assert [error.pointer for error in refused.value.errors] == ["/needs/1"]
