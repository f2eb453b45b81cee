"""Themes: translated, linked to goals, retired, and merged without losing their groups."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.events.catalogue import GroupUpdated, ThemeCreated, ThemeMerged, ThemeUpdated
from tests.workgroups.world import Person, Workgroups

UN_LANGUAGES = ("ar", "zh", "en", "fr", "ru", "es")


def make(workgroups: Workgroups, by: Person, slug: str, **other: Any) -> dict[str, Any]:
    return workgroups.made(by, "/themes", {"slug": slug, "title": slug.title(), **other})


def change(workgroups: Workgroups, by: Person, of: str, version: int = 1, **new: Any) -> Any:
    return workgroups.send(by, "PATCH", f"/themes/{of}", new, if_match=f'"{version}"')


def merge(workgroups: Workgroups, by: Person, slug: str, into: str, version: int = 1) -> Any:
    body = {"into": into, "reason": "Both mean the same."}
    path = f"/themes/{slug}/merge"
    return workgroups.send(by, "POST", path, body, if_match=f'"{version}"')


def test_a_theme_is_told_in_the_six_languages_and_linked_to_goals(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    translations = {tag: {"title": f"In {tag}"} for tag in UN_LANGUAGES}
    make(workgroups, by, "trade", translations=translations, goals=["8", "17"])
    changed = change(workgroups, by, "trade", title="Trade", description="Of goods.")
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"'), changed.text
    read = workgroups.read(None, "/themes/trade")
    assert read["goals"] == ["8", "17"]
    assert {tag: read["translations"][tag]["title"] for tag in UN_LANGUAGES} == {
        tag: f"In {tag}" for tag in UN_LANGUAGES
    }
    assert change(workgroups, by, "trade", 1, title="Late").status_code == 412


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        ({"goals": ["18"]}, "/goals"),
        ({"goals": ["8", "8"]}, "/goals"),
        ({"sectors": ["220", "23010"]}, "/sectors/1"),
        ({"sectors": ["220", "220"]}, "/sectors"),
        ({"title": None}, ""),
        ({"slug": "other"}, "/slug"),
        ({}, ""),
    ],
)
def test_a_bad_change_is_refused(
    embedded_workgroups: Workgroups, bad: dict[str, Any], pointer: str
) -> None:
    by = embedded_workgroups.coordinator()
    make(embedded_workgroups, by, "trade")
    refused = change(embedded_workgroups, by, "trade", **bad)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


def test_an_unknown_language_is_refused(embedded_workgroups: Workgroups) -> None:
    by = embedded_workgroups.coordinator()
    make(embedded_workgroups, by, "trade")
    bad = {"klingonish": {"title": "T"}}
    assert change(embedded_workgroups, by, "trade", translations=bad).status_code == 422


def test_a_retired_theme_keeps_its_groups_and_takes_no_new_ones(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    workgroups.group(by)
    assert change(workgroups, by, "digital-theme", retired=True).json()["retired"] is True
    body = {"slug": "g", "title": "G", "purpose": "P.", "theme_slug": "digital-theme"}
    refused = workgroups.send(by, "POST", "/groups", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/theme_slug")
    found = workgroups.read(None, "/groups?theme=digital-theme")["items"]
    assert [group["slug"] for group in found] == ["digital"]


def test_a_merged_theme_leads_to_the_one_that_has_its_groups_now(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    group = workgroups.group(by)
    make(workgroups, by, "trade")
    merged = merge(workgroups, by, "digital-theme", "trade")
    assert (merged.status_code, merged.json()["slug"]) == (200, "trade"), merged.text

    moved = workgroups.read(None, f"/groups/{group['id']}")
    assert (moved["theme_slug"], moved["version"]) == ("trade", 2)
    redirected = workgroups.client.get("/themes/digital-theme", follow_redirects=False)
    assert redirected.status_code == 308
    assert workgroups.read(None, "/themes/digital-theme")["slug"] == "trade"
    listed = workgroups.read(None, "/themes")["items"]
    assert [theme["slug"] for theme in listed] == ["trade"]
    told = [data for _, data in workgroups.published()][-2:]
    assert isinstance(told[0], GroupUpdated)
    assert isinstance(told[1], ThemeMerged)
    assert (told[1].slug, told[1].into_slug) == ("digital-theme", "trade")


def test_a_merge_into_nothing_itself_or_in_a_circle_is_refused(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    for slug in ("a", "b", "c"):
        make(workgroups, by, slug)
    assert merge(workgroups, by, "a", "b").status_code == 200
    assert change(workgroups, by, "c", retired=True).status_code == 200
    before = workgroups.everything()
    for slug, into, status, said in (
        ("b", "nowhere", 422, "no theme of that slug"),
        ("b", "b", 422, "into itself"),
        ("b", "a", 422, "circle"),
        ("b", "c", 422, "retired"),
        ("a", "c", 409, "part of another"),
    ):
        version = 2 if slug == "a" else 1
        refused = merge(workgroups, by, slug, into, version)
        assert refused.status_code == status, refused.text
        assert said in refused.json()["detail"]
    assert workgroups.everything() == before


def test_two_that_are_merged_into_each_other_at_the_same_time_do_not_make_a_circle(
    workgroups: Workgroups, at_once: Callable[..., list[Any]]
) -> None:
    by = workgroups.coordinator()
    for slug in ("a", "b"):
        make(workgroups, by, slug)
    answers = at_once(
        lambda: merge(workgroups, by, "a", "b").status_code,
        lambda: merge(workgroups, by, "b", "a").status_code,
    )
    assert sorted(answers) == [200, 422]


def test_only_a_coordinator_changes_and_merges_themes(workgroups: Workgroups) -> None:
    by, nobody = workgroups.coordinator(), workgroups.person()
    make(workgroups, by, "a")
    assert change(workgroups, nobody, "a", title="Mine").status_code == 403
    assert merge(workgroups, nobody, "a", "a").status_code == 403


def test_a_theme_is_linked_to_sectors_and_found_by_them(workgroups: Workgroups) -> None:
    by = workgroups.coordinator()
    made = make(workgroups, by, "digital", sectors=["22040", "430"], goals=["9"])
    assert made["sectors"] == ["22040", "430"]
    make(workgroups, by, "trade", sectors=["33120"], goals=["17", "1"])
    make(workgroups, by, "plain")

    def found(query: str) -> list[str]:
        return [theme["slug"] for theme in workgroups.read(None, f"/themes?{query}")["items"]]

    assert found("sector=22040") == found("sector=220") == ["digital"]
    assert found("sector=331") == found("goal=1") == ["trade"]
    assert found("sector=220&goal=1") == found("sector=22010") == []
    assert change(workgroups, by, "digital", sectors=[]).json()["sectors"] == []
    assert found("sector=220") == []
    told = [
        data.sectors
        for _, data in workgroups.published()
        if isinstance(data, ThemeCreated | ThemeUpdated) and data.slug == "digital"
    ]
    assert told == [["22040", "430"], []]
    for query in ("sector=999", "sector=%25", "goal=18"):
        assert workgroups.send(None, "GET", f"/themes?{query}").status_code == 422
