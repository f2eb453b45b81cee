"""Each event is told to those whom it concerns, or is named as nobody's business."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from services.notifier import choices, notices, subscribers, targets
from services.notifier.mail.more_stories import STORIES
from services.notifier.mail.stories import _ALONE, _TOGETHER
from services.notifier.projections import HANDLERS, NOBODYS
from services.notifier.subscribers import Hours
from services.notifier.tables import Delivery, Invitation, Meeting, Notice
from services.notifier.targets import Target
from services.notifier.vocabulary import DeliveryState, Frequency, NoticeKind, TargetKind
from shared.columns import utc_now
from shared.events.catalogue import (
    ALL,
    CommentPosted,
    CommentWithdrawn,
    GroupReviewDue,
    MeetingCancelled,
    MeetingInvited,
    MeetingSeriesEnded,
    MeetingSeriesInvited,
    MeetingSeriesReplied,
    NeedPublished,
    UpdateWithdrawn,
)
from shared.ids import new_id
from tests.notifier.mailbox import text_of
from tests.notifier.partners import has_role, hide, institution, person, speaks_for
from tests.notifier.test_owed_digests import meeting, support
from tests.notifier.test_sight import told
from tests.notifier.world import GROUP_TITLE, THEME, World

ANA, BO = "ana@example.org", "bo@example.org"


def comment(world: World, update_id: UUID, **changes: object) -> CommentPosted:
    return CommentPosted.model_validate(
        {
            "comment_id": new_id(),
            "update_id": update_id,
            "update_title": "Online volunteers for e-learning",
            "group_id": world.group_id,
            "group_title": GROUP_TITLE,
            "theme_slug": THEME,
            "posted_by": new_id(),
            "text": "We can host fifty of them.",
            "comment_version": 1,
            **changes,
        }
    )


def heard(world: World, event_id: UUID) -> set[str]:
    with world.database.read() as session:
        return told(session, event_id)


def test_each_event_is_handled_or_nobodys_business_and_never_both() -> None:
    assert {*HANDLERS, *NOBODYS} == {*ALL}
    assert not HANDLERS.keys() & NOBODYS.keys()
    assert all(reason.endswith(".") for reason in NOBODYS.values())


def test_each_kind_of_news_can_be_told() -> None:
    assert {*STORIES, *_ALONE, *_TOGETHER} == {*NoticeKind}


def test_who_is_invited_to_a_meeting_is_told_at_once_and_nobody_else(world: World) -> None:
    world.open_group()
    world.subscribe(ANA)
    world.subscribe(BO, Frequency.IMMEDIATE)
    ana = person(world, ANA)
    hide(world, "members")
    invited = MeetingInvited(meeting=meeting(world), invitation_id=new_id(), person_id=ana)
    event = world.tell(invited)
    assert heard(world, event.id) == {ANA}
    world.deliver_all()
    (message,) = world.mailbox.messages
    assert "You are invited to a meeting" in message["Subject"]
    assert "Bangkok" in text_of(message)


def test_who_is_mentioned_hears_at_once_and_the_readers_of_the_group_as_they_like(
    world: World,
) -> None:
    world.open_group()
    world.subscribe(ANA, Frequency.DAILY, targets.theme(THEME))
    world.subscribe(BO, Frequency.DAILY, targets.group(world.group_id))
    ana = person(world, ANA)
    event = world.tell(comment(world, new_id(), mentioned_people=[ana]))
    assert heard(world, event.id) == {ANA, BO}
    world.deliver_all()
    assert [message["To"] for message in world.mailbox.messages] == [ANA]
    assert "We can host fifty of them." in text_of(world.mailbox.messages[0])


@pytest.mark.parametrize("frequency", [Frequency.IMMEDIATE, Frequency.DAILY])
def test_who_is_mentioned_hears_of_it_though_they_change_their_hours_before_it_leaves(
    world: World, frequency: Frequency
) -> None:
    world.open_group()
    reader = world.subscribe(ANA, frequency, targets.theme(THEME))
    ana = person(world, ANA)
    event = world.tell(comment(world, new_id(), mentioned_people=[ana]))
    with world.database.write() as session:
        subscriber = subscribers.lock(session, reader.subscriber_id)
        choices.choose_hours(session, subscriber, Hours(hour=17), utc_now())
    assert heard(world, event.id) == {ANA}
    world.deliver_all()
    assert [message["To"] for message in world.mailbox.messages] == [ANA]


def test_who_is_mentioned_in_a_hidden_group_that_they_may_not_see_hears_nothing(
    world: World,
) -> None:
    world.open_group()
    hide(world, "members")
    for email in (ANA, BO):
        world.subscribe(email)
    ana, bo = person(world, ANA), person(world, BO)
    has_role(world, bo)
    event = world.tell(comment(world, new_id(), mentioned_people=[ana, bo]))
    assert heard(world, event.id) == {BO}


def test_what_was_taken_back_before_it_left_is_not_told(world: World) -> None:
    world.open_group()
    world.subscribe(ANA, Frequency.IMMEDIATE)
    world.subscribe(BO)
    update = world.update()
    subject = f"updates/{update.update_id}"
    world.tell(update, subject=subject)
    world.tell(comment(world, update.update_id), subject="comments/1")
    said = comment(world, new_id())
    world.tell(said, subject="comments/2")
    world.tell(
        UpdateWithdrawn(
            update_id=update.update_id,
            group_id=world.group_id,
            institution_id=world.institution_id,
            by_group=False,
            reason="It was wrong.",
            update_version=2,
        ),
        subject=subject,
    )
    world.close_windows()
    world.deliver_all()
    assert [message["To"] for message in world.mailbox.messages] == [ANA, BO]
    assert all("e-learning" in text_of(message) for message in world.mailbox.messages)
    assert all("Opportunity" not in text_of(message) for message in world.mailbox.messages)
    with world.database.read() as session:
        states = {delivery.state for delivery in session.exec(select(Delivery))}
    assert states == {DeliveryState.SENT, DeliveryState.CANCELLED}
    world.tell(
        CommentWithdrawn(
            comment_id=said.comment_id,
            update_id=said.update_id,
            group_id=world.group_id,
            by_group=False,
            reason="It was wrong.",
            comment_version=2,
        ),
        subject="comments/2",
    )
    with world.database.read() as session:
        left = [n for n in session.exec(select(Notice)) if n.kind is NoticeKind.COMMENT_POSTED]
    assert all(notice.taken_back_at for notice in left)


def test_a_need_of_an_institution_for_partners_is_told_to_partners_alone(world: World) -> None:
    other = institution(world, "Ministry of Health of Nepal", visibility="partners")
    own = institution(world, "FAO")
    for email in (ANA, BO):
        world.subscribe(email, Frequency.DAILY, Target(TargetKind.NEEDS))
    speaks_for(world, person(world, ANA), own)
    event = world.tell(NeedPublished(need=support(world, other, "Training of nurses")))
    assert heard(world, event.id) == {ANA}
    world.close_windows()
    world.deliver_all()
    assert "Need: Training of nurses" in text_of(world.mailbox.messages[0])


def test_who_leads_a_group_hears_that_its_charter_is_to_be_looked_at(world: World) -> None:
    world.open_group()
    for email in (ANA, BO):
        world.subscribe(email)
    has_role(world, person(world, ANA), "co_chair")
    has_role(world, person(world, BO), "member")
    due = GroupReviewDue(
        group_id=world.group_id,
        group_title=GROUP_TITLE,
        theme_slug=THEME,
        charter=1,
        review_date=utc_now().date(),
    )
    assert heard(world, world.tell(due).id) == {ANA}


def test_a_cancelled_meeting_is_told_with_its_reason(world: World) -> None:
    world.open_group()
    world.subscribe(ANA, Frequency.IMMEDIATE)
    world.tell(MeetingCancelled(meeting=meeting(world), reason="The room is flooded."))
    world.deliver_all()
    assert "The room is flooded." in text_of(world.mailbox.messages[0])


def test_a_series_is_kept_as_its_meetings_and_told_once(world: World) -> None:
    world.open_group()
    world.subscribe(ANA)
    ana = person(world, ANA)
    begins = utc_now().replace(microsecond=0) + timedelta(days=2)
    shown = begins.replace(tzinfo=None)
    series = {
        "series_id": new_id(),
        "title": "Weekly call",
        "rule": "FREQ=WEEKLY;COUNT=2",
        "begins_local": shown,
        "ends_local": shown + timedelta(hours=1),
        "time_zone": "UTC",
        "mode": "online",
        "groups": [{"group_id": world.group_id, "title": GROUP_TITLE, "theme_slug": THEME}],
        "version": 1,
        "sequence": 0,
    }

    def occurrences(status: str) -> list[dict[str, object]]:
        return [
            {
                "meeting_id": meeting_id,
                "occurrence": shown + timedelta(days=days),
                "status": status,
                "begins_at": begins + timedelta(days=days),
                "ends_at": begins + timedelta(days=days, hours=1),
                "begins_local": shown + timedelta(days=days),
                "ends_local": shown + timedelta(days=days, hours=1),
                "sequence": 0,
            }
            for days, meeting_id in ids
        ]

    ids = [(0, new_id()), (7, new_id())]
    invited = {"series": series, "occurrences": occurrences("scheduled"), "person_id": ana}
    first = world.tell(MeetingSeriesInvited.model_validate(invited))
    assert heard(world, first.id) == {ANA}
    replied = {**invited, "reply": "accepted", "coming": 1, "waiting": []}
    world.tell(MeetingSeriesReplied.model_validate(replied))
    with world.database.read() as session:
        assert {row.id for row in session.exec(select(Meeting))} == {each for _, each in ids}
        replies = [row.reply for row in session.exec(select(Invitation))]
    assert replies == ["accepted", "accepted"]
    ended = {"series": series, "occurrences": occurrences("cancelled"), "reason": "We met."}
    world.tell(MeetingSeriesEnded.model_validate(ended))
    world.apply(first)
    with world.database.read() as session:
        assert {row.status for row in session.exec(select(Meeting))} == {"cancelled"}


def test_news_for_somebody_alone_is_told_to_nobody_who_follows_everything(world: World) -> None:
    world.subscribe(ANA)
    happening = notices.Happening(
        kind=NoticeKind.GROUP_QUIET,
        event_id=new_id(),
        subject="groups/1",
        occurred_at=utc_now(),
        facts={"group_title": "A group"},
        targets=(),
    )
    with world.database.write() as session:
        notices.record(session, happening, utc_now())
    assert heard(world, happening.event_id) == set()
