"""The notifier is told how to reach whoever has a role, and to forget it when the role ends."""

from typing import Any

from services.registry import calendar
from shared.columns import utc_now
from shared.database import Database
from tests.registry.journey import Registry
from tests.registry.people import SOMCHAI, answer, events, invite, joined, remove, secret_for

EMAIL = SOMCHAI["email"]


def told(registry: Registry) -> list[dict[str, Any]]:
    """Return what was told of contacts once the calendar was kept, in order of time."""
    keep(registry.database)
    return events(registry, "person.reachable")


def keep(database: Database) -> None:
    calendar.keep(database, utc_now())


def test_a_person_with_a_role_is_told_with_address_language_and_zone_once(
    registry: Registry,
) -> None:
    _, ana = registry.submitted()
    for _ in range(2):
        (contact,) = told(registry)
    assert (contact["person_id"], contact["email"]) == (ana.id, ana.email)
    assert contact["language"]
    assert contact["time_zone"]


def test_nobody_is_told_who_has_not_confirmed_the_address(registry: Registry) -> None:
    registry.register("ana@example.org")
    assert told(registry) == []


def test_what_a_person_changes_is_told_again_with_a_higher_version(registry: Registry) -> None:
    _, ana = registry.submitted()
    (before,) = told(registry)
    shown = registry.client.get("/me", headers=ana.headers)
    changed = registry.client.patch(
        "/me",
        json={"time_zone": "Asia/Bangkok"},
        headers={**ana.headers, "If-Match": shown.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.text
    _, after = told(registry)
    assert after["time_zone"] == "Asia/Bangkok"
    assert after["contact_version"] > before["contact_version"]


def test_who_loses_the_last_role_is_taken_back_and_told_anew_with_another(
    registry: Registry,
) -> None:
    institution, ana = registry.submitted()
    somchai = joined(registry, institution, ana, EMAIL)
    assert len(told(registry)) == 2
    assert remove(registry, institution, somchai.id, ana).status_code == 204
    assert len(told(registry)) == 2
    assert events(registry, "person.unreachable") == [{"person_id": somchai.id}]
    invite(registry, institution, ana)
    assert answer(registry, *secret_for(registry, EMAIL, number=2)).status_code == 200
    assert [contact["email"] for contact in told(registry)] == [ana.email, EMAIL, EMAIL]
