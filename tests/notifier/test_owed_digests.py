"""A digest says first what its reader owes, and comes again when it is forgotten."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from icalendar import Calendar
from sqlalchemy import event as listener
from sqlmodel import select, update

from services.notifier import collecting, digest_runs, open_matters, queues
from services.notifier.tables import Digest, Participant, Subscriber, Subscription
from services.notifier.vocabulary import Frequency
from shared.columns import utc_now
from shared.events.catalogue import (
    ActionItemAssigned,
    ActionItemChanged,
    ActionItemReassignmentProposed,
    MeetingFacts,
    MeetingInvited,
    MeetingReplied,
    MeetingScheduled,
    NeedPublished,
    OfferPublished,
    ReassignmentFacts,
    SupportFacts,
)
from shared.ids import new_id
from tests.notifier.mailbox import html_of, text_of
from tests.notifier.partners import belongs, has_role, hide, institution, person, speaks_for
from tests.notifier.test_workers import ON_SQLITE, workers
from tests.notifier.workers import Workers
from tests.notifier.world import GROUP_TITLE, THEME, World
from tests.waiting import wait_until

__all__ = ["workers"]  # The fixture of the Celery processes.

ANA = "ana@example.org"


def member(world: World, email: str = ANA) -> UUID:
    """Let somebody who reads every day speak for the world's institution in its group."""
    world.open_group()
    world.subscribe(email)
    person_id = person(world, email)
    speaks_for(world, person_id, world.institution_id)
    belongs(world, world.institution_id)
    return person_id


def owes(world: World, title: str = "List the training offers", days: int = -2) -> None:
    due = (utc_now() + timedelta(days=days)).date()
    action = world.action(title=title, due_date=due)
    world.tell(ActionItemAssigned(action=action), subject=f"action-items/{action.action_item_id}")


def meeting(world: World, **changes: Any) -> MeetingFacts:
    begins = utc_now().replace(microsecond=0) + timedelta(days=3)
    facts: dict[str, Any] = {
        "meeting_id": new_id(),
        "title": "Second follow-up meeting",
        "status": "scheduled",
        "begins_at": begins,
        "ends_at": begins + timedelta(hours=2),
        "time_zone": "Asia/Bangkok",
        "mode": "hybrid",
        "place": "Bangkok",
        "link": "https://meet.example.org/1",
        "groups": [{"group_id": world.group_id, "title": GROUP_TITLE, "theme_slug": THEME}],
        "version": 1,
        "sequence": 2,
    }
    return MeetingFacts.model_validate({**facts, **changes})


def digest(world: World) -> EmailMessage:
    world.close_windows()
    world.deliver_all()
    return world.mailbox.messages[-1]


def support(world: World, institution_id: UUID, title: str, **changes: Any) -> SupportFacts:
    facts: dict[str, Any] = {
        "item_id": new_id(),
        "institution_id": institution_id,
        "institution_name": "Ministry of Health of Nepal",
        "title": title,
        "text": "Forty nurses shall learn to advise by telephone.",
        "kind": "training",
        "countries": ["NP"],
        "state": "published",
        "version": 1,
    }
    return SupportFacts.model_validate({**facts, **changes})


def test_what_is_owed_comes_before_what_is_new_and_the_late_first(world: World) -> None:
    person_id = member(world)
    owes(world, "Ask the ministries", days=2)
    owes(world)
    planned = meeting(world)
    world.tell(MeetingInvited(meeting=planned, invitation_id=new_id(), person_id=person_id))
    world.tell(world.update())
    message = digest(world)
    text = text_of(message)
    places = [
        text.index(words)
        for words in (
            "WHAT YOU OWE",
            "Overdue: List the training offers",
            "Say whether you come: Second follow-up meeting",
            "Due soon: Ask the ministries",
            "Online volunteers for e-learning",
            "COMING MEETINGS",
        )
    ]
    assert places == sorted(places)
    assert message["Subject"].startswith("Southlink today: Overdue: List the training offers")
    assert "Overdue" in html_of(message)


def test_what_was_given_to_the_reader_is_owed_and_not_told_as_news_as_well(world: World) -> None:
    member(world)
    world.subscribe("ben@example.org")
    owes(world)
    world.tell(world.update())
    world.close_windows()
    world.deliver_all()
    to_ana, to_ben = sorted(world.mailbox.messages, key=lambda message: str(message["To"]))
    assert text_of(to_ana).count("List the training offers") == 1
    assert "1 thing is new" in text_of(to_ana)
    assert text_of(to_ben).count("List the training offers") == 1
    assert "2 things are new" in text_of(to_ben)


