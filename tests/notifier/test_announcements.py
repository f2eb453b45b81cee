"""Announcements: who may write, who lets them go, and who gets them."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from services.notifier import choices, pausing, suppressions
from services.notifier.announcements import going_out
from services.notifier.choices import Choice
from services.notifier.links import Purpose
from services.notifier.subscribers import Hours
from services.notifier.tables import Announcement, Delivery, Subscription
from services.notifier.targets import EVERYTHING
from services.notifier.vocabulary import (
    AnnouncementState,
    DeliveryState,
    Frequency,
    SuppressionReason,
)
from shared.columns import utc_now
from shared.events.catalogue import PersonReachable, RoleEnded
from shared.ids import new_id
from tests.notifier import partners
from tests.notifier.announcing import ARABIC, ENGLISH, Desk
from tests.notifier.callers import person as signed_in
from tests.notifier.world import GROUP_TITLE, THEME


def belong(desk: Desk, email: str) -> UUID:
    """Let a focal point of a member institution be reachable at the address."""
    institution = partners.institution(desk.world, f"The institution of {email}")
    partners.belongs(desk.world, institution)
    person = partners.person(desk.world, email)
    partners.speaks_for(desk.world, person, institution)
    return person


def test_who_belongs_to_the_group_and_who_follows_it_get_one_each(desk: Desk) -> None:
    lead = desk.lead()
    belong(desk, "focal@example.org")
    both = belong(desk, "both@example.org")
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
    belong(desk, "focal@example.org")
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
    belong(desk, "focal@example.org")
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


def test_a_plain_member_may_not_announce_and_sees_no_announcement(desk: Desk) -> None:
    lead = desk.lead()
    observer = desk.lead("observer@example.org", role="observer")
    focal = belong(desk, "focal@example.org")
    announcement = desk.draft(lead)
    body = {"group_id": str(desk.world.group_id), "texts": {"en": ENGLISH}}
    for person in (observer, focal, new_id()):
        refused = desk.call(person, "POST", "/announcements", body)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
        assert desk.call(person, "GET", "/announcements").json()["items"] == []
        path = f"/announcements/{announcement['id']}"
        for method, more, sent in (
            ("GET", "", None),
            ("GET", "/recipients", None),
            ("PATCH", "", {"texts": {"en": ENGLISH}}),
            ("POST", "/submission", None),
            ("POST", "/approval", None),
            ("POST", "/refusal", {"reason": "No."}),
            ("POST", "/cancellation", {}),
        ):
            answer = desk.call(person, method, path + more, sent, version=1)
            assert answer.status_code == 404, (method, more, answer.text)
    with desk.world.database.read() as session:
        assert session.exec(select(Announcement)).one().version == 1


def test_a_hidden_group_is_none_for_who_may_not_see_it(desk: Desk) -> None:
    partners.hide(desk.world, "members")
    body = {"group_id": str(desk.world.group_id), "texts": {"en": ENGLISH}}
    answer = desk.call(new_id(), "POST", "/announcements", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/group_id"


def test_nobody_moves_an_announcement_to_a_group_that_others_lead(desk: Desk) -> None:
    lead = desk.lead()
    announcement = desk.draft(lead)
    desk.world.group_id = new_id()
    desk.world.open_group()
    change = {"group_id": str(desk.world.group_id)}
    answer = desk.call(lead, "PATCH", f"/announcements/{announcement['id']}", change, version=1)
    assert answer.status_code == 403


def test_who_leads_no_more_loses_the_announcement(desk: Desk) -> None:
    lead = partners.person(desk.world, "lead@example.org")
    role = partners.has_role(desk.world, lead, "co_chair")
    desk.follow_roles()
    announcement = desk.draft(lead)
    desk.world.tell(
        RoleEnded.model_validate(
            {
                "participant_id": role,
                "group_id": desk.world.group_id,
                "group_title": GROUP_TITLE,
                "theme_slug": THEME,
                "person_id": lead,
                "role": "co_chair",
                "reason": "It is over.",
            }
        )
    )
    path = f"/announcements/{announcement['id']}"
    assert desk.call(lead, "GET", path).status_code == 404
    assert desk.call(lead, "POST", f"{path}/submission", version=1).status_code == 404


def test_an_announcement_to_many_waits_for_another_coordinator_who_is_told(desk: Desk) -> None:
    desk.set_limit(2)
    author = desk.coordinator("author@example.org")
    second = desk.coordinator("second@example.org")
    readers = desk.followers(3)
    announcement = desk.submitted(author)
    assert announcement["state"] == "waiting"
    assert desk.send(announcement["id"]) is AnnouncementState.WAITING
    (asked,) = desk.world.mailbox.messages
    assert asked["To"] == "second@example.org"
    assert "An announcement waits for your approval" in asked["Subject"]
    waiting = desk.call(second, "GET", "/announcements?state=waiting").json()["items"]
    assert [each["id"] for each in waiting] == [announcement["id"]]
    path = f"/announcements/{announcement['id']}/approval"
    own = desk.call(author, "POST", path, version=announcement["version"])
    assert (own.status_code, own.json()["type"]) == (403, "/problems/forbidden")
    approved = desk.act(second, announcement, "approval")
    assert (approved["state"], approved["approved_by"]) == ("scheduled", str(second))
    assert desk.send(announcement["id"]) is AnnouncementState.SENT
    assert desk.received() == readers


def test_who_leads_the_group_may_not_approve(desk: Desk) -> None:
    desk.set_limit(1)
    author, other = desk.lead("author@example.org"), desk.lead("other@example.org")
    announcement = desk.submitted(author)
    path = f"/announcements/{announcement['id']}/approval"
    answer = desk.call(other, "POST", path, version=announcement["version"])
    assert answer.status_code == 403


def test_who_changed_the_text_of_another_author_may_not_approve_it(desk: Desk) -> None:
    desk.set_limit(0)
    author, second = desk.lead(), desk.coordinator("second@example.org")
    third = desk.coordinator("third@example.org")
    announcement = desk.draft(author)
    changed = change_text(desk, second, announcement)
    submitted = desk.act(author, changed, "submission")
    path = f"/announcements/{announcement['id']}/approval"
    assert desk.call(second, "POST", path, version=submitted["version"]).status_code == 403
    assert desk.act(third, submitted, "approval")["state"] == "scheduled"


def change_text(desk: Desk, by: UUID, announcement: dict[str, Any]) -> dict[str, Any]:
    body = {"texts": {"en": {"subject": "Another subject", "text": "Another text."}}}
    answer = desk.call(
        by, "PATCH", f"/announcements/{announcement['id']}", body, version=announcement["version"]
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_change_after_the_approval_takes_it_back(desk: Desk) -> None:
    desk.set_limit(0)
    author, second = desk.lead(), desk.coordinator()
    in_a_week = (utc_now() + timedelta(days=7)).isoformat()
    announcement = desk.submitted(author, send_at=in_a_week)
    approved = desk.act(second, announcement, "approval")
    changed = change_text(desk, author, approved)
    assert (changed["state"], changed["approved_by"]) == ("draft", None)
    change = {"send_at": None}
    path = f"/announcements/{announcement['id']}"
    now = desk.call(author, "PATCH", path, change, version=changed["version"]).json()
    assert desk.send(announcement["id"]) is AnnouncementState.DRAFT
    again = desk.act(author, now, "submission")
    assert desk.send(announcement["id"]) is AnnouncementState.WAITING
    assert desk.received() == []
    desk.act(second, again, "approval")
    desk.send(announcement["id"])
    assert len(desk.received()) == 1
    (message,) = [
        each for each in desk.world.mailbox.messages if each["X-Southlink-Kind"] == "announcement"
    ]
    assert "Another subject" in message["Subject"]


def test_only_the_text_that_was_seen_is_approved(desk: Desk) -> None:
    desk.set_limit(0)
    author, second = desk.lead(), desk.coordinator()
    seen = desk.submitted(author)
    again = desk.act(author, change_text(desk, author, seen), "submission")
    path = f"/announcements/{seen['id']}/approval"
    assert desk.call(second, "POST", path, version=seen["version"]).status_code == 412
    assert desk.call(second, "POST", path).status_code == 428
    assert desk.act(second, again, "approval")["state"] == "scheduled"


def test_what_grew_beyond_the_limit_before_it_goes_out_waits_after_all(desk: Desk) -> None:
    desk.set_limit(2)
    author, second = desk.lead(), desk.coordinator()
    announcement = desk.submitted(author)
    assert announcement["state"] == "scheduled"
    readers = desk.followers(2)
    assert desk.send(announcement["id"]) is AnnouncementState.WAITING
    assert desk.received() == []
    path = f"/announcements/{announcement['id']}"
    held = desk.call(second, "GET", path).json()
    assert held["recipients"] == 3
    desk.act(second, held, "approval")
    desk.send(announcement["id"])
    assert desk.received() == ["lead@example.org", *readers]
    acts = [each["act"] for each in desk.call(second, "GET", path).json()["record"]]
    assert acts == ["drafted", "submitted", "held", "approved", "begun", "sent"]


def test_a_refusal_gives_it_back_with_a_reason(desk: Desk) -> None:
    desk.set_limit(0)
    author, second = desk.lead(), desk.coordinator()
    announcement = desk.submitted(author)
    refused = desk.act(second, announcement, "refusal", {"reason": "The date is wrong."})
    assert refused["state"] == "refused"
    assert refused["record"][-1]["reason"] == "The date is wrong."
    assert refused["record"][-1]["by"] == str(second)
    assert desk.send(announcement["id"]) is AnnouncementState.REFUSED
    again = desk.act(author, change_text(desk, author, refused), "submission")
    assert again["state"] == "waiting"


def test_the_record_can_neither_be_changed_nor_removed(desk: Desk) -> None:
    desk.draft(desk.lead())
    for change in (
        "UPDATE announcement_record SET act = 'approved'",
        "DELETE FROM announcement_record",
    ):
        with pytest.raises(DBAPIError), desk.world.database.write() as session:
            session.execute(text(change))


def test_what_is_scheduled_waits_for_its_time(desk: Desk) -> None:
    lead = desk.lead()
    at = utc_now() + timedelta(hours=1)
    announcement = desk.submitted(lead, send_at=at.isoformat())
    assert desk.send(announcement["id"]) is AnnouncementState.SCHEDULED
    later = at + timedelta(seconds=1)
    with desk.world.database.write() as session:
        assert going_out.take_due(session, utc_now() + timedelta(minutes=30)) == []
    with desk.world.database.write() as session:
        assert going_out.take_due(session, later) == [UUID(announcement["id"])]
        made = going_out.step(session, UUID(announcement["id"]), desk.limit, later)
    assert made is not None
    assert len(made.to_readers) == 1


def test_a_cancellation_stops_what_has_not_left_and_counts_what_is_on_the_wire(
    desk: Desk,
) -> None:
    lead = desk.lead()
    desk.followers(30)
    announcement = desk.submitted(lead)
    desk.make(announcement["id"])
    on_the_wire, cancelled = threading.Event(), threading.Event()

    def hold_the_first(_envelope: object) -> str:
        on_the_wire.set()
        cancelled.wait(20)
        return "250 OK"

    desk.world.mailbox.on_message = hold_the_first
    worker = threading.Thread(target=desk.world.deliver_all)
    worker.start()
    assert on_the_wire.wait(20)
    stopped = desk.act(lead, announcement, "cancellation", {"reason": "It was called off."})
    left = stopped["deliveries"]["sending"]
    assert stopped["state"] == "cancelled"
    assert left >= 1
    assert stopped["deliveries"]["cancelled"] == 31 - left
    cancelled.set()
    worker.join()
    desk.world.deliver_all()
    assert 1 <= len(desk.received()) <= left
    shown = desk.call(lead, "GET", f"/announcements/{announcement['id']}").json()
    assert shown["deliveries"]["sent"] == len(desk.received())
    assert shown["deliveries"]["sent"] + shown["deliveries"]["cancelled"] == 31
    assert desk.act(lead, announcement, "cancellation", {})["version"] == stopped["version"]


def test_what_a_mail_server_deferred_is_not_tried_again_after_a_cancellation(desk: Desk) -> None:
    lead = desk.lead()
    announcement = desk.submitted(lead)
    desk.make(announcement["id"])
    desk.world.mailbox.refused = {"lead@example.org": "450 Later"}
    desk.world.deliver_all()
    desk.act(lead, announcement, "cancellation", {})
    desk.world.mailbox.refused.clear()
    with desk.world.database.read() as session:
        assert session.exec(select(Delivery)).one().state is DeliveryState.CANCELLED


def test_an_email_whose_worker_died_is_cancelled_as_one_in_doubt(desk: Desk) -> None:
    lead = desk.lead()
    announcement = desk.submitted(lead)
    desk.make(announcement["id"])
    with desk.world.database.write() as session:
        delivery = session.exec(select(Delivery)).one()
        delivery.state = DeliveryState.SENDING
        delivery.next_attempt_at = utc_now() + timedelta(seconds=60)
    stopped = desk.act(lead, announcement, "cancellation", {})
    assert stopped["deliveries"]["sending"] == 1
    with desk.world.database.write() as session:
        session.exec(select(Delivery)).one().next_attempt_at = utc_now()
    desk.world.deliver_all()
    assert desk.received() == []
    shown = desk.call(lead, "GET", f"/announcements/{announcement['id']}").json()
    assert (shown["deliveries"]["cancelled"], shown["in_doubt"]) == (1, 1)


@pytest.mark.parametrize("act", ["submission", "approval", "refusal", "change"])
def test_what_has_gone_out_or_was_stopped_stays_so(desk: Desk, act: str) -> None:
    author, second = desk.lead(), desk.coordinator()
    announcement = desk.submitted(author)
    desk.send(announcement["id"])
    path = f"/announcements/{announcement['id']}"
    version = desk.call(author, "GET", path).json()["version"]
    body = {"reason": "No."} if act == "refusal" else {"texts": {"en": ENGLISH}}
    if act == "change":
        answer = desk.call(author, "PATCH", path, body, version=version)
    else:
        sent = body if act == "refusal" else None
        answer = desk.call(second, "POST", f"{path}/{act}", sent, version=version)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-allowed-now")
    assert desk.call(author, "POST", f"{path}/cancellation", {}).status_code == 409
    assert len(desk.received()) == 1


def test_the_pause_of_all_sending_holds_announcements_too(desk: Desk) -> None:
    lead = desk.lead()
    announcement = desk.submitted(lead)
    with desk.world.database.write() as session:
        pausing.pause(session, "A wrong text went out.", None, utc_now())
    assert desk.send(announcement["id"]) is AnnouncementState.SCHEDULED
    with desk.world.database.write() as session:
        pausing.resume(session)
    assert desk.send(announcement["id"]) is AnnouncementState.SENT


def test_one_that_would_reach_nobody_is_not_submitted(desk: Desk) -> None:
    coordinator = desk.coordinator()
    announcement = desk.draft(coordinator)
    path = f"/announcements/{announcement['id']}/submission"
    answer = desk.call(coordinator, "POST", path, version=1)
    assert answer.status_code == 409
    assert "Nobody would get it" in answer.json()["detail"]


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


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"texts": {}}, "/texts"),
        ({"texts": None}, "/texts"),
        ({"texts": {"tlh": ENGLISH}}, "/texts/tlh"),
        ({"texts": {"en": {"subject": "x"}}}, "/texts/en/text"),
        ({"texts": {"en": {**ENGLISH, "subject": "a\r\nBcc: b@example.org"}}}, "/texts/en/subject"),
        ({"texts": {"en": {**ENGLISH, "subject": "a\u2028b"}}}, "/texts/en/subject"),
        ({"texts": {"en": {**ENGLISH, "subject": ""}}}, "/texts/en/subject"),
        ({"texts": {"en": {**ENGLISH, "subject": "x" * 121}}}, "/texts/en/subject"),
        ({"texts": {"en": {**ENGLISH, "subject": 7}}}, "/texts/en/subject"),
        ({"texts": {"en": {**ENGLISH, "text": "   "}}}, "/texts/en/text"),
        ({"texts": {"en": {**ENGLISH, "text": "x" * 20_001}}}, "/texts/en/text"),
        ({"texts": {"en": {**ENGLISH, "text": "a\u0000b"}}}, "/texts/en/text"),
        ({"texts": {"en": {**ENGLISH, "text": "\u202etxt.exe"}}}, "/texts/en/text"),
        ({"texts": {"en": {**ENGLISH, "more": 1}}}, "/texts/en/more"),
        ({"texts": {"zh": {"subject": "会", "text": "会" * 20_000}}}, "/texts/zh/text"),
        ({"texts": {"en": ENGLISH, "ar": ARABIC}}, ""),
        ({"texts": {"en": ENGLISH, "ar": ARABIC}, "language": "fr"}, "/language"),
        ({"language": "pt"}, "/language"),
        ({"group_id": "x"}, "/group_id"),
        ({"group_id": "018f4e2a-0000-7000-8000-000000000000"}, "/group_id"),
        ({"send_at": "2020-01-01T00:00:00Z"}, "/send_at"),
        ({"send_at": "9999-12-31T23:59:59-14:00"}, "/send_at"),
        ({"send_at": "0001-01-01T00:00:00+14:00"}, "/send_at"),
        ({"send_at": "2027-01-15T09:00:00"}, "/send_at"),
        ({"unknown": 1}, "/unknown"),
    ],
)
@pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)
def test_a_bad_announcement_names_the_field_and_changes_nothing(
    desk: Desk, changes: dict[str, Any], pointer: str
) -> None:
    body = {"group_id": str(desk.world.group_id), "texts": {"en": ENGLISH}, **changes}
    answer = desk.call(desk.coordinator(), "POST", "/announcements", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "/problems/invalid-input"
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    with desk.world.database.read() as session:
        assert session.exec(select(Announcement)).all() == []


def test_writing_twice_with_one_key_makes_one(desk: Desk) -> None:
    lead = desk.lead()
    headers = {**signed_in(desk.key, lead), "Idempotency-Key": "one"}
    body = {"group_id": str(desk.world.group_id), "texts": {"en": ENGLISH}}
    answers = [desk.client.post("/announcements", json=body, headers=headers) for _ in range(2)]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    with desk.world.database.read() as session:
        assert len(session.exec(select(Announcement.id)).all()) == 1


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
