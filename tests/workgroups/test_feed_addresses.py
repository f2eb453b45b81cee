"""The feed of a hidden group at a secret address, for feed readers that can't sign in."""

from typing import Any

import feedparser
import pytest
from httpx import Response

from shared.events.catalogue import FocalPointRemoved, PersonErased
from shared.logs import mask
from tests.workgroups.posting import Desk, desk_of
from tests.workgroups.stage import Stage, assert_refused
from tests.workgroups.world import Person, Workgroups


@pytest.fixture
def desk(workgroups: Workgroups) -> Desk:
    """A group that its members alone see, on SQLite and on PostgreSQL."""
    return desk_of(workgroups, visibility="members")


def address(desk: Desk, person: Person) -> str:
    url: str = desk.workgroups.made(person, f"/groups/{desk.group['id']}/feed-address", None)["url"]
    return url.removeprefix("http://127.0.0.1:8002")


def fetched(desk: Desk, path: str, **headers: str) -> Response:
    return desk.workgroups.send(None, "GET", path, **headers)


def own(desk: Desk, person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.workgroups.read(person, "/me/secret-addresses")["items"]
    return found


def test_a_feed_reader_reads_a_hidden_group_page_by_page_at_the_secret_address(desk: Desk) -> None:
    titles = [desk.post(title=f"News {number}")["title"] for number in range(3)]
    path = address(desk, desk.member.focal_point)
    assert fetched(desk, f"/groups/{desk.group['id']}/feed.atom").status_code == 404

    told: list[str] = []
    at = f"{path}?limit=2"
    while at:
        response = fetched(desk, at)
        assert response.status_code == 200, response.text
        parsed = feedparser.parse(response.content)
        told += [entry.title for entry in parsed.entries]
        links = {link.rel: link.href for link in parsed.feed.links}
        assert path in links["self"]
        at = links.get("next", "").removeprefix("http://127.0.0.1:8002")
    assert told[:3] == titles[::-1]
    assert response.headers["cache-control"] == "private, no-cache"
    tag = fetched(desk, path).headers["etag"]
    assert fetched(desk, path, if_none_match=tag).status_code == 304


def test_the_address_ends_at_the_next_call_once_its_person_sees_the_group_no_more(
    desk: Desk,
) -> None:
    person = desk.member.focal_point
    path = address(desk, person)
    assert fetched(desk, path).status_code == 200
    desk.workgroups.tell(FocalPointRemoved(person_id=person.id, institution_id=desk.member.id))
    assert fetched(desk, path).status_code == 404


def test_an_address_is_listed_replaced_revoked_and_forgotten_with_its_person(desk: Desk) -> None:
    person = desk.member.focal_point
    group = f"/groups/{desk.group['id']}"
    first, second = address(desk, person), address(desk, person)
    desk.workgroups.made(person, f"{group}/calendar-address", None)
    assert fetched(desk, first).status_code == 404
    assert fetched(desk, second).status_code == 200
    assert [(each["purpose"], each["group_title"]) for each in own(desk, person)] == [
        ("feed", "Group digital"),
        ("calendar", "Group digital"),
    ]
    assert own(desk, desk.coordinator) == []
    assert desk.workgroups.send(person, "DELETE", f"{group}/feed-address").status_code == 204
    assert desk.workgroups.send(person, "DELETE", f"{group}/feed-address").status_code == 404
    assert fetched(desk, second).status_code == 404
    assert [each["purpose"] for each in own(desk, person)] == ["calendar"]

    third = address(desk, person)
    secret = third.rsplit("/", 1)[1].removesuffix(".atom")
    assert fetched(desk, f"/calendars/{secret}.ics").status_code == 404, "of another purpose"
    assert secret not in str(desk.workgroups.everything()), "a digest is kept, not the secret"
    assert secret not in mask(f"GET {third}")
    desk.workgroups.tell(PersonErased(person_id=person.id))
    assert fetched(desk, third).status_code == 404


def test_who_does_not_see_a_group_gets_no_address_of_its_feed(desk: Desk) -> None:
    path = f"/groups/{desk.group['id']}/feed-address"
    for person, status in ((desk.other.focal_point, 404), (desk.workgroups.person(scopes=()), 403)):
        assert desk.workgroups.send(person, "POST", path).status_code == status


@pytest.mark.parametrize("secret", ["sl_address_" + "x" * 43, "x", "%00", "sl_address_"])
def test_a_guessed_address_reads_nothing(stage: Stage, secret: str) -> None:
    assert_refused(
        stage,
        lambda: stage.workgroups.send(None, "GET", f"/feeds/{secret}.atom"),
        404,
        "not-found",
    )