def test_names_in_what_is_owed_keep_their_direction_from_right_to_left(world: World) -> None:
    member(world)
    with world.database.write() as session:
        session.exec(update(Subscriber).values(language="ar"))
    owes(world)
    assert "\u2068United Nations Volunteers\u2069 · \u2068" in " ".join(
        text_of(digest(world)).split()
    )


def test_what_happened_since_to_something_owed_is_told_as_news(world: World) -> None:
    member(world)
    action = world.action(
        title="List the training offers", due_date=(utc_now() - timedelta(days=2)).date()
    )
    subject = f"action-items/{action.action_item_id}"
    world.tell(ActionItemAssigned(action=action), subject=subject)
    blocked = action.model_copy(update={"state": "blocked", "version": 2})
    world.tell(ActionItemChanged(action=blocked), subject=subject)
    text = text_of(digest(world))
    assert text.count("List the training offers") == 2
    assert "blocked" in text


def test_somebody_who_owes_nothing_is_told_of_nothing_that_others_owe(world: World) -> None:
    member(world)
    owes(world)
    world.subscribe("bo@example.org")
    world.tell(world.update())
    world.close_windows()
    world.deliver_all()
    (to_bo,) = world.mailbox.to("bo@example.org")
    assert "WHAT YOU OWE" not in text_of(to_bo)


def test_the_coming_meetings_are_attached_as_a_calendar_with_the_uid_of_workgroups(
    world: World,
) -> None:
    member(world)
    planned = meeting(world)
    world.tell(MeetingScheduled(meeting=planned))
    far = meeting(world, begins_at=utc_now() + timedelta(days=20), title="Far away")
    world.tell(MeetingScheduled(meeting=far))
    world.tell(world.update())
    (attachment,) = digest(world).iter_attachments()
    assert attachment.get_content_type() == "text/calendar"
    calendar = Calendar.from_ical(attachment.get_content())
    assert calendar["method"] == "PUBLISH"
    (event,) = calendar.walk("VEVENT")
    assert (event["uid"], event["sequence"]) == (str(planned.meeting_id), 2)
    assert event.decoded("dtstart") == planned.begins_at
    assert event["url"] == planned.link


def test_a_reply_to_the_time_before_is_asked_for_again(world: World) -> None:
    person_id, invitation_id = member(world), new_id()
    planned = meeting(world)
    world.tell(
        MeetingInvited(meeting=planned, invitation_id=invitation_id, person_id=person_id),
        time=utc_now() - timedelta(hours=3),
    )
    replied = MeetingReplied(
        meeting_id=planned.meeting_id,
        invitation_id=invitation_id,
        person_id=person_id,
        reply="accepted",
        coming=1,
        waiting=False,
    )
    world.tell(replied, time=utc_now() - timedelta(hours=2))
    world.tell(world.update())
    assert "Say whether you come" not in text_of(digest(world))
    moved = planned.model_copy(update={"version": 2, "sequence": 3, "status": "rescheduled"})
    world.tell(MeetingScheduled(meeting=moved))
    assert "Say whether you come" in text_of(digest(world))


def test_a_need_that_fits_an_offer_is_told_with_the_offer(world: World) -> None:
    member(world)
    other = institution(world, "Ministry of Health of Nepal")
    hidden = institution(world, "A private one", visibility="private")
    world.tell(OfferPublished(offer=support(world, world.institution_id, "Teachers by telephone")))
    world.tell(NeedPublished(need=support(world, other, "Training of nurses")))
    world.tell(NeedPublished(need=support(world, hidden, "Training of spies")))
    elsewhere = support(world, other, "Training of pilots", countries=["BD"])
    world.tell(NeedPublished(need=elsewhere))
    world.tell(world.update())
    text = text_of(digest(world))
    fitting, _, others = text[text.index("NEEDS THAT FIT") :].partition("NEEDS THAT WAIT")
    assert "Need: Training of nurses" in fitting
    assert "It fits your offer “Teachers by telephone”." in text
    assert "pilots" not in fitting
    assert "pilots" in others
    assert "spies" not in text


