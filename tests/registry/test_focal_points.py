"""Who speaks for an institution: roles changed, handed over and taken, and never the last one."""

import threading
from typing import Any

import pytest

from tests.registry.journey import Person, Registry
from tests.registry.mailbox import text_of
from tests.registry.people import (
    SOMCHAI,
    answer,
    change_role,
    events,
    hand_over,
    invite,
    joined,
    letter_to,
    people_of,
    remove,
    secret_for,
)

EMAIL = SOMCHAI["email"]


@pytest.fixture
def staffed(registry: Registry) -> tuple[Registry, dict[str, Any], Person, Person]:
    """The service, an institution, its focal point and its alternate."""
    institution, ana = registry.submitted()
    return registry, institution, ana, joined(registry, institution, ana, EMAIL)


Staffed = tuple[Registry, dict[str, Any], Person, Person]


def test_its_people_see_each_other_with_address_language_and_time_zone(staffed: Staffed) -> None:
    registry, institution, ana, somchai = staffed

    shown = registry.client.get(
        f"/institutions/{institution['id']}/people", headers=somchai.headers
    ).json()["items"]

    assert [item["id"] for item in shown] == [ana.id, somchai.id]
    assert shown[0] | {"since": None} == {
        "id": ana.id,
        "name": "Ana Souza",
        "email": ana.email,
        "language": "en",
        "time_zone": "UTC",
        "role": "focal_point",
        "since": None,
        "version": 1,
    }


def test_a_role_is_changed_both_ways_and_told(staffed: Staffed) -> None:
    registry, institution, ana, somchai = staffed

    assert (
        change_role(registry, institution, somchai.id, ana, role="focal_point").status_code == 200
    )
    second = change_role(registry, institution, ana.id, somchai, role="alternate")

    assert second.headers["etag"] == '"2"'
    assert people_of(registry, institution, ana) == {ana.email: "alternate", EMAIL: "focal_point"}
    assert [event["role"] for event in events(registry, "focal_point.confirmed")] == [
        "focal_point",
        "alternate",
        "focal_point",
        "alternate",
    ]


def test_a_role_changed_by_somebody_else_meanwhile_is_not_overwritten(staffed: Staffed) -> None:
    registry, institution, ana, somchai = staffed
    change_role(registry, institution, somchai.id, ana, role="focal_point")

    late = change_role(registry, institution, somchai.id, ana, role="alternate", version=1)

    assert late.status_code == 412
    path = f"/institutions/{institution['id']}/people/{somchai.id}"
    assert registry.client.get(path, headers=ana.headers).headers["etag"] == '"2"'


def test_who_hands_over_to_an_alternate_is_replaced_at_once(staffed: Staffed) -> None:
    registry, institution, ana, somchai = staffed

    handed = hand_over(registry, institution, ana, somchai.id)

    assert handed.json() == {"state": "done", "to": somchai.id}
    assert people_of(registry, institution, somchai) == {EMAIL: "focal_point"}
    assert events(registry, "focal_point.removed") == [
        {"person_id": ana.id, "institution_id": institution["id"]}
    ]
    changes = registry.client.get(
        f"/institutions/{institution['id']}/role-changes", headers=somchai.headers
    ).json()["items"]
    assert [(one["person"]["id"], one["action"], one["role"]) for one in changes] == [
        (somchai.id, "accepted", "alternate"),
        (somchai.id, "handed_over", "focal_point"),
        (ana.id, "handed_over", None),
    ]
    assert changes[2]["reason"] == "I retire."
    assert changes[2]["by"] == {"id": ana.id, "name": "Ana Souza"}


def test_who_hands_over_to_an_invited_person_stays_until_they_accept(registry: Registry) -> None:
    institution, ana = registry.submitted()
    invitation = invite(registry, institution, ana)

    handed = hand_over(registry, institution, ana, invitation["id"])

    assert handed.json() == {"state": "waiting", "to": invitation["id"]}
    assert people_of(registry, institution, ana) == {ana.email: "focal_point"}
    answer(registry, *secret_for(registry, EMAIL))
    somchai = registry.sign_in(EMAIL)
    assert people_of(registry, institution, somchai) == {EMAIL: "focal_point"}
    path = f"/institutions/{institution['id']}/people"
    assert registry.client.get(path, headers=ana.headers).status_code == 404


