"""Who sees an institution that doesn't want to be seen by everybody."""

import json

import pytest
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


@pytest.mark.parametrize(
    ("visibility", "public", "newcomer", "partner"),
    [
        ("public", True, True, True),
        ("partners", False, False, True),
        ("private", False, False, False),
    ],
)
def test_a_verified_institution_is_seen_by_whom_it_says(
    registry: Registry, visibility: str, public: bool, newcomer: bool, partner: bool
) -> None:
    coordinator = registry.coordinator()
    subject, own = registry.verified(coordinator, visibility=visibility)
    _, of_verified = registry.verified(coordinator, name="World Food Programme", acronym="WFP")
    _, of_submitted = registry.submitted(name="United Nations Volunteers", acronym="UNV")

    assert seen(registry, subject["id"], None) is public
    assert seen(registry, subject["id"], of_submitted) is newcomer
    assert seen(registry, subject["id"], of_verified) is partner
    assert seen(registry, subject["id"], own)
    assert seen(registry, subject["id"], coordinator)


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
