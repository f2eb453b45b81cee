"""Announcements: who may write them, to which groups, and what a bad one is told."""

from typing import Any

import pytest
from sqlmodel import select

from services.notifier.tables import Announcement
from shared.events.catalogue import RoleEnded
from shared.ids import new_id
from tests.notifier import partners
from tests.notifier.announcing import ARABIC, ENGLISH, Desk
from tests.notifier.callers import person as signed_in
from tests.notifier.world import GROUP_TITLE, THEME


def test_a_plain_member_may_not_announce_and_sees_no_announcement(desk: Desk) -> None:
    lead = desk.lead()
    observer = desk.lead("observer@example.org", role="observer")
    focal = desk.focal_point("focal@example.org")
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
