"""Comments: one level of replies, changed by their authors, withdrawn with a reason."""

from typing import Any

import pytest

from shared.events.catalogue import CommentChanged, CommentPosted, CommentWithdrawn
from shared.ids import new_id
from tests.workgroups.posting import Desk, desk_of
from tests.workgroups.world import Person, Workgroups


@pytest.fixture
def desk(workgroups: Workgroups) -> Desk:
    """A group with two members."""
    made = desk_of(workgroups)
    workgroups.join(made.other, made.group)
    return made


def told(desk: Desk, kind: type[Any]) -> list[Any]:
    return [data for _, data in desk.workgroups.published() if isinstance(data, kind)]


def said(desk: Desk, update: dict[str, Any], by: Person | None = None) -> list[str | None]:
    found = desk.workgroups.read(by, f"/updates/{update['id']}/comments")["items"]
    return [comment["text"] for comment in found]


def refused(desk: Desk, update: dict[str, Any], by: Person | None, **body: Any) -> tuple[int, Any]:
    before = desk.workgroups.everything()
    answer = desk.workgroups.send(
        by, "POST", f"/updates/{update['id']}/comments", {"text": "No.", **body}
    )
    assert desk.workgroups.everything() == before
    return answer.status_code, [error["pointer"] for error in answer.json().get("errors", [])]


def test_people_of_the_group_comment_and_reply(desk: Desk) -> None:
    update = desk.post()
    first = desk.comment(update, desk.other.focal_point, language="en")
    reply = desk.comment(update, text="Thanks", parent_id=first["id"])

    assert first["institution_acronym"] == "FAO"
    assert first["text_html"] == "<p>Good <em>news</em>.</p>\n"
    assert first["author"]["name"] == "Ana Souza"
    assert reply["parent_id"] == first["id"]
    assert said(desk, update) == ["Good *news*.", "Thanks"]
    [event, answer] = told(desk, CommentPosted)
    assert (event.update_title, event.language) == ("News", "en")
    assert str(answer.parent_id) == first["id"]


def test_who_is_not_signed_in_learns_no_name(desk: Desk) -> None:
    comment = desk.comment(desk.post())

    assert desk.workgroups.read(None, f"/comments/{comment['id']}")["author"]["name"] is None


def test_a_reply_to_a_reply_is_refused(desk: Desk) -> None:
    update = desk.post()
    reply = desk.comment(update, parent_id=desk.comment(update)["id"])
    elsewhere = desk.comment(desk.post())
    gone = desk.comment(update)
    desk.withdraw_comment(gone)

    for parent in (reply["id"], elsewhere["id"], gone["id"], str(new_id())):
        assert refused(desk, update, desk.member.focal_point, parent_id=parent) == (
            422,
            ["/parent_id"],
        )


def test_who_does_not_belong_to_the_group_does_not_comment(desk: Desk) -> None:
    update = desk.post()
    stranger = desk.workgroups.partner("ILO").focal_point

    assert refused(desk, update, None)[0] == 401
    assert refused(desk, update, stranger)[0] == 403
    assert refused(desk, {"id": new_id()}, stranger)[0] == 404
    assert refused(desk, desk.post(draft=True), desk.member.focal_point)[0] == 409
    assert desk.comment(update, desk.coordinator)["institution_id"] is None


def test_nobody_speaks_in_the_name_of_others(desk: Desk) -> None:
    update, own = desk.post(), desk.member.focal_point

    for institution in (desk.other.id, new_id()):
        assert refused(desk, update, own, institution_id=str(institution)) == (
            422,
            ["/institution_id"],
        )


@pytest.mark.parametrize("text", ["", "  ", "x" * 5_001, "a\u202eb", 7, None])
def test_a_comment_without_good_words_is_refused(desk: Desk, text: Any) -> None:
    assert refused(desk, desk.post(), desk.member.focal_point, text=text) == (422, ["/text"])


