"""Finding institutions over HTTP: what is asked for, how it is answered, what is refused."""

from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest

from services.registry.tables import InstitutionCode
from tests.registry.journey import Registry
from tests.registry.stage import Stage, assert_refused


def find(registry: Registry, **params: Any) -> dict[str, Any]:
    answer = registry.client.get("/institutions", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_search_shows_what_is_there_and_how_to_narrow_it(registry: Registry) -> None:
    coordinator = registry.coordinator()
    cirdap, _ = registry.verified(coordinator)
    registry.verified(
        coordinator, name="Ministry of Rural Affairs", acronym=None, organisation_type="10",
        subtype="ministry", country="TH",
    )  # fmt: skip
    registry.submitted(name="Rural Bank", acronym=None)

    body = find(registry, q="rural", facets=True, country=["BD", "KE"])

    assert [item["id"] for item in body["items"]] == [cirdap["id"]]
    assert body["total"] == 1
    assert body["facets"]["country"] == [
        {"code": "BD", "count": 1},
        {"code": "TH", "count": 1},
    ]
    assert body["facets"]["organisation_type"] == [{"code": "40", "count": 1}]
    assert body["facets"]["status"] == [{"code": "verified", "count": 1}]
    assert find(registry, q="rural")["facets"] is None


def test_every_coded_field_narrows_what_is_found(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    codes = {"countries": "KE", "regions": "002", "themes": "water", "sdgs": "6", "languages": "fr"}
    for number, (vocabulary, code) in enumerate(codes.items()):
        institution, _ = registry.submitted(name=f"Institution {number}", acronym=None)
        with registry.database.write() as session:
            session.add(
                InstitutionCode(
                    institution_id=UUID(institution["id"]),
                    vocabulary=vocabulary,
                    code=code,
                )
            )
        registry.step(institution, "verify", coordinator, evidence="Seen.")

    for number, (vocabulary, code) in enumerate(codes.items()):
        body = find(registry, **{vocabulary: [code, "none"]}, facets=True)
        assert [item["name"] for item in body["items"]] == [f"Institution {number}"]
        counted = ["001", "002"] if vocabulary == "regions" else [code]
        assert body["facets"][vocabulary] == [{"code": each, "count": 1} for each in counted]
    assert find(registry, countries="KE", themes="water")["items"] == []


def test_a_region_finds_all_that_it_includes_and_nothing_around_it(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    for name, region in (("West", "011"), ("Africa", "002"), ("Asia", "142")):
        registry.verified(coordinator, name=name, acronym=None, website=None, regions=[region])

    def found(*regions: str) -> list[str]:
        return [item["name"] for item in find(registry, regions=regions)["items"]]

    assert found("002") == ["West", "Africa"]
    assert found("202") == found("011") == ["West"]
    assert found("011", "142") == ["West", "Asia"]
    assert found("001") == ["West", "Africa", "Asia"]


def test_the_list_is_sorted_as_asked(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    for name in ("Beta", "Alpha", "Gamma"):
        registry.verified(coordinator, name=name, acronym=None)

    def names(**params: Any) -> list[str]:
        return [item["name"] for item in find(registry, **params)["items"]]

    assert names() == names(sort="oldest") == ["Beta", "Alpha", "Gamma"]
    assert names(sort="name") == ["Alpha", "Beta", "Gamma"]
    assert names(sort="newest") == names(sort="changed") == ["Gamma", "Alpha", "Beta"]


REFUSED: list[tuple[str, str, str]] = [
    ("an unknown order", "sort=best", "sort"),
    ("counts that are no yes or no", "facets=perhaps", "facets"),
    ("an unknown state among others", "status=verified&status=famous", "status"),
    ("a code too long", "themes=" + "x" * 41, "themes"),
    ("a code with a null character", "country=%00", "country"),
    ("an empty code", "sdgs=", "sdgs"),
    ("too many codes", urlencode([("countries", "KE")] * 101), "countries"),
    ("empty words", "q=", "q"),
    ("words with an override of direction", "q=" + quote("a\u202eb"), "q"),
    ("a cursor of nothing", "cursor=AAAA", "cursor"),
    ("a cursor of another kind of list", "cursor=MTI", "cursor"),
    ("a cursor with letters", "cursor=" + quote("Wyé"), "cursor"),
    ("a cursor that is nested", "cursor=" + "W1tb" * 600, "cursor"),
    ("a cursor too long", "cursor=" + "A" * 2_501, "cursor"),
]


@pytest.mark.parametrize(
    ("query", "pointer"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_search_that_makes_no_sense_is_refused(stage: Stage, query: str, pointer: str) -> None:
    assert_refused(
        stage,
        lambda: stage.send("GET", f"/institutions?{query}", headers=stage.coordinator.headers),
        422,
        "invalid-input",
        pointer,
    )


def test_a_cursor_goes_with_its_search_alone(stage: Stage) -> None:
    headers = stage.coordinator.headers
    first = stage.send("GET", "/institutions?limit=1&sort=name", headers=headers).json()
    cursor = first["next_cursor"]

    again = stage.send("GET", f"/institutions?limit=9&sort=name&cursor={cursor}", headers=headers)
    assert len(again.json()["items"]) == first["total"] - 1
    assert_refused(
        stage,
        lambda: stage.send("GET", f"/institutions?sort=newest&cursor={cursor}", headers=headers),
        422,
        "invalid-input",
        "cursor",
    )