def test_the_last_focal_point_is_not_lost_silently(staffed: Staffed) -> None:
    registry, institution, ana, _ = staffed
    coordinator = registry.coordinator()

    refused = [
        remove(registry, institution, ana.id, ana),
        remove(registry, institution, ana.id, coordinator),
        change_role(registry, institution, ana.id, ana, role="alternate"),
    ]

    assert [one.status_code for one in refused] == [409, 409, 409]
    assert "hand-over" in refused[0].json()["detail"]
    forced = remove(registry, institution, ana.id, ana, leave_without_focal_point=True)
    assert forced.status_code == 403, "only a coordinator may"
    assert people_of(registry, institution, ana)[ana.email] == "focal_point"


def test_a_coordinator_may_leave_an_institution_without_and_all_coordinators_hear_of_it(
    registry: Registry,
) -> None:
    institution, ana = registry.submitted()
    chanda = registry.coordinator()
    registry.coordinator("second.coordinator@example.org")

    gone = remove(registry, institution, ana.id, chanda, leave_without_focal_point=True)

    assert gone.status_code == 204, gone.text
    assert people_of(registry, institution, chanda) == {}
    assert events(registry, "institution.left_without_focal_point") == [
        {"institution_id": institution["id"], "institution_name": institution["name"]}
    ]
    for address in (chanda.email, "second.coordinator@example.org"):
        letter = letter_to(registry, address, "left-without-focal-point")
        assert "Left the house." in text_of(letter)
    told = letter_to(registry, ana.email, "role-taken")
    assert "Chanda Mwila removed you" in text_of(told)


def test_everybody_may_leave_but_the_last_focal_point(staffed: Staffed) -> None:
    registry, institution, ana, somchai = staffed

    assert remove(registry, institution, somchai.id, somchai).status_code == 204

    assert people_of(registry, institution, ana) == {ana.email: "focal_point"}
    assert registry.client.get("/me", headers=somchai.headers).json()["institutions"] == []
    again = registry.client.get(f"/institutions/{institution['id']}", headers=somchai.headers)
    assert again.status_code == 404, "it works at the next call"


def test_a_focal_point_removes_an_alternate_and_not_the_other_way_round(staffed: Staffed) -> None:
    registry, institution, ana, somchai = staffed

    assert remove(registry, institution, ana.id, somchai).status_code == 403
    assert change_role(registry, institution, ana.id, somchai, role="alternate").status_code == 403
    assert (
        change_role(registry, institution, somchai.id, somchai, role="focal_point").status_code
        == 403
    )
    assert hand_over(registry, institution, somchai, ana.id).status_code == 403
    assert remove(registry, institution, somchai.id, ana).status_code == 204


def test_two_focal_points_who_leave_at_once_leave_one(registry: Registry) -> None:
    institution, ana = registry.submitted()
    li = joined(registry, institution, ana, "li@example.org", role="focal_point")
    statuses: list[int] = []
    together = threading.Barrier(2)

    def leave(person: Person) -> None:
        together.wait()
        statuses.append(remove(registry, institution, person.id, person).status_code)

    threads = [threading.Thread(target=leave, args=(person,)) for person in (ana, li)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [204, 409]


def test_a_registration_that_is_over_holds_nobody(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    coordinator = embedded_registry.coordinator()
    embedded_registry.step(institution, "reject", coordinator, reason="A duplicate.")

    assert remove(embedded_registry, institution, ana.id, ana).status_code == 204
    assert events(embedded_registry, "institution.left_without_focal_point") == []


def test_who_was_removed_can_be_invited_again(
    embedded_registry: Registry,
) -> None:
    institution, ana = embedded_registry.submitted()
    li = joined(embedded_registry, institution, ana, "li@example.org", role="focal_point")
    remove(embedded_registry, institution, li.id, ana)
    letter_to(embedded_registry, li.email, "role-taken")
    invite(embedded_registry, institution, ana, email=li.email)
    answer(embedded_registry, *secret_for(embedded_registry, li.email, 2))

    assert people_of(embedded_registry, institution, ana)[li.email] == "alternate"
