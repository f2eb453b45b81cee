"""Whatever groups say, meet about and owe is found at once, by whoever may see it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text as sql

from services.workgroups import search_index
from services.workgroups.finding import EXCERPT, excerpt
from services.workgroups.search_cards import WORDS
from tests.workgroups.stage import MEETING, UPDATE
from tests.workgroups.world import Partner, Person, Workgroups


def found(workgroups: Workgroups, person: Person | None = None, **asked: Any) -> list[str]:
    """Return the titles of what is found, in order, over all pages."""
    titles: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = workgroups.client.get(
            "/search", params=asked | cursor, headers=person.headers if person else {}
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()
        titles += [hit["title"] for hit in page["items"]]
        if page["next_cursor"] is None:
            assert page["total"] == len(titles)
            return titles
        cursor = {"cursor": page["next_cursor"]}


def post(workgroups: Workgroups, member: Partner, group: dict[str, Any], **said: Any) -> None:
    workgroups.made(
        member.focal_point,
        f"/groups/{group['id']}/updates",
        {**UPDATE, "institution_id": str(member.id), **said},
    )


@pytest.fixture
def scene(workgroups: Workgroups) -> tuple[Workgroups, Person, Partner, dict[str, Any]]:
    """A group with one thing of each kind in it."""
    coordinator, member = workgroups.coordinator(), workgroups.partner("UNV")
    group = workgroups.group(
        coordinator, title="Electronic learning", purpose="Côte d'Ivoire first."
    )
    workgroups.join(member, group)
    post(workgroups, member, group, title="Volunteers", text="Three hundred can teach fishing.")
    held = {**MEETING, "title": "Retreat on fisheries", "agreed_points": ["Listen to fishers."]}
    workgroups.made(coordinator, "/meetings", {**held, "group_ids": [group["id"]]})
    workgroups.assign(coordinator, group, member, title="List the fishing schools")
    return workgroups, coordinator, member, group


def test_every_kind_of_thing_is_found_by_its_words(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]],
) -> None:
    workgroups = scene[0]
    assert sorted(found(workgroups, q="fish")) == [
        "List the fishing schools",
        "Listen to fishers.",
        "Retreat on fisheries",
        "Volunteers",
    ]
    for kind, title in [
        ("update", "Volunteers"),
        ("meeting", "Retreat on fisheries"),
        ("agreed_point", "Listen to fishers."),
        ("action_item", "List the fishing schools"),
        ("group", "Electronic learning"),
    ]:
        assert found(workgroups, kind=kind) == [title]


@pytest.mark.parametrize("words", ["cote d'ivoire", "COTE DIVOIRE", "electronik lerning"])
def test_accents_case_and_a_typing_error_do_not_count(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]], words: str
) -> None:
    assert found(scene[0], q=words) == ["Electronic learning"]


def test_a_word_in_a_title_comes_before_one_in_a_text(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]],
) -> None:
    assert found(scene[0], q="fishing") == ["List the fishing schools", "Volunteers"]


def test_what_changes_is_found_under_what_it_is_now(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]],
) -> None:
    workgroups, coordinator, _, group = scene
    changed = workgroups.send(
        coordinator,
        "PATCH",
        f"/groups/{group['id']}",
        {"title": "Harbours"},
        if_match=f'"{group["version"]}"',
    )
    assert changed.status_code == 200, changed.text

    assert found(workgroups, q="harbours") == ["Harbours"]
    assert found(workgroups, q="electronic") == []


def test_what_a_rolled_back_request_wrote_is_not_found(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]],
) -> None:
    workgroups, _, member, group = scene
    refused = workgroups.send(
        member.focal_point,
        "POST",
        f"/groups/{group['id']}/updates",
        {**UPDATE, "title": "Harbours", "institution_id": str(group["id"])},
    )
    assert refused.status_code == 404

    assert found(workgroups, q="harbours") == []


def test_a_hidden_group_is_found_with_all_it_holds_by_its_members_alone(
    workgroups: Workgroups,
) -> None:
    coordinator = workgroups.coordinator()
    member, outsider = workgroups.partner("UNV"), workgroups.partner("FAO")
    group = workgroups.group(coordinator, title="Hidden harbours", visibility="members")
    workgroups.join(member, group)
    post(workgroups, member, group, title="Harbours news")

    everything = ["Hidden harbours", "Harbours news"]
    assert sorted(found(workgroups, member.focal_point, q="harbours")) == sorted(everything)
    assert sorted(found(workgroups, coordinator, q="harbours")) == sorted(everything)
    assert found(workgroups, outsider.focal_point, q="harbours") == []
    assert found(workgroups, None, q="harbours") == []
    answer = workgroups.client.get("/search", params={"facets": True}).json()
    assert answer["facets"]["group"] == []


def test_facets_count_what_would_be_found_without_their_own_filter(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]],
) -> None:
    workgroups, _, member, group = scene
    answer = workgroups.client.get("/search", params={"facets": True, "kind": "update"}).json()

    assert answer["total"] == 1
    facets = answer["facets"]
    assert {each["code"]: each["count"] for each in facets["kind"]} == {
        "group": 1,
        "update": 1,
        "meeting": 1,
        "agreed_point": 1,
        "action_item": 1,
    }
    assert facets["institution"] == [{"code": str(member.id), "count": 1}]
    assert facets["group"] == [{"code": group["id"], "count": 1}]


def test_filters_narrow_and_a_theme_without_groups_holds_nothing(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]],
) -> None:
    workgroups, coordinator, member, group = scene
    other = workgroups.group(coordinator, "other", title="Other")
    workgroups.made(coordinator, "/themes", {"slug": "empty", "title": "Empty"})

    assert found(workgroups, group=other["id"]) == ["Other"]
    assert found(workgroups, theme="other-theme") == ["Other"]
    assert found(workgroups, theme="empty") == []
    assert found(workgroups, theme="other-theme", group=group["id"]) == []
    assert found(workgroups, institution=str(member.id), state="open") == [
        "List the fishing schools"
    ]


def test_pages_hold_each_thing_once_and_a_cursor_is_of_its_own_list(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]],
) -> None:
    workgroups, _, member, group = scene
    for number in range(7):
        post(workgroups, member, group, title=f"Harbour {number}")

    titles = found(workgroups, q="harbour", limit=2, sort="oldest")
    assert titles == [f"Harbour {number}" for number in range(7)]
    page = workgroups.client.get("/search", params={"q": "harbour", "limit": 2}).json()
    refused = workgroups.client.get(
        "/search", params={"q": "volunteers", "cursor": page["next_cursor"]}
    )
    assert refused.status_code == 422
    assert "another list" in refused.json()["detail"]


def test_an_excerpt_shows_where_the_words_are(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]],
) -> None:
    workgroups, _, member, group = scene
    post(workgroups, member, group, title="Long", text=f"{'Much before. ' * 60}Harbour here. After")
    hit = workgroups.client.get("/search", params={"q": "harbour"}).json()["items"][0]

    assert "Harbour here." in hit["excerpt"]
    assert hit["excerpt"].startswith("… ")
    assert workgroups.client.get(hit["path"]).status_code == 200


@given(
    texts=st.lists(st.text(alphabet="abc \n\u4e2d", max_size=600), max_size=3),
    words=st.none() | st.text(alphabet="abc \u4e2d", max_size=12),
)
def test_an_excerpt_is_part_of_a_text_and_short(texts: list[str], words: str | None) -> None:
    part = excerpt(texts, words)
    assert len(part) <= EXCERPT + 4
    plain = part.removeprefix("… ").removesuffix(" …")
    assert any(plain in " ".join(one.split()) for one in texts) or part == ""


def test_indexing_anew_repairs_what_went_past_the_service(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]],
) -> None:
    workgroups = scene[0]
    with workgroups.database.write() as session:
        session.execute(sql(f"DELETE FROM {WORDS}"))
    assert found(workgroups, q="volunteers") == []

    assert max(search_index.reindex(workgroups.database)) == 5

    assert found(workgroups, q="volunteers") == ["Volunteers"]


def test_an_installation_of_before_the_search_is_indexed_when_it_migrates(
    scene: tuple[Workgroups, Person, Partner, dict[str, Any]],
) -> None:
    workgroups = scene[0]
    with workgroups.database.write() as session:
        session.execute(sql(f"DELETE FROM {WORDS}"))
        session.execute(sql("DELETE FROM search_entry"))

    assert max(search_index.index_missing(workgroups.database)) == 5
    assert list(search_index.index_missing(workgroups.database)) == []


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"q": "x" * 201}, "q"),
        ({"kind": "letter"}, "kind"),
        ({"group": "no-id"}, "group"),
        ({"sort": "price"}, "sort"),
        ({"cursor": "%%%"}, "cursor"),
    ],
)
def test_a_bad_question_is_refused_with_the_parameter_named(
    embedded_workgroups: Workgroups, asked: dict[str, str], pointer: str
) -> None:
    answer = embedded_workgroups.client.get("/search", params=asked)
    assert answer.status_code == 422
    assert pointer in answer.json()["errors"][0]["pointer"]
