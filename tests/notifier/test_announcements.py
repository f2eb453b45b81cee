"""Announcements: who gets them, each once, and who got one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from services.notifier import choices, suppressions
from services.notifier.announcements import going_out
from services.notifier.choices import Choice
from services.notifier.links import Purpose
from services.notifier.subscribers import Hours
from services.notifier.tables import Delivery, Subscription
from services.notifier.targets import EVERYTHING
from services.notifier.vocabulary import (
    AnnouncementState,
    DeliveryState,
    Frequency,
    SuppressionReason,
)
from shared.columns import utc_now
from shared.events.catalogue import PersonReachable, RoleEnded
from tests.notifier import partners
from tests.notifier.announcing import ENGLISH, Desk
from tests.notifier.world import GROUP_TITLE, THEME


def test_who_belongs_to_the_group_and_who_follows_it_get_one_each(desk: Desk) -> None:
    lead = desk.lead()
    desk.focal_point("focal@example.org")
    both = desk.focal_point("both@example.org")
    partners.has_role(desk.world, both)
    observer = partners.person(desk.world, "observer@example.org")
    partners.has_role(desk.world, observer)
    desk.follow_roles()
    desk.follower("follower@example.org", Frequency.IMMEDIATE)
    desk.follower("observer@example.org", Frequency.MONTHLY)
    desk.world.subscribe("elsewhere@example.org", Frequency.IMMEDIATE, EVERYTHING)
    announcement = desk.submitted(lead)
    assert announcement["state"] == "scheduled"
    assert desk.send(announcement["id"]) is AnnouncementState.SENT
    assert desk.received() == [
        "both@example.org",
        "focal@example.org",
        "follower@example.org",
        "lead@example.org",
        "observer@example.org",
    ]


def test_the_readers_are_counted_by_why_and_nobody_is_named(desk: Desk) -> None:
    lead = desk.lead()
    desk.focal_point("focal@example.org")
    partners.has_role(desk.world, partners.person(desk.world, "observer@example.org"))
    desk.follow_roles()
    desk.follower("follower@example.org")
    desk.follower("never@example.org", Frequency.NEVER)
    paused = desk.follower("paused@example.org")
    left = desk.follower("left@example.org")
    desk.follower("complained@example.org")
    with desk.world.database.write() as session:
        session.get_one(Subscription, paused.id).paused_until = utc_now() + timedelta(days=3)
        suppressions.suppress(
            session, "complained@example.org", SuppressionReason.BY_HAND, utc_now()
        )
    leave(desk, left)
    announcement = desk.draft(lead)
    answer = desk.call(lead, "GET", f"/announcements/{announcement['id']}/recipients")
    assert answer.json() == {
        "recipients": 4,
        "leads": 1,
        "takes_part": 1,
        "speaks_for_a_member": 1,
        "follows": 1,
        "ended": 1,
        "chose_never": 1,
        "paused": 1,
        "suppressed": 1,
        "may_not_see": 0,
    }
    assert announcement["recipients"] == 4
    assert "@" not in answer.text
    desk.send(desk.act(lead, announcement, "submission")["id"])
    assert desk.received() == [
        "focal@example.org",
        "follower@example.org",
        "lead@example.org",
        "observer@example.org",
    ]


def leave(desk: Desk, reader: Subscription) -> None:
    token = desk.world.links().token(Purpose.UNSUBSCRIBE, reader.subscriber_id)
    assert desk.client.post(f"/unsubscribe?token={token}").status_code == 200


@pytest.mark.parametrize("visibility", ["partners", "members"])
def test_outsiders_of_a_hidden_group_never_get_what_is_announced_to_it(
    desk: Desk, visibility: Any
) -> None:
    lead = desk.lead()
    desk.focal_point("focal@example.org")
    desk.follow_roles()
    desk.follower("outsider@example.org")
    partners.hide(desk.world, visibility)
    announcement = desk.submitted(lead)
    counted = desk.call(lead, "GET", f"/announcements/{announcement['id']}/recipients").json()
    assert (counted["recipients"], counted["may_not_see"]) == (2, 1)
    desk.send(announcement["id"])
    assert desk.received() == ["focal@example.org", "lead@example.org"]


def test_a_group_that_is_hidden_after_the_emails_were_made_tells_outsiders_nothing(
    desk: Desk,
) -> None:
    lead = desk.lead()
    desk.follower("outsider@example.org")
    announcement = desk.submitted(lead)
    desk.make(announcement["id"])
    partners.hide(desk.world, "members")
    desk.send(announcement["id"])
    assert desk.received() == ["lead@example.org"]
    shown = desk.call(lead, "GET", f"/announcements/{announcement['id']}").json()
    assert (shown["deliveries"]["sent"], shown["deliveries"]["cancelled"]) == (1, 1)


def test_who_leaves_or_chooses_otherwise_meanwhile_gets_nothing(desk: Desk) -> None:
    lead = desk.lead()
    leaves = desk.follower("leaves@example.org")
    never = desk.follower("never@example.org")
    ends = desk.follower("ends@example.org")
    desk.world.subscribe("ends@example.org")
    lost = partners.person(desk.world, "lost@example.org")
    role = partners.has_role(desk.world, lost)
    desk.follow_roles()
    announcement = desk.submitted(lead)
    desk.make(announcement["id"])
    leave(desk, leaves)
    end_on_the_page(desk, ends)
    with desk.world.database.write() as session:
        choice = Choice(never.id, Frequency.NEVER)
        choices.choose(session, never.subscriber_id, Hours(), [choice], utc_now())
    desk.world.tell(
        RoleEnded.model_validate(
            {
                "participant_id": role,
                "group_id": desk.world.group_id,
                "group_title": GROUP_TITLE,
                "theme_slug": THEME,
                "person_id": lost,
                "role": "observer",
                "reason": "It is over.",
            }
        )
    )
    desk.follow_roles()
    with desk.world.database.read() as session:
        due = session.exec(
            select(Delivery.subscriber_id).where(Delivery.state == DeliveryState.DUE)
        ).all()
    assert not {leaves.subscriber_id, never.subscriber_id, ends.subscriber_id} & set(due)
    desk.send(announcement["id"])
    assert desk.received() == ["lead@example.org"]


def end_on_the_page(desk: Desk, reader: Subscription) -> None:
    token = desk.world.links().token(Purpose.PREFERENCES, reader.subscriber_id)
    form = {"time_zone": "UTC", "hour": "8", "weekday": "1", f"frequency-{reader.id}": "never"}
    answer = desk.client.post(f"/preferences?token={token}", data=form)
    assert answer.status_code == 200, answer.text


def test_a_role_that_came_a_moment_ago_is_waited_for(desk: Desk) -> None:
    lead = desk.lead()
    announcement = desk.submitted(lead)
    partners.has_role(desk.world, partners.person(desk.world, "new@example.org"))
    assert desk.send(announcement["id"]) is AnnouncementState.SCHEDULED
    desk.follow_roles()
    with desk.world.database.write() as session:
        assert going_out.take_due(session, utc_now()) == [UUID(announcement["id"])]
    assert desk.send(announcement["id"]) is AnnouncementState.SENT
    assert desk.received() == ["lead@example.org", "new@example.org"]


def test_a_reader_whose_two_addresses_become_one_gets_one(desk: Desk) -> None:
    lead = desk.lead()
    person = partners.person(desk.world, "ana@old.example.org")
    partners.has_role(desk.world, person)
    desk.follow_roles()
    desk.follower("ana@example.org")
    announcement = desk.submitted(lead)
    desk.make(announcement["id"])
    desk.world.tell(
        PersonReachable(
            person_id=person,
            email="ana@example.org",
            language="en",
            time_zone="UTC",
            contact_version=2,
        )
    )
    desk.follow_roles()
    desk.send(announcement["id"])
    assert desk.received() == ["ana@example.org", "lead@example.org"]


def test_it_is_known_whether_a_person_got_an_announcement(desk: Desk) -> None:
    lead = desk.lead()
    coordinator = desk.coordinator()
    desk.follower("got@example.org")
    desk.follower("never@example.org", Frequency.NEVER)
    announcement = desk.draft(lead)
    about = f"announcements/{announcement['id']}"

    def answer(email: str) -> dict[str, Any]:
        path = f"/deliveries?recipient={email}&about={about}"
        return dict(desk.call(coordinator, "GET", path).json())

    assert answer("got@example.org")["answer"] == "No e-mail yet: it is a draft."
    desk.send(desk.act(lead, announcement, "submission")["id"])
    found = answer("got@example.org")
    assert found["answer"].startswith("Sent and accepted by the mail server on")
    assert found["items"][0]["told"] == [ENGLISH["subject"]]
    assert found["items"][0]["announcement_id"] == announcement["id"]
    assert "chose never" in answer("never@example.org")["answer"]
    assert "follows nothing" in answer("nobody@example.org")["answer"]
    desk.follower("late@example.org")
    assert "after it went out" in answer("late@example.org")["answer"]


def test_an_erased_reader_leaves_no_trace_in_an_announcement(desk: Desk) -> None:
    lead = desk.lead()
    reader = desk.follower("ana@example.org")
    announcement = desk.submitted(lead)
    desk.send(announcement["id"])
    token = desk.world.links().token(Purpose.ERASE, reader.subscriber_id)
    assert desk.client.post(f"/erase?token={token}").status_code == 200
    with desk.world.database.read() as session:
        left = session.exec(
            select(Delivery).where(col(Delivery.subscriber_id) == reader.subscriber_id)
        ).all()
    assert left == []


def test_an_announcement_is_sent_again_to_who_still_gets_what_is_announced(desk: Desk) -> None:
    lead, coordinator = desk.lead(), desk.coordinator()
    reader = desk.follower("ana@example.org")
    announcement = desk.submitted(lead)
    desk.send(announcement["id"])
    with desk.world.database.read() as session:
        of_ana = col(Delivery.subscriber_id) == reader.subscriber_id
        sent = session.exec(select(Delivery.id).where(of_ana)).one()
    path, why = f"/deliveries/{sent}/resend", {"reason": "It was deleted by mistake."}
    assert desk.call(coordinator, "POST", path, why).status_code == 202
    desk.world.deliver_all()
    assert desk.received().count("ana@example.org") == 2
    shown = desk.call(lead, "GET", f"/announcements/{announcement['id']}").json()
    assert shown["deliveries"]["sent"] == 2
    end_on_the_page(desk, reader)
    desk.world.subscribe("ana@example.org")
    with desk.world.database.write() as session:
        for delivery in session.exec(select(Delivery).where(of_ana)).all():
            delivery.created_at -= timedelta(hours=1)
    refused = desk.call(coordinator, "POST", path, why)
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "/problems/delivery-not-sent-again",
    )