def test_a_proposal_to_take_over_waits_in_the_digest_of_who_is_asked(world: World) -> None:
    member(world)
    item = world.action(institution_id=new_id(), due_date=utc_now().date() + timedelta(days=30))
    proposal = ReassignmentFacts(
        reassignment_id=new_id(),
        from_institution_id=item.institution_id,
        to_institution_id=world.institution_id,
        proposed_by=new_id(),
    )
    world.tell(ActionItemReassignmentProposed(action=item, reassignment=proposal))
    text = text_of(digest(world))
    assert "You are asked to take over: List the training offers" in text
    assert "Nothing is new, but this waits for you." in text


def close(world: World, at: datetime) -> int:
    """Close the daily windows as if it were that moment; return how many digests there are."""
    with world.database.write() as session:
        run = digest_runs.start_by_coordinator(session, Frequency.DAILY, new_id(), at)
    while True:
        with world.database.write() as session:
            if collecting.collect_batch(session, run.id, at) is None:
                break
    with world.database.read() as session:
        return len(session.exec(select(Digest)).all())


def test_what_is_overdue_is_told_once_and_again_after_a_week_never_daily(world: World) -> None:
    member(world)
    owes(world)
    now = utc_now()
    made = [close(world, now + timedelta(days=days, minutes=1)) for days in range(15)]
    assert made == [1] * 7 + [2] * 7 + [3]


def test_what_becomes_overdue_is_told_though_a_digest_came_the_day_before(world: World) -> None:
    member(world)
    owes(world, days=2)
    now = utc_now()
    made = [close(world, now + timedelta(days=days, minutes=1)) for days in range(5)]
    # Due soon, and on the day after its last one.
    assert made[0] == 1
    assert made[-1] == 2


def test_a_reader_whose_subscriptions_rest_gets_no_reminder(world: World) -> None:
    member(world)
    owes(world)
    now = utc_now()
    with world.database.write() as session:
        for subscription in session.exec(select(Subscription)):
            subscription.paused_until = now + timedelta(days=2)
            session.add(subscription)
    assert close(world, now + timedelta(minutes=1)) == 0
    assert close(world, now + timedelta(days=3)) == 1


def test_who_left_a_hidden_group_before_the_email_is_written_gets_nothing_of_it(
    world: World,
) -> None:
    world.open_group()
    hide(world, "members")
    for email in (ANA, "bo@example.org"):
        world.subscribe(email)
        has_role(world, person(world, email))
    world.tell(world.update("A secret of the group"))
    world.close_windows()
    with world.database.write() as session:
        leaving = session.exec(select(Participant)).first()
        assert leaving is not None
        session.delete(leaving)
    world.deliver_all()
    assert len(world.mailbox.messages) == 1
    assert "A secret of the group" in text_of(world.mailbox.messages[0])


def test_a_batch_asks_as_many_questions_for_many_readers_as_for_few(world: World) -> None:
    member(world)
    people = []
    for number in range(12):
        person_id = person(world, f"reader{number}@example.org")
        speaks_for(world, person_id, world.institution_id)
        people.append(person_id)
    owes(world)
    world.tell(MeetingScheduled(meeting=meeting(world)))
    asked: list[str] = []
    listener.listen(
        world.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2])
    )

    def questions(some: list[UUID]) -> int:
        asked.clear()
        with world.database.read() as session:
            opened = open_matters.of_people(session, some, utc_now())
        assert all(len(opened[person_id].owed) == 1 for person_id in some)
        return sum(statement.lstrip().startswith("SELECT") for statement in asked)

    questions(people[:1])
    assert questions(people[:2]) == questions(people)


def digests_in(world: World) -> list[EmailMessage]:
    came = list(world.mailbox.messages)
    return [message for message in came if message["X-Southlink-Kind"] == "digest"]


@ON_SQLITE
def test_workers_send_one_digest_that_says_first_what_is_owed(
    world: World, workers: Workers
) -> None:
    person_id = member(world)
    owes(world)
    world.tell(MeetingInvited(meeting=meeting(world), invitation_id=new_id(), person_id=person_id))
    world.tell(world.update())
    workers.worker()
    workers.beat()
    with world.database.write() as session:
        run = digest_runs.start_by_coordinator(session, Frequency.DAILY, new_id(), utc_now())
    queues.enqueue_run(run.id)
    wait_until(lambda: digests_in(world), "the digest came", seconds=40)
    (message,) = digests_in(world)
    text = text_of(message)
    assert text.index("Overdue:") < text.index("Say whether you come:")
    assert text.index("Say whether you come:") < text.index("Online volunteers")
