"""A coordinator's decision reaches the people of the institution, with its reason, once each."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from services.registry import calendar
from services.registry.outgoing_letters import Mailroom, sending_step
from services.registry.tables import OutgoingLetter
from shared.columns import utc_now
from tests.registry.journey import CHECKLIST, Person, Registry
from tests.registry.mailbox import part_of, text_of
from tests.registry.people import joined, letters_to

REASON = "Please give the <official> name."


def sent(registry: Registry) -> int:
    """Let the calendar send what waits; return how many letters it took."""
    step = sending_step(Mailroom.of(registry.app.state.settings))
    return calendar.keep(registry.database, utc_now(), {"letters": step})["letters"]


def decide(
    registry: Registry, institution: dict[str, Any], action: str, by: Person, **body: Any
) -> dict[str, Any]:
    """Take a coordinator's step and return what the institution is then."""
    body = body or {"reason": REASON}
    if action == "verify":
        body = {"evidence": "Seen.", "checklist": CHECKLIST}
    response = registry.step(institution, action, by, **body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def told(registry: Registry, person: Person, kind: str) -> str:
    """Return the text of the one letter of a kind that came to a person."""
    [letter] = letters_to(registry, person.email, kind)
    return text_of(letter)


def test_each_decision_is_told_once_with_its_reason_and_what_to_do(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, ana = registry.submitted()

    institution = decide(registry, institution, "return", coordinator)
    institution = registry.step(institution, "submit", ana).json()
    institution = decide(registry, institution, "verify", coordinator)
    institution = decide(registry, institution, "suspend", coordinator)
    institution = decide(registry, institution, "reinstate", coordinator)
    institution = decide(registry, institution, "verify", coordinator)

    assert sent(registry) == 5
    assert sent(registry) == 0
    returned = told(registry, ana, "registration-returned")
    assert REASON in returned
    assert "submit the registration again" in returned
    assert f"/institutions/{institution['id']}\n" in returned
    until = institution["verified_until"][:10]
    assert until in told(registry, ana, "institution-verified")
    assert REASON in told(registry, ana, "institution-suspended")
    assert "takes part as\nbefore" in told(registry, ana, "institution-reinstated")
    assert until in told(registry, ana, "verification-renewed")


def test_alternates_are_told_and_those_who_have_not_confirmed_are_not(
    embedded_registry: Registry,
) -> None:
    coordinator = embedded_registry.coordinator()
    institution, ana = embedded_registry.submitted()
    somchai = joined(embedded_registry, institution, ana, "somchai@example.org")

    decide(
        embedded_registry,
        embedded_registry.read(institution["id"], ana),
        "verify",
        coordinator,
    )
    sent(embedded_registry)

    for person in (ana, somchai):
        assert told(embedded_registry, person, "institution-verified")
    assert letters_to(embedded_registry, coordinator.email, "institution-verified") == []


@pytest.mark.parametrize(
    ("visibility", "named"), [("public", True), ("partners", False), ("private", False)]
)
def test_a_duplicate_is_named_when_everybody_may_see_it(
    embedded_registry: Registry, visibility: str, *, named: bool
) -> None:
    coordinator = embedded_registry.coordinator()
    original, _ = embedded_registry.verified(coordinator, visibility=visibility)
    repeated, ana = embedded_registry.submitted(
        name="Centro de Desarrollo Rural Integrado", acronym=None, website=None
    )

    decide(
        embedded_registry,
        repeated,
        "reject",
        coordinator,
        reason="Registered by your ministry.",
        duplicate_of=original["id"],
    )
    sent(embedded_registry)

    text = told(embedded_registry, ana, "registration-rejected")
    assert "Registered by your ministry." in text
    assert "registered already" in text
    assert (original["name"] in text) == named


def test_a_rejection_without_a_duplicate_says_what_can_still_be_done(
    embedded_registry: Registry,
) -> None:
    coordinator = embedded_registry.coordinator()
    institution, ana = embedded_registry.submitted()

    decide(embedded_registry, institution, "reject", coordinator)
    sent(embedded_registry)

    assert "register\nthe institution again" in told(
        embedded_registry, ana, "registration-rejected"
    )
    [letter] = letters_to(embedded_registry, ana.email, "registration-rejected")
    assert "&lt;official&gt;" in part_of(letter, "html")


def test_a_decision_that_fails_writes_no_letter(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()

    response = registry.step(institution, "reinstate", coordinator, reason=REASON)

    assert response.status_code == 409
    with registry.database.read() as session:
        assert session.exec(select(OutgoingLetter)).all() == []


def test_a_flag_is_told_to_nobody(embedded_registry: Registry) -> None:
    coordinator = embedded_registry.coordinator()
    institution, _ = embedded_registry.submitted()

    response = embedded_registry.client.post(
        f"/institutions/{institution['id']}/flags",
        json={"severity": "blocking", "reason": "A look-alike domain."},
        headers=coordinator.headers,
    )

    assert response.status_code == 201
    assert sent(embedded_registry) == 0


def test_a_letter_outlives_a_mail_server_that_is_away(embedded_registry: Registry) -> None:
    coordinator = embedded_registry.coordinator()
    institution, ana = embedded_registry.submitted()
    decide(embedded_registry, institution, "return", coordinator)
    embedded_registry.mailbox.stop()
    sent(embedded_registry)
    embedded_registry.mailbox.start()

    later = utc_now() + timedelta(minutes=2)
    step = sending_step(Mailroom.of(embedded_registry.app.state.settings))
    calendar.keep(embedded_registry.database, later, {"letters": step})

    assert REASON in told(embedded_registry, ana, "registration-returned")
