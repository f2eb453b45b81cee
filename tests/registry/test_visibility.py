"""Who sees an institution that doesn't want to be seen by everybody."""

import json

from sqlmodel import col, select

from services.registry.tables import Outbox
from tests.registry.journey import Person, Registry


def seen(registry: Registry, institution_id: str, by: Person | None) -> bool:
    """Whether somebody sees the institution, by itself and in the list alike."""
    headers = by.headers if by else {}
    alone = registry.client.get(f"/institutions/{institution_id}", headers=headers).status_code
    items = registry.client.get("/institutions", headers=headers).json()["items"]
    listed = institution_id in [item["id"] for item in items]
    assert listed == (alone == 200)
    return listed


def test_a_verified_institution_is_seen_by_whom_it_says(registry: Registry) -> None:
    coordinator = registry.coordinator()
    subjects = {
        visibility: registry.verified(coordinator, name=name, website=None, visibility=visibility)
        for visibility, name in (
            ("public", "Centre on Integrated Rural Development"),
            ("partners", "International Labour Organization"),
            ("private", "Food and Agriculture Organization"),
        )
    }
    _, of_verified = registry.verified(coordinator, name="World Food Programme", acronym="WFP")
    _, of_submitted = registry.submitted(name="United Nations Volunteers", acronym="UNV")

    def sees(by: Person | None) -> list[str]:
        return [each for each, (known, _) in subjects.items() if seen(registry, known["id"], by)]

    assert sees(None) == ["public"]
    assert sees(of_submitted) == ["public"]
    assert sees(of_verified) == ["public", "partners"]
    assert sees(subjects["private"][1]) == ["public", "partners", "private"]
    assert sees(coordinator) == ["public", "partners", "private"]


def test_it_is_hidden_from_the_moment_on_that_it_says_so(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.verified(embedded_registry.coordinator())
    assert seen(embedded_registry, institution["id"], None)

    embedded_registry.step(institution, "update", focal_point, visibility="private")

    assert not seen(embedded_registry, institution["id"], None)


def test_others_are_told_who_may_hear_of_it(embedded_registry: Registry) -> None:
    institution, focal_point = embedded_registry.verified(
        embedded_registry.coordinator(), visibility="partners"
    )
    embedded_registry.step(institution, "update", focal_point, visibility="private")

    with embedded_registry.database.read() as session:
        told = [
            json.loads(event)["data"]["institution"]["visibility"]
            for event in session.exec(
                select(Outbox.event)
                .where(col(Outbox.type).contains("institution."))
                .order_by(col(Outbox.id))
            )
        ]
    assert told == ["partners", "partners", "private"]
