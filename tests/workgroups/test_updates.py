"""Updates: rendered, linked, changed with a history, pinned and withdrawn."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from services.workgroups import calendar
from services.workgroups.tables import Update
from shared import markdown
from shared.columns import utc_now
from shared.events.catalogue import (
    InstitutionMerged,
    InstitutionUpdated,
    NeedPublished,
    NeedWithdrawn,
    UpdateChanged,
    UpdatePinned,
    UpdatePosted,
    UpdateWithdrawn,
)
from shared.ids import new_id
from tests.workgroups.posting import Desk, desk_of
from tests.workgroups.world import Workgroups, institution_facts, support_facts


@pytest.fixture
def desk(workgroups: Workgroups) -> Desk:
    return desk_of(workgroups)


@pytest.fixture
def embedded_desk(embedded_workgroups: Workgroups) -> Desk:
    return desk_of(embedded_workgroups)


def told(desk: Desk, kind: type[Any]) -> list[Any]:
    return [data for _, data in desk.workgroups.published() if isinstance(data, kind)]


def history(desk: Desk, update: dict[str, Any], by: Any = None) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = desk.workgroups.read(by, f"/updates/{update['id']}/history")[
        "items"
    ]
    return items


def test_the_text_is_shown_as_safe_html_beside_its_source(desk: Desk) -> None:
    update = desk.post(text="**Apply** <script>now</script> ![](https://t.example/p.gif)")

    assert update["text"].startswith("**Apply** <script>")
    assert update["text_html"].startswith("<p><strong>Apply</strong> &lt;script&gt;now")
    assert "<img" not in update["text_html"]
    assert desk.workgroups.read(None, f"/updates/{update['id']}") == update


def test_what_an_older_rendering_made_is_made_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = desk.post()
    monkeypatch.setattr(markdown, "RENDERING", markdown.RENDERING + 1)
    with desk.workgroups.database.write() as session:
        session.get_one(Update, UUID(update["id"])).text_html = "<p>old</p>"

    assert "old" not in desk.workgroups.read(None, f"/updates/{update['id']}")["text_html"]


def test_what_nobody_rendered_yet_is_rendered_by_the_calendar_once(desk: Desk) -> None:
    updates = [desk.post() for _ in range(3)]
    with desk.workgroups.database.write() as session:
        for update in updates[:2]:
            kept = session.get_one(Update, UUID(update["id"]))
            kept.text_html, kept.rendering = "", 0

    taken = [calendar.keep(desk.workgroups.database, utc_now()) for _ in range(2)]

    assert [each["updates_rendered"] for each in taken] == [2, 0]
    with desk.workgroups.database.read() as session:
        for update in updates:
            stored = session.get_one(Update, UUID(update["id"]))
            assert (stored.text_html, stored.version) == (update["text_html"], 1)


def test_a_change_is_a_version_that_can_be_looked_up(desk: Desk) -> None:
    update = desk.post(language="en")

    changed = desk.change(update, text="We start in **June**.", language="pt-br")

    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] == '"2"'
    assert (changed.json()["language"], changed.json()["edited_at"] is None) == ("pt-BR", False)
    assert "<strong>June</strong>" in changed.json()["text_html"]
    versions = history(desk, update)
    assert [(each["version"], each["action"]) for each in versions] == [(1, "publish"), (2, "edit")]
    assert [each["said"]["text"] for each in versions] == [
        "We *start* in May.",
        "We start in **June**.",
    ]
    assert versions[1]["actor_id"] == str(desk.member.focal_point.id)
    [event] = told(desk, UpdateChanged)
    assert (event.changed, event.update_version) == (["text", "language"], 2)


def test_a_change_that_changes_nothing_makes_no_version(desk: Desk) -> None:
    update = desk.post()

    same = desk.change(update, text=update["text"], kind="news")

    assert (same.status_code, same.json()["version"]) == (200, 1)
    assert not told(desk, UpdateChanged)


def test_of_two_changes_of_one_version_the_second_is_refused(desk: Desk) -> None:
    update = desk.post()
    assert desk.change(update, title="First").status_code == 200

    late = desk.change(update, title="Second")

    assert late.status_code == 412
    assert desk.listed() == ["First"]


def test_the_database_lets_nobody_rewrite_the_history(desk: Desk) -> None:
    update = desk.post()
    for change in ("UPDATE update_version SET action = 'x'", "DELETE FROM update_version"):
        with desk.workgroups.database.engine.begin() as connection, pytest.raises(IntegrityError):
            connection.exec_driver_sql(change)
    assert history(desk, update)[0]["action"] == "publish"


def test_a_need_is_linked_and_shown_with_its_title_and_state(desk: Desk) -> None:
    facts = support_facts(desk.other.id, title="Teachers")
    desk.workgroups.tell(NeedPublished(need=facts))

    update = desk.post(needs=[str(facts.item_id)])

    [linked] = update["needs"]
    assert linked == {
        "id": str(facts.item_id),
        "title": "Teachers",
        "state": "published",
        "institution_id": str(desk.other.id),
    }
    [event] = told(desk, UpdatePosted)
    assert event.needs == [facts.item_id]


def test_a_link_outlives_what_it_leads_to_and_shows_it_to_nobody_who_may_not_see_it(
    desk: Desk,
) -> None:
    facts = support_facts(desk.other.id, title="Teachers")
    desk.workgroups.tell(NeedPublished(need=facts))
    update = desk.post(needs=[str(facts.item_id)])
    gone = facts.model_copy(update={"state": "withdrawn", "version": 9})
    desk.workgroups.tell(NeedWithdrawn(need=gone))

    [linked] = desk.workgroups.read(None, f"/updates/{update['id']}")["needs"]
    assert (linked["title"], linked["state"]) == (None, None)
    [known] = desk.workgroups.read(desk.other.focal_point, f"/updates/{update['id']}")["needs"]
    assert (known["title"], known["state"]) == ("Teachers", "withdrawn")
    kept = desk.change(update, title="Kept", needs=[str(facts.item_id)])
    assert kept.status_code == 200, kept.text


def test_people_and_institutions_are_mentioned_by_their_ids(desk: Desk) -> None:
    person, institution = desk.other.focal_point, desk.other
    update = desk.post(
        mentioned_people=[str(person.id)], mentioned_institutions=[str(institution.id)]
    )

    assert update["mentioned_people"] == [str(person.id)]
    [mentioned] = update["mentioned_institutions"]
    assert (mentioned["id"], mentioned["acronym"]) == (str(institution.id), "FAO")
    [event] = told(desk, UpdatePosted)
    assert event.mentioned_people == [person.id]
    assert event.mentioned_institutions == [institution.id]
    about_me = desk.workgroups.read(person, "/me/updates?mentioning=true")["items"]
    assert [each["id"] for each in about_me] == [update["id"]]
    assert (
        desk.workgroups.read(desk.member.focal_point, "/me/updates?mentioning=true")["items"] == []
    )


def test_who_does_not_see_the_group_is_not_mentioned_in_it(workgroups: Workgroups) -> None:
    desk = desk_of(workgroups, visibility="members")
    body = desk.body(mentioned_people=[str(desk.other.focal_point.id)])

    refused = workgroups.send(
        desk.member.focal_point, "POST", f"/groups/{desk.group['id']}/updates", body
    )

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/mentioned_people/0"
    workgroups.join(desk.other, desk.group)
    assert desk.post(mentioned_people=[str(desk.other.focal_point.id)])["version"] == 1


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("needs", [str(new_id())], "/needs/0"),
        ("offers", ["x"], "/offers/0"),
        ("needs", [str(new_id()) for _ in range(21)], "/needs"),
        ("mentioned_people", [str(new_id())], "/mentioned_people/0"),
        ("mentioned_institutions", [str(new_id())], "/mentioned_institutions/0"),
        ("language", "klingon", "/language"),
        ("text", "", "/text"),
        ("text", "x" * 20_001, "/text"),
        ("text", "a\u202eb", "/text"),
        ("publish_at", "2020-01-01T00:00:00Z", "/publish_at"),
        ("publish_at", "2027-01-01T00:00:00", "/publish_at"),
        ("publish_at", "2999-01-01T00:00:00Z", "/publish_at"),
        ("posted_at", "2020-01-01T00:00:00Z", "/posted_at"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_posted_or_changed(
    embedded_desk: Desk, field: str, value: Any, pointer: str
) -> None:
    draft = embedded_desk.post(draft=True)
    before = embedded_desk.workgroups.everything()
    body = embedded_desk.body(**{field: value})
    path = f"/groups/{embedded_desk.group['id']}/updates"
    person = embedded_desk.member.focal_point

    posted = embedded_desk.workgroups.send(person, "POST", path, body)
    changed = embedded_desk.change(draft, **{field: value})

    for refused in (posted, changed):
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert embedded_desk.workgroups.everything() == before


def test_only_its_institution_changes_an_update(desk: Desk) -> None:
    update = desk.post()

    for somebody in (desk.other.focal_point, desk.coordinator, desk.workgroups.person()):
        assert desk.change(update, by=somebody, title="Mine").status_code == 404
    assert desk.change({"id": new_id(), "version": 1}, title="None").status_code == 404


def test_a_withdrawn_update_leaves_that_it_was_there_and_why_it_went(desk: Desk) -> None:
    update = desk.post(title="Secret", text="Oops.")

    gone = desk.withdraw(update)

    assert gone.status_code == 200, gone.text
    seen = desk.workgroups.read(None, f"/updates/{update['id']}")
    assert (seen["state"], seen["title"], seen["text"], seen["text_html"]) == (
        "withdrawn",
        None,
        None,
        None,
    )
    assert seen["withdrawal"]["reason"] == "It was cancelled."
    assert seen["withdrawal"]["by_group"] is False
    assert desk.listed() == []
    assert desk.listed(query="?state=withdrawn") == [None]
    assert [each["said"] for each in history(desk, update)] == [None, None]
    for somebody in (desk.member.focal_point, desk.coordinator):
        assert history(desk, update, somebody)[0]["said"]["text"] == "Oops."
    [event] = told(desk, UpdateWithdrawn)
    assert (event.reason, event.by_group) == ("It was cancelled.", False)
    again = desk.withdraw(seen)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/not-allowed-now")
    assert desk.change(seen, title="Back").status_code == 409


def test_who_leads_the_group_withdraws_what_does_not_belong_there(desk: Desk) -> None:
    update = desk.post()

    assert desk.withdraw(update, desk.other.focal_point).status_code == 404
    gone = desk.withdraw(update, desk.coordinator)

    assert gone.json()["withdrawal"]["by_group"] is True


def test_a_withdrawal_says_why(desk: Desk) -> None:
    update = desk.post()

    for body in ({}, {"reason": " "}, None):
        assert desk.step(update, "withdraw", body=body).status_code == 422
    assert desk.status(None, update) == 200


def test_pinned_updates_come_first_where_asked_for(desk: Desk) -> None:
    for title in "abcde":
        update = desk.post(title=title)
        if title in "bd":
            pinned = desk.pin(update)
            assert (pinned.status_code, pinned.json()["pinned"]) == (200, True)

    assert desk.listed() == list("edcba")
    assert desk.listed(query="?pinned_first=true") == list("dbeca")
    path, cursor, found = f"/groups/{desk.group['id']}/updates?pinned_first=true&limit=2", "", []
    while cursor is not None:
        page = desk.workgroups.read(None, path + (f"&cursor={cursor}" if cursor else ""))
        found += [update["title"] for update in page["items"]]
        cursor = page["next_cursor"]
    assert found == list("dbeca")
    other = desk.workgroups.send(
        None,
        "GET",
        f"{path}&kind=news&cursor={desk.workgroups.read(None, path)['next_cursor']}",
    )
    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "cursor")
    assert [event.pinned for event in told(desk, UpdatePinned)] == [True, True]


def test_pinning_twice_is_pinning_once_and_unpinning_undoes_it(desk: Desk) -> None:
    update = desk.post()
    desk.pin(update)

    assert desk.pin(update).json()["version"] == 2
    path = f"/updates/{update['id']}/pin"
    for _ in range(2):
        unpinned = desk.workgroups.send(desk.coordinator, "DELETE", path)
        assert (unpinned.json()["pinned"], unpinned.json()["version"]) == (False, 3)
    assert [each["action"] for each in history(desk, update)] == ["publish", "pin", "unpin"]


def test_no_more_than_five_are_pinned(desk: Desk) -> None:
    updates = [desk.post() for _ in range(6)]
    for update in updates[:5]:
        assert desk.pin(update).status_code == 200

    assert desk.pin(updates[5]).status_code == 409
    desk.withdraw({**updates[0], "version": 2})
    assert desk.pin(updates[5]).status_code == 200


def test_only_who_leads_the_group_pins(desk: Desk) -> None:
    update = desk.post()

    assert desk.pin(update, desk.member.focal_point).status_code == 403
    assert desk.pin({"id": new_id()}).status_code == 404
    draft = desk.post(draft=True)
    assert desk.pin(draft).status_code == 404


def test_updates_are_found_by_kind_institution_and_language(desk: Desk) -> None:
    desk.workgroups.join(desk.other, desk.group)
    desk.post(title="a", kind="resource", language="pt")
    desk.post(title="b", language="pt-BR")
    desk.post(title="c", language="pam")
    desk.workgroups.made(
        desk.other.focal_point,
        f"/groups/{desk.group['id']}/updates",
        {**desk.body(title="d"), "institution_id": str(desk.other.id)},
    )

    assert desk.listed(query="?kind=resource") == ["a"]
    assert desk.listed(query="?language=pt") == ["b", "a"]
    assert desk.listed(query="?language=pt-br") == ["b"]
    assert desk.listed(query=f"?institution_id={desk.other.id}") == ["d"]
    for bad in ("?language=_", "?kind=gossip", "?institution_id=x", "?state=gone"):
        refused = desk.workgroups.send(None, "GET", f"/groups/{desk.group['id']}/updates{bad}")
        assert refused.status_code == 422, bad


def test_a_group_of_members_hides_what_it_says(workgroups: Workgroups) -> None:
    desk = desk_of(workgroups, visibility="members")
    update = desk.post()

    for somebody in (None, desk.other.focal_point):
        assert desk.status(somebody, update) == 404
        path = f"/updates/{update['id']}/history"
        assert workgroups.send(somebody, "GET", path).status_code == 404
    assert desk.status(desk.member.focal_point, update) == 200


def test_the_survivor_of_a_merger_withdraws_what_the_merged_institution_said(desk: Desk) -> None:
    update = desk.post()
    into = institution_facts(institution_id=desk.other.id)
    merged = institution_facts(
        institution_id=desk.member.id, status="merged", version=9, merged_into=into.institution_id
    )
    desk.workgroups.tell(InstitutionMerged(institution=merged, into=into, reason="One."))

    refused = desk.change(update, by=desk.other.focal_point, title="Ours")
    assert refused.status_code == 409
    assert desk.withdraw(update, desk.other.focal_point).status_code == 200


def test_a_suspended_institution_changes_nothing(desk: Desk) -> None:
    update = desk.post()
    facts = institution_facts(institution_id=desk.member.id, status="suspended", version=9)
    desk.workgroups.tell(InstitutionUpdated(institution=facts))

    assert desk.change(update, title="Still").status_code == 409


def test_a_concluded_group_takes_no_change_of_what_was_said(desk: Desk) -> None:
    update, draft = desk.post(), desk.post(draft=True)
    comment = desk.comment(update)
    attached = desk.workgroups.client.post(
        f"/updates/{update['id']}/attachments?name=a.txt",
        content=b"Text.",
        headers={"Content-Type": "text/plain", **desk.member.focal_point.headers},
    ).json()
    update = desk.workgroups.read(None, f"/updates/{update['id']}")
    concluded = desk.workgroups.send(
        desk.coordinator,
        "POST",
        f"/groups/{desk.group['id']}/conclude",
        {"reason": "It is done."},
        if_match=f'"{desk.group["version"]}"',
    )
    assert concluded.status_code == 200, concluded.text
    before = desk.workgroups.everything()
    own = desk.member.focal_point

    refused = [
        desk.change(update, title="Late"),
        desk.withdraw(update),
        desk.pin(update),
        desk.step(draft, "publish"),
        desk.workgroups.send(own, "POST", f"/updates/{update['id']}/comments", {"text": "Late."}),
        desk.change_comment(comment, text="Late."),
        desk.withdraw_comment(comment),
        desk.workgroups.send(own, "DELETE", f"/attachments/{attached['id']}"),
        desk.workgroups.client.post(
            f"/updates/{update['id']}/attachments?name=b.txt",
            content=b"Other.",
            headers={"Content-Type": "text/plain", **own.headers},
        ),
    ]

    assert [answer.status_code for answer in refused] == [409] * 9
    assert all("concluded" in answer.json()["detail"] for answer in refused)
    assert desk.workgroups.everything() == before
