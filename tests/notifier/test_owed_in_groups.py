"""Who leads a group owes answers in it; where nobody does, the platform's coordinators owe them."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event as listener
from sqlmodel import select

from services.notifier import open_matters, owed, standing
from services.notifier.owed_entries import Kind, Owed
from services.notifier.tables import GroupMember, Participant
from shared.columns import utc_now
from shared.events.catalogue import (
    GroupUpdated,
    MembershipConfirmed,
    MembershipDeclined,
    MembershipInvited,
    MembershipRequested,
    MembershipSuspended,
    PersonErased,
    RoleConfirmed,
    RoleEnded,
    RoleSuspended,
)
from shared.ids import new_id
from tests.notifier.mailbox import text_of
from tests.notifier.partners import coordinates, has_role, hide, institution, person, speaks_for
from tests.notifier.world import GROUP_TITLE, THEME, World

ANA, BO = "ana@example.org", "bo@example.org"


def owed_by(world: World, *people: UUID) -> dict[UUID, list[Owed]]:
    with world.database.read() as session:
        stands = standing.standings(session, people)
        return owed.owed_by(session, stands, standing.speakers(stands), utc_now())


def kinds(world: World, person_id: UUID) -> list[Kind]:
    return [each.kind for each in owed_by(world, person_id)[person_id]]


def asks(world: World) -> MembershipRequested:
    requested = MembershipRequested.model_validate(
        {
            "admission_id": new_id(),
            "group_id": world.group_id,
            "group_title": GROUP_TITLE,
            "theme_slug": THEME,
            "institution_id": new_id(),
            "institution_name": "Ministry of Health of Nepal",
            "kind": "request",
        }
    )
    world.tell(requested)
    return requested


def place(world: World, institution_id: UUID) -> dict[str, object]:
    return {
        "group_id": world.group_id,
        "group_title": GROUP_TITLE,
        "theme_slug": THEME,
        "institution_id": institution_id,
        "institution_name": "Ministry of Health of Nepal",
    }


def role(world: World, participant_id: UUID, person_id: UUID, name: str) -> dict[str, object]:
    return {
        "participant_id": participant_id,
        "group_id": world.group_id,
        "group_title": GROUP_TITLE,
        "theme_slug": THEME,
        "person_id": person_id,
        "role": name,
    }


def test_a_request_to_a_group_that_nobody_leads_waits_for_the_platforms_coordinators(
    world: World,
) -> None:
    world.open_group()
    ana, bo = person(world, ANA), person(world, BO)
    coordinates(world, ana)
    has_role(world, bo)
    asks(world)
    assert kinds(world, ana) == [Kind.REQUEST]
    assert kinds(world, bo) == []


def test_a_request_to_a_group_that_somebody_leads_waits_for_nobody_else(world: World) -> None:
    world.open_group()
    ana, bo = person(world, ANA), person(world, BO)
    coordinates(world, ana)
    has_role(world, bo, "co_chair")
    asks(world)
    found = owed_by(world, ana, bo)
    assert found[ana] == []
    assert [each.kind for each in found[bo]] == [Kind.REQUEST]
    assert kinds(world, ana) == []


def test_the_platforms_coordinators_lead_while_the_last_who_leads_is_suspended(
    world: World,
) -> None:
    world.open_group()
    ana, bo = person(world, ANA), person(world, BO)
    coordinates(world, ana)
    participant_id = has_role(world, bo, "coordinator", suspended=True)
    asks(world)
    assert kinds(world, ana) == [Kind.REQUEST, Kind.ROLE]
    assert kinds(world, bo) == []
    confirmed = role(world, participant_id, bo, "coordinator")
    world.tell(RoleConfirmed.model_validate(confirmed))
    assert kinds(world, ana) == []
    assert kinds(world, bo) == [Kind.REQUEST]


def test_a_request_that_was_answered_waits_for_nobody(world: World) -> None:
    world.open_group()
    ana = person(world, ANA)
    coordinates(world, ana)
    requested = asks(world)
    declined = {**requested.model_dump(), "reason": "It works elsewhere."}
    world.tell(MembershipDeclined.model_validate(declined))
    assert kinds(world, ana) == []


def test_an_invitation_waits_for_the_institution_and_not_for_who_leads(world: World) -> None:
    world.open_group()
    ana, bo = person(world, ANA), person(world, BO)
    coordinates(world, ana)
    speaks_for(world, bo, world.institution_id)
    facts = {
        "admission_id": new_id(),
        **place(world, world.institution_id),
        "kind": "invitation",
    }
    world.tell(MembershipInvited.model_validate(facts))
    assert kinds(world, ana) == []
    assert kinds(world, bo) == [Kind.INVITATION]


def test_a_place_that_waits_to_be_confirmed_is_owed_until_it_is(world: World) -> None:
    world.open_group()
    ana = person(world, ANA)
    has_role(world, ana, "coordinator")
    nepal = institution(world, "Ministry of Health of Nepal")
    facts = place(world, nepal)
    at = utc_now() - timedelta(hours=2)
    suspended = MembershipSuspended.model_validate({**facts, "reason": "A new name."})
    event = world.tell(suspended, time=at)
    (found,) = owed_by(world, ana)[ana]
    assert (found.kind, found.title, found.since, found.group) == (
        Kind.MEMBERSHIP,
        "Ministry of Health of Nepal",
        at,
        GROUP_TITLE,
    )
    world.apply(event)
    assert owed_by(world, ana)[ana] == [found]
    world.tell(MembershipConfirmed.model_validate(facts))
    assert kinds(world, ana) == []
    with world.database.read() as session:
        (kept,) = session.exec(select(GroupMember))
        assert (kept.suspended, kept.suspended_at) == (False, None)


@pytest.mark.parametrize("end", [RoleConfirmed, RoleEnded])
def test_a_role_that_waits_to_be_confirmed_is_owed_until_it_is_or_ends(
    world: World, end: type[RoleConfirmed] | type[RoleEnded]
) -> None:
    world.open_group()
    ana, bo = person(world, ANA), person(world, BO)
    has_role(world, ana, "coordinator")
    facts = role(world, has_role(world, bo), bo, "observer")
    at = utc_now() - timedelta(hours=2)
    world.tell(RoleSuspended.model_validate({**facts, "reason": "A new name."}), time=at)
    (found,) = owed_by(world, ana)[ana]
    assert (found.kind, found.title, found.since) == (Kind.ROLE, GROUP_TITLE, at)
    assert kinds(world, bo) == []
    world.tell(end.model_validate(facts))
    assert kinds(world, ana) == []


def test_what_was_suspended_before_the_moment_was_kept_is_owed_too(world: World) -> None:
    world.open_group()
    ana, bo = person(world, ANA), person(world, BO)
    has_role(world, ana, "coordinator")
    has_role(world, bo, suspended=True)
    with world.database.write() as session:
        for kept in session.exec(select(Participant).where(Participant.person_id == bo)):
            kept.suspended_at = None
            session.add(kept)
    assert kinds(world, ana) == [Kind.ROLE]


def test_nothing_waits_in_a_group_that_is_closed(world: World) -> None:
    world.open_group()
    ana, bo = person(world, ANA), person(world, BO)
    coordinates(world, ana)
    asks(world)
    has_role(world, bo, suspended=True)
    closed = world.group().model_copy(update={"status": "archived", "version": 2})
    world.tell(GroupUpdated(group=closed))
    assert kinds(world, ana) == []


def test_who_may_not_see_a_hidden_group_hears_of_nothing_that_waits_in_it(world: World) -> None:
    world.open_group()
    hide(world, "members")
    ana, bo = person(world, ANA), person(world, BO)
    has_role(world, ana, "coordinator")
    speaks_for(world, bo, institution(world, "Another"))
    asks(world)
    assert kinds(world, ana) == [Kind.REQUEST]
    assert kinds(world, bo) == []


def test_somebody_erased_owes_nothing_and_gets_nothing(world: World) -> None:
    world.open_group()
    world.subscribe(ANA)
    ana = person(world, ANA)
    coordinates(world, ana)
    asks(world)
    world.tell(PersonErased(person_id=ana))
    world.close_windows()
    world.deliver_all()
    assert world.mailbox.messages == []


def test_the_digest_of_a_coordinator_says_what_waits_in_groups_first(world: World) -> None:
    world.open_group()
    world.subscribe(ANA)
    ana, bo = person(world, ANA), person(world, BO)
    coordinates(world, ana)
    has_role(world, bo, suspended=True)
    facts = place(world, institution(world, "Ministry of Labour"))
    world.tell(MembershipSuspended.model_validate({**facts, "reason": "A new name."}))
    asks(world)
    world.tell(world.update())
    world.close_windows()
    world.deliver_all()
    text = text_of(world.mailbox.messages[-1])
    places = [
        text.index(words)
        for words in (
            "WHAT YOU OWE",
            "Asks to join your group: Ministry of Health of Nepal",
            "Confirm that it stays in your group: Ministry of Labour",
            f"Confirm a role in your group: {GROUP_TITLE}",
            "Online volunteers for e-learning",
        )
    ]
    assert places == sorted(places)


def test_a_batch_asks_as_many_questions_for_many_who_lead_as_for_few(world: World) -> None:
    world.open_group()
    people = []
    for number in range(8):
        people.append(person(world, f"lead{number}@example.org"))
        has_role(world, people[-1], "co_chair")
        coordinates(world, people[-1])
    has_role(world, person(world, BO), suspended=True)
    asks(world)
    asked: list[str] = []
    listener.listen(
        world.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2])
    )

    def questions(some: list[UUID]) -> int:
        asked.clear()
        with world.database.read() as session:
            opened = open_matters.of_people(session, some, utc_now())
        assert all(len(opened[person_id].owed) == 2 for person_id in some)
        return sum(statement.lstrip().startswith("SELECT") for statement in asked)

    questions(people[:1])
    assert questions(people[:2]) == questions(people)