def test_the_author_changes_a_comment_and_what_it_said_stays_known(desk: Desk) -> None:
    comment = desk.comment(desk.post())

    changed = desk.change_comment(comment, text="Good **day**.")

    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] == '"2"'
    history = desk.workgroups.read(None, f"/comments/{comment['id']}/history")["items"]
    assert [(each["action"], each["text"]) for each in history] == [
        ("post", "Good *news*."),
        ("edit", "Good **day**."),
    ]
    assert [event.text for event in told(desk, CommentChanged)] == ["Good **day**."]
    assert desk.change_comment(comment, text="Late.").status_code == 412
    assert desk.change_comment(changed.json(), text="Good **day**.").json()["version"] == 2
    for somebody in (desk.other.focal_point, desk.coordinator):
        assert desk.change_comment(changed.json(), somebody, text="Mine.").status_code == 404


def test_a_withdrawn_comment_keeps_its_place_and_its_replies(desk: Desk) -> None:
    update = desk.post()
    comment = desk.comment(update)
    desk.comment(update, text="Reply", parent_id=comment["id"])

    gone = desk.withdraw_comment(comment)

    assert gone.json()["withdrawal"] | {"at": None} == {
        "at": None,
        "by_group": False,
        "reason": "Off topic.",
    }
    assert said(desk, update) == [None, "Reply"]
    path = f"/comments/{comment['id']}/history"
    assert [each["text"] for each in desk.workgroups.read(None, path)["items"]] == [None, None]
    author = desk.workgroups.read(desk.member.focal_point, path)["items"]
    assert author[0]["text"] == "Good *news*."
    assert len(told(desk, CommentWithdrawn)) == 1
    assert desk.withdraw_comment(gone.json()).status_code == 409
    assert desk.change_comment(gone.json(), text="Back.").status_code == 409


def test_who_leads_the_group_withdraws_a_comment_with_a_reason(desk: Desk) -> None:
    comment = desk.comment(desk.post())

    assert desk.withdraw_comment(comment, desk.other.focal_point).status_code == 404
    assert desk.withdraw_comment(comment, desk.coordinator).json()["withdrawal"]["by_group"] is True


def test_comments_go_out_of_sight_with_their_update(desk: Desk) -> None:
    update = desk.post()
    comment = desk.comment(update)
    desk.withdraw(update)

    assert said(desk, update) == []
    assert desk.workgroups.send(None, "GET", f"/comments/{comment['id']}").status_code == 404
    assert said(desk, update, desk.coordinator) == ["Good *news*."]
    assert desk.change_comment(comment, text="Still").status_code == 409


def test_comments_of_a_hidden_group_are_hidden(workgroups: Workgroups) -> None:
    desk = desk_of(workgroups, visibility="members")
    update = desk.post()
    comment = desk.comment(update)

    for path in (f"/updates/{update['id']}/comments", f"/comments/{comment['id']}"):
        assert workgroups.send(desk.other.focal_point, "GET", path).status_code == 404
    assert refused(desk, update, desk.other.focal_point)[0] == 404


def test_who_is_mentioned_in_a_comment_finds_the_update(desk: Desk) -> None:
    update, person = desk.post(), desk.other.focal_point
    comment = desk.comment(update, mentioned_people=[str(person.id)])

    path = "/me/updates?mentioning=true"
    assert [each["id"] for each in desk.workgroups.read(person, path)["items"]] == [update["id"]]
    assert refused(desk, update, person, mentioned_people=[str(new_id())]) == (
        422,
        ["/mentioned_people/0"],
    )
    desk.withdraw_comment(comment)
    assert desk.workgroups.read(person, path)["items"] == []


def test_the_same_comment_sent_twice_is_made_once(desk: Desk) -> None:
    update = desk.post()
    for _ in range(2):
        sent = desk.workgroups.send(
            desk.member.focal_point,
            "POST",
            f"/updates/{update['id']}/comments",
            {"text": "Once."},
            idempotency_key="k",
        )
        assert sent.status_code == 201

    assert said(desk, update) == ["Once."]
