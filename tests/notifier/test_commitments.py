"""The notifier knows what people owe and await, whatever order it is told in and however often."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel, select

from services.notifier.tables import (
    ActionItem,
    ActionItemPerson,
    Admission,
    Introduction,
    Invitation,
    Meeting,
    MeetingGroup,
    Reassignment,
    Support,
)
from shared.events.catalogue import (
    ActionItemAssigned,
    ActionItemChanged,
    ActionItemOverdue,
    ActionItemReassigned,
    ActionItemReassignmentProposed,
    IntroductionAccepted,
    IntroductionFacts,
    IntroductionRequested,
    MeetingFacts,
    MeetingInvited,
    MeetingReplied,
    MeetingRescheduled,
    MeetingScheduled,
    MeetingUninvited,
    MembershipDeclined,
    MembershipRequested,
    NeedPublished,
    NeedUpdated,
    NeedWithdrawn,
    ReassignmentFacts,
    SupportFacts,
)
from shared.events.envelope import Event, EventData
from shared.ids import new_id
from tests.notifier.world import GROUP_TITLE, THEME, World

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def told(world: World, *happened: EventData) -> list[Event]:
    """Tell one a minute, and return the events."""
    return [
        world.tell(data, time=NOON + timedelta(minutes=minute))
        for minute, data in enumerate(happened)
    ]


def rows(world: World, *models: type[SQLModel]) -> list[dict[str, Any]]:
    with world.database.read() as session:
        return sorted(
            (
                row.model_dump(mode="json")
                for model in models
                for row in session.exec(select(model))
            ),
            key=str,
        )


def again_and_backwards(world: World, events: list[Event], *models: type[SQLModel]) -> None:
    """Hold that the same events once more, and the older ones after the newer, change nothing."""
    before = rows(world, *models)
    assert before
    for event in (*events, *reversed(events)):
        world.apply(event)
        assert rows(world, *models) == before


def meeting(world: World, meeting_id: UUID, **changes: Any) -> MeetingFacts:
    facts: dict[str, Any] = {
        "meeting_id": meeting_id,
        "title": "Second follow-up meeting",
        "status": "scheduled",
        "begins_at": NOON + timedelta(days=30),
        "ends_at": NOON + timedelta(days=30, hours=2),
        "time_zone": "Asia/Bangkok",
        "mode": "hybrid",
        "place": "Bangkok",
        "link": "https://meet.example.org/1",
        "groups": [{"group_id": world.group_id, "title": GROUP_TITLE, "theme_slug": THEME}],
        "version": 1,
        "sequence": 0,
    }
    return MeetingFacts.model_validate({**facts, **changes})


def test_an_action_item_is_kept_in_its_newest_version_with_its_people(world: World) -> None:
    first, second = new_id(), new_id()
    item = world.action(person_ids=(first, second))
    later = item.model_copy(
        update={"version": 3, "state": "blocked", "person_ids": (second,), "title": "List them"}
    )
    events = told(
        world,
        ActionItemAssigned(action=item),
        ActionItemChanged(action=later),
        ActionItemOverdue(action=later, days_over=2),
    )
    (kept,) = rows(world, ActionItem)
    assert (kept["title"], kept["state"], kept["version"]) == ("List them", "blocked", 3)
    assert [row["person_id"] for row in rows(world, ActionItemPerson)] == [str(second)]
    again_and_backwards(world, events, ActionItem, ActionItemPerson)


def test_a_proposal_to_reassign_waits_until_it_is_answered_and_never_again(world: World) -> None:
    item = world.action()
    proposal = ReassignmentFacts(
        reassignment_id=new_id(),
        from_institution_id=item.institution_id,
        to_institution_id=new_id(),
        proposed_by=new_id(),
    )
    proposed = ActionItemReassignmentProposed(action=item, reassignment=proposal)
    (asked,) = told(world, proposed)
    assert rows(world, Reassignment)[0]["answered_at"] is None
    taken = item.model_copy(update={"version": 2, "institution_id": proposal.to_institution_id})
    answered = world.tell(ActionItemReassigned(action=taken, reassignment=proposal))
    assert rows(world, Reassignment)[0]["answered_at"] is not None
    assert rows(world, ActionItem)[0]["institution_id"] == str(proposal.to_institution_id)
    again_and_backwards(world, [asked, answered], Reassignment, ActionItem)


def test_a_request_to_join_waits_until_the_institution_joined_or_was_declined(
    world: World,
) -> None:
    world.open_group()
    joining, refused = world.joined("FAO"), world.joined("ILO")

    def asks(named: Any) -> dict[str, Any]:
        return {"admission_id": new_id(), "kind": "request", **named.model_dump()}

    no = asks(refused)
    events = told(
        world,
        MembershipRequested.model_validate(asks(joining)),
        MembershipRequested.model_validate(no),
        joining,
        MembershipDeclined.model_validate({**no, "reason": "Not now."}),
    )
    assert all(row["answered_at"] for row in rows(world, Admission))
    again_and_backwards(world, events, Admission)
    told(world, MembershipRequested.model_validate(asks(refused)))
    assert [row["answered_at"] for row in rows(world, Admission)].count(None) == 1


def test_a_reply_counts_for_the_time_that_it_was_given_to(world: World) -> None:
    meeting_id, invitation_id, person_id = new_id(), new_id(), new_id()
    invited = {"invitation_id": invitation_id, "person_id": person_id}
    first = meeting(world, meeting_id)
    moved = meeting(
        world,
        meeting_id,
        begins_at=NOON + timedelta(days=31),
        ends_at=NOON + timedelta(days=31, hours=1),
        status="rescheduled",
        version=2,
        sequence=1,
    )
    reply = MeetingReplied.model_validate(
        {**invited, "meeting_id": meeting_id, "reply": "accepted", "coming": 1, "waiting": False}
    )
    events = told(
        world,
        MeetingScheduled(meeting=first),
        MeetingInvited.model_validate({**invited, "meeting": first}),
        reply,
        MeetingRescheduled(meeting=moved, reason="The room is taken."),
    )
    (kept,) = rows(world, Meeting)
    (invitation,) = rows(world, Invitation)
    assert kept["sequence"] == 1
    assert invitation["replied_at"] < kept["moved_at"]
    again_and_backwards(world, events, Meeting, MeetingGroup, Invitation)
    taken_back = MeetingUninvited.model_validate({**invited, "meeting": moved})
    events.append(world.tell(taken_back, time=NOON + timedelta(hours=1)))
    assert rows(world, Invitation)[0]["stands"] is False
    again_and_backwards(world, events, Meeting, MeetingGroup, Invitation)


def test_a_need_is_kept_in_its_newest_state_since_it_has_it(world: World) -> None:
    need = SupportFacts(
        item_id=new_id(),
        institution_id=new_id(),
        institution_name="Ministry of Health of Nepal",
        title="Training of nurses",
        text="Forty nurses shall learn to advise by telephone.",
        kind="training",
        state="published",
        version=1,
    )
    edited = need.model_copy(update={"title": "Training of midwives", "version": 2})
    gone = need.model_copy(update={"state": "withdrawn", "version": 3})
    events = told(world, NeedPublished(need=need), NeedUpdated(need=edited))
    (kept,) = rows(world, Support)
    assert (kept["title"], kept["state"]) == ("Training of midwives", "published")
    assert datetime.fromisoformat(kept["since"]) == events[0].time
    again_and_backwards(world, events, Support)
    (last,) = told(world, NeedWithdrawn(need=gone))
    assert rows(world, Support)[0]["state"] == "withdrawn"
    again_and_backwards(world, [*events, last], Support)


def test_an_introduction_waits_for_the_offering_side_until_it_is_answered(world: World) -> None:
    facts = IntroductionFacts(
        introduction_id=new_id(),
        need_id=new_id(),
        offer_id=new_id(),
        recipient_id=new_id(),
        provider_id=new_id(),
        state="requested",
        version=1,
    )
    accepted = facts.model_copy(update={"state": "accepted", "version": 2})
    events = told(
        world,
        IntroductionRequested(introduction=facts),
        IntroductionAccepted(introduction=accepted),
    )
    assert rows(world, Introduction)[0]["state"] == "accepted"
    again_and_backwards(world, events, Introduction)
