"""Atom feeds: what feed readers make of a group and of a theme."""

import xml.etree.ElementTree as ET
from typing import Any
from uuid import UUID

import feedparser
import pytest
from httpx import Response
from hypothesis import given
from hypothesis import strategies as st

from services.workgroups.tables import Group
from shared import atom
from shared.columns import utc_now
from shared.ids import new_id
from tests.waiting import wait_until
from tests.workgroups.meeting_steps import LINK, scheduled
from tests.workgroups.posting import Desk, desk_of
from tests.workgroups.stage import MEETING
from tests.workgroups.world import Person, Workgroups

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def desk(workgroups: Workgroups) -> Desk:
    """A group with a member, on SQLite and on PostgreSQL."""
    return desk_of(workgroups)


def get(desk: Desk, person: Person | None = None, query: str = "", **headers: str) -> Response:
    return desk.workgroups.send(
        person, "GET", f"/groups/{desk.group['id']}/feed.atom{query}", **headers
    )


def read(desk: Desk, person: Person | None = None, query: str = "") -> Any:
    response = get(desk, person, query)
    assert response.status_code == 200, response.text
    parsed = feedparser.parse(response.content, sanitize_html=False)
    assert not parsed.bozo, parsed.bozo_exception
    return parsed


def meet(desk: Desk, *points: str, **other: Any) -> dict[str, Any]:
    body = {**MEETING, "group_ids": [desk.group["id"]], "agreed_points": list(points), **other}
    return desk.workgroups.made(desk.coordinator, "/meetings", body)


def test_a_feed_tells_what_a_group_says_meets_about_agrees_and_becomes(desk: Desk) -> None:
    posted = desk.post(title="We start", text="In *May*.", language="en")
    meeting = meet(desk, "Listen closely.")

    feed = read(desk)

    assert [entry.tags[0].term for entry in feed.entries] == [
        "agreed_point",
        "meeting",
        "news",
        "group_step",
    ]
    point, met, update, step = feed.entries
    assert update.title == "We start"
    assert update.content[0].type == "text/html"
    assert update.content[0].value == "<p>In <em>May</em>.</p>"
    assert update.author == "United Nations Volunteers"
    assert update.id == f"urn:uuid:{posted['id']}"
    assert [link.href for link in update.links] == [f"http://127.0.0.1:8002/updates/{posted['id']}"]
    assert met.title == "Retreat"
    assert "<li>Listen closely.</li>" in met.content[0].value
    assert point.id == f"urn:uuid:{meeting['agreed_points'][0]['id']}"
    assert step.title == "Opened: Group digital"


def test_a_feed_has_what_the_standard_asks_for(desk: Desk) -> None:
    desk.post()
    response = get(desk)
    root = ET.fromstring(response.content)

    assert response.headers["content-type"] == "application/atom+xml"
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.findall(f"{ATOM}entry")):
        for needed in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{needed}")) == 1
        assert element.findall(f"{ATOM}author/{ATOM}name")
        assert element.find(f"{ATOM}link[@rel='alternate']") is not None
    self_link = root.find(f"{ATOM}link[@rel='self']")
    assert self_link is not None
    assert self_link.get("href") == f"http://127.0.0.1:8002/groups/{desk.group['id']}/feed.atom"


def test_a_meeting_to_come_says_when_and_where_and_not_how_to_join(desk: Desk) -> None:
    scheduled(desk.workgroups, desk.coordinator, desk.group)

    entry = read(desk, desk.coordinator).entries[0]

    assert entry.title == "Scheduled: Follow-up"
    assert entry.content[0].value == (
        "<p>2099-03-16 09:30 to 12:00, Asia/Bangkok. Bangkok, Thailand, hybrid</p>"
    )
    assert LINK not in get(desk, desk.coordinator).text


def test_an_entry_says_in_which_language_it_is(desk: Desk) -> None:
    desk.post(title="Nous commençons", language="fr")

    assert read(desk).entries[0].title_detail.language == "fr"


def test_drafts_and_withdrawn_updates_are_in_no_feed(desk: Desk) -> None:
    desk.post(title="A draft", draft=True)
    desk.withdraw(desk.post(title="Taken back"))

    assert [entry.title for entry in read(desk).entries] == ["Opened: Group digital"]


def test_an_edited_update_comes_first_again_with_the_same_id(desk: Desk) -> None:
    first = desk.post(title="First")
    desk.post(title="Second")
    before = {entry.id: entry for entry in read(desk).entries}

    assert desk.change(first, title="First, corrected").status_code == 200

    entry = read(desk).entries[0]
    assert entry.title == "First, corrected"
    assert entry.published == before[entry.id].published
    assert entry.updated > before[entry.id].updated


def test_markup_in_titles_and_texts_is_text(desk: Desk) -> None:
    desk.post(title="<b>Bold</b> & ]]>", text="<script>alert(1)</script> ]]> </content>")
    meet(desk, "<img src=x onerror=alert(1)>", title="<i>Retreat</i>")

    response = get(desk)
    root = ET.fromstring(response.content)
    titles = [element.text for element in root.findall(f"{ATOM}entry/{ATOM}title")]
    contents = [element.text or "" for element in root.findall(f"{ATOM}entry/{ATOM}content")]

    assert "<b>Bold</b> & ]]>" in titles
    assert "<i>Retreat</i>" in titles
    assert not [content for content in contents if "<script" in content or "<img" in content]
    assert any("&lt;script&gt;" in content for content in contents)


