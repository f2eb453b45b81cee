"""What institutions are to each other."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from httpx import Response
from sqlmodel import select

from services.registry.tables import InstitutionRelation
from tests.registry.journey import Person, Registry

Known = dict[str, Any]


def three(registry: Registry) -> tuple[Person, Known, Known, Known]:
    coordinator = registry.coordinator()
    return (
        coordinator,
        *(
            registry.verified(coordinator, name=name, acronym=letter, website=None)[0]
            for letter, name in (
                ("A", "World Food Programme"),
                ("B", "United Nations Volunteers"),
                ("C", "International Labour Organization"),
            )
        ),
    )  # type: ignore[return-value]


def faults(response: Response) -> list[str]:
    assert response.status_code == 422, response.text
    return [error["pointer"] for error in response.json()["errors"]]


def test_each_side_shows_what_the_other_is_to_it(registry: Registry) -> None:
    coordinator, a, b, c = three(registry)
    changed = registry.step(a, "update", coordinator, parent=b["id"], predecessors=[c["id"]])

    assert changed.status_code == 200, changed.text
    assert changed.json()["parent"] == b["id"]
    assert changed.json()["predecessors"] == [c["id"]]

    def related(institution: Known) -> list[tuple[str, str]]:
        shown = registry.read(institution["id"])
        return [(other["relation"], other["acronym"]) for other in shown["related"]]

    assert sorted(related(a)) == [("parent", "B"), ("predecessor", "C")]
    assert related(b) == [("child", "A")]
    assert related(c) == [("successor", "A")]


def test_a_relation_ends_when_it_is_taken_back(embedded_registry: Registry) -> None:
    coordinator, a, b, c = three(embedded_registry)
    related = embedded_registry.step(
        a, "update", coordinator, parent=b["id"], predecessors=[c["id"]]
    ).json()

    alone = embedded_registry.step(related, "update", coordinator, parent=None, predecessors=None)

    assert (alone.json()["parent"], alone.json()["predecessors"]) == (None, [])
    assert embedded_registry.read(b["id"])["related"] == []


def test_no_chain_of_parents_or_predecessors_closes_a_circle(registry: Registry) -> None:
    coordinator, a, b, c = three(registry)
    registry.step(a, "update", coordinator, parent=b["id"], predecessors=[b["id"]])
    registry.step(b, "update", coordinator, parent=c["id"], predecessors=[c["id"]])

    circle = registry.step(c, "update", coordinator, parent=a["id"], predecessors=[a["id"]])

    assert faults(circle) == ["/parent", "/predecessors/0"]
    assert registry.read(c["id"])["version"] == c["version"]


def test_an_institution_is_not_its_own_parent(embedded_registry: Registry) -> None:
    coordinator, a, _, _ = three(embedded_registry)

    refused = embedded_registry.step(
        a, "update", coordinator, parent=a["id"], predecessors=[a["id"]]
    )

    assert faults(refused) == ["/parent", "/predecessors/0"]


def test_two_who_name_each_other_at_once_close_no_circle(registry: Registry) -> None:
    coordinator, a, b, _ = three(registry)

    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda pair: registry.step(pair[0], "update", coordinator, parent=pair[1]["id"]),
                [(a, b), (b, a)],
            )
        )

    assert sorted(answer.status_code for answer in answers) == [200, 422]
    with registry.database.read() as session:
        assert len(session.exec(select(InstitutionRelation)).all()) == 1


def test_what_the_caller_cannot_see_can_be_named_no_more_than_what_is_not_there(
    embedded_registry: Registry,
) -> None:
    coordinator = embedded_registry.coordinator()
    own, focal_point = embedded_registry.verified(coordinator)
    hidden, _ = embedded_registry.verified(
        coordinator, name="Hidden", acronym=None, visibility="private"
    )
    nobody = "01a20e01-0000-7000-8000-000000000000"

    answers = [
        embedded_registry.step(own, "update", focal_point, parent=other)
        for other in (hidden["id"], nobody)
    ]

    assert [faults(answer) for answer in answers] == [["/parent"], ["/parent"]]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]


def test_a_relation_to_what_is_hidden_is_shown_to_its_own_people_alone(
    embedded_registry: Registry,
) -> None:
    coordinator = embedded_registry.coordinator()
    own, focal_point = embedded_registry.verified(coordinator)
    hidden, _ = embedded_registry.verified(
        coordinator, name="Hidden", acronym=None, visibility="private"
    )
    embedded_registry.step(own, "update", coordinator, parent=hidden["id"])

    shown = embedded_registry.read(own["id"])
    assert (shown["parent"], shown["related"]) == (None, [])
    own = embedded_registry.read(own["id"], focal_point)
    assert own["parent"] == hidden["id"]
    assert own["related"] == [], "its name stays hidden from them as well"
    sent_back = embedded_registry.step(own, "update", focal_point, parent=own["parent"])
    assert sent_back.status_code == 200, "what was there before may stay"


def test_a_registration_names_what_everybody_sees(embedded_registry: Registry) -> None:
    _, a, b, _ = three(embedded_registry)

    registered = embedded_registry.register(
        "ana@example.org", name="New", acronym=None, parent=a["id"], predecessors=[b["id"]]
    )["institution"]

    assert (registered["parent"], registered["predecessors"]) == (a["id"], [b["id"]])
