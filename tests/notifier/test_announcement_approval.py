"""Announcements to many: a second person sees them, approves or refuses, and is told."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.notifier.vocabulary import (
    AnnouncementState,
)
from shared.columns import utc_now
from tests.notifier.announcing import ENGLISH, Desk
from tests.notifier.mailbox import html_of, text_of


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
    assert "3 people would get it." in text_of(asked)
    assert ENGLISH["text"][:30] in text_of(asked)
    assert 'lang="en" style="text-align:left;margin:0;font-size:17px' in html_of(asked)
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