def test_why_a_group_took_a_step_is_told_to_who_is_signed_in(desk: Desk) -> None:
    rested = desk.workgroups.send(
        desk.coordinator,
        "POST",
        f"/groups/{desk.group['id']}/rest",
        {"reason": "The rains."},
        if_match='"1"',
    )
    assert rested.status_code == 200

    known = read(desk, desk.workgroups.person()).entries[0]
    assert known.title == "At rest: Group digital"
    assert known.content[0].value == "<p>The rains.</p>"
    assert "The rains." not in get(desk).text


def test_pages_lead_through_everything_once(desk: Desk) -> None:
    for number in range(4):
        desk.post(title=f"News {number}")
        meet(desk, "One.", "Two.", title=f"Meeting {number}")
    whole = [entry.id for entry in read(desk).entries]

    page = read(desk, query="?limit=3")
    found = [entry.id for entry in page.entries]
    while following := [link.href for link in page.feed.links if link.rel == "next"]:
        query = "?" + following[0].partition("?")[2]
        page = read(desk, query=query)
        assert [link.href for link in page.feed.links if link.rel == "self"] == following
        found += [entry.id for entry in page.entries]

    assert len(set(found)) == len(found) == 17
    assert found == whole


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0", "é", "a" * 3000])
def test_a_cursor_that_is_not_ours_is_refused(desk: Desk, cursor: str) -> None:
    response = get(desk, query=f"?cursor={cursor}")

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "cursor"


def test_who_has_the_feed_already_gets_nothing_again(desk: Desk) -> None:
    desk.post()
    known = get(desk).headers["etag"]

    same = get(desk, if_none_match=f'"other", W/{known}')
    assert same.status_code == 304
    assert same.content == b""
    assert same.headers["etag"] == known

    desk.post(title="More")
    assert get(desk, if_none_match=known).status_code == 200


def test_a_date_alone_tells_what_the_reader_has_once_its_second_is_over(desk: Desk) -> None:
    update = desk.post()
    wait_until(lambda: "last-modified" in get(desk).headers, "there is a Last-Modified")
    known = get(desk).headers["last-modified"]

    assert get(desk, if_modified_since=known).status_code == 304
    assert get(desk, if_modified_since="Tue, 01 Jan 2030 00:00:00 GMT").status_code == 200
    assert get(desk, if_modified_since="yesterday").status_code == 200

    assert desk.withdraw(update).status_code == 200
    assert get(desk, if_modified_since=known).status_code == 200


def test_an_open_feed_may_be_kept_and_ones_own_may_not(desk: Desk) -> None:
    assert get(desk).headers["cache-control"] == "public, max-age=300"
    assert get(desk, desk.coordinator).headers["cache-control"] == "private, no-cache"
    assert get(desk).headers["vary"] == "Authorization"


def test_the_feed_of_a_theme_is_of_the_groups_that_the_reader_sees(workgroups: Workgroups) -> None:
    seen, hidden = desk_of(workgroups), desk_of(workgroups, slug="inner", visibility="members")
    with workgroups.database.write() as session:
        theme = workgroups.read(None, f"/themes/{seen.group['theme_slug']}")
        inner = session.get_one(Group, UUID(hidden.group["id"]))
        inner.theme_id = UUID(theme["id"])
        session.add(inner)
    seen.post(title="For all")
    hidden.post(title="For members")
    meet(seen, "Both.", group_ids=[seen.group["id"], hidden.group["id"]])
    path = f"/themes/{seen.group['theme_slug']}/feed.atom"

    def titles(person: Person | None) -> list[str]:
        parsed = feedparser.parse(workgroups.send(person, "GET", path).content)
        assert not parsed.bozo
        return [entry.title for entry in parsed.entries]

    opened = ["Agreed point 1: Retreat", "Retreat", "For all", "Opened: Group digital"]
    assert titles(None) == opened
    assert "Group inner" not in workgroups.send(None, "GET", path).text
    assert set(titles(hidden.member.focal_point)) == {
        *opened,
        "For members",
        "Opened: Group inner",
    }
    assert workgroups.send(None, "GET", "/themes/nothing/feed.atom").status_code == 404


@given(st.text(), st.text())
def test_any_text_comes_out_as_it_went_in_but_for_what_xml_cannot_hold(
    title: str, html: str
) -> None:
    now = utc_now()
    entry = atom.Entry(new_id(), "news", title, html, [title], now, now, "http://a.test/?a=1&b=2")
    feed = atom.Feed(
        new_id(), title, html, now, [entry], "http://a.test/", "http://a.test/", "x", None
    )

    root = ET.fromstring(atom.document_of(feed))

    # A reader of XML makes every line end one "\n"; a writer keeps "\r" by writing it as a code.
    def held(text: str) -> str:
        kept = "".join(c if is_xml(c) else "\ufffd" for c in text)
        return kept.replace("\r\n", "\n").replace("\r", "\n")

    assert (root.findtext(f"{ATOM}entry/{ATOM}title") or "") == held(title)
    assert (root.findtext(f"{ATOM}entry/{ATOM}content") or "") == held(html)


def is_xml(character: str) -> bool:
    code = ord(character)
    kept = code in {9, 10, 13} or 0x20 <= code <= 0xD7FF
    return kept or 0xE000 <= code <= 0xFFFD or code > 0xFFFF
