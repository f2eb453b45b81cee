"""What goes along with a merge besides rows: logo, descriptions, flags and matches."""

from typing import Any

import pytest

from services.registry import calendar, matching
from shared.columns import utc_now
from tests.registry.journey import FINDING, Person, Registry
from tests.registry.partners import Partners
from tests.registry.test_flags import lift, raise_flag
from tests.registry.test_logos import picture, send
from tests.registry.test_logos import read as read_logo
from tests.registry.test_matching import titles
from tests.registry.test_merging import merge

Known = dict[str, Any]


def described(registry: Registry, coordinator: Person, **descriptions: str) -> tuple[Known, Person]:
    """Return a verified institution with these descriptions, and who speaks for it."""
    name = "Centre in Dhaka" if "fr" in descriptions else "Mekong River Commission"
    return registry.verified(
        coordinator, name=name, acronym=None, website=None, descriptions=descriptions
    )


def taken_apart(registry: Registry, merged: Known, by: Person) -> Known:
    """Undo a merge; return the institution that went on."""
    answer = registry.step(merged["institution"], "unmerge", by, reason="They are two.")
    assert answer.status_code == 200, answer.text
    assert answer.json()["not_restored"] == []
    return registry.read(merged["into"]["id"], by)


def matched(partners: Partners) -> int:
    """Let the calendar compute what is due."""
    steps = {"matches": matching.compute_again}
    return calendar.keep(partners.registry.database, utc_now(), steps)["matches"]


def test_the_survivor_gets_the_logo_and_the_languages_it_lacks_until_it_is_undone(
    registry: Registry,
) -> None:
    coordinator = registry.coordinator()
    one, ana = described(registry, coordinator, en="Ours.", fr="La nôtre.")
    other, _ = described(registry, coordinator, en="Theirs.")
    one = send(registry, one, ana, picture(), "image/png").json()

    merged = merge(registry, one, other, coordinator)

    assert {"logo", "description in fr"} <= set(merged["moved"])
    into = registry.read(other["id"])
    assert into["descriptions"] == {"en": "Theirs.", "fr": "La nôtre."}
    assert read_logo(registry, other).status_code == 200
    last = registry.client.get(
        f"/institutions/{other['id']}/history", headers=coordinator.headers
    ).json()["items"][-1]
    assert set(last["changes"]) >= {"logo_digest", "descriptions"}

    survivor = taken_apart(registry, merged, coordinator)

    assert survivor["descriptions"] == {"en": "Theirs."}
    assert read_logo(registry, other).status_code == 404
    back = registry.read(one["id"])
    assert back["descriptions"] == {"en": "Ours.", "fr": "La nôtre."}
    assert read_logo(registry, one).status_code == 200


def test_a_copy_that_was_changed_since_stays_with_whoever_changed_it(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    one, ana = described(registry, coordinator, fr="La nôtre.")
    other, ben = described(registry, coordinator, en="Theirs.")
    one = send(registry, one, ana, picture(), "image/png").json()
    merged = merge(registry, one, other, coordinator)
    into = registry.step(merged["into"], "update", ben, descriptions={"fr": "Mieux."}).json()
    assert send(registry, into, ben, picture((32, 32)), "image/png").status_code == 200

    survivor = taken_apart(registry, merged, coordinator)

    assert survivor["descriptions"] == {"en": "Theirs.", "fr": "Mieux."}
    assert read_logo(registry, other).status_code == 200
    assert registry.read(one["id"])["descriptions"] == {"fr": "La nôtre."}
    assert read_logo(registry, one).status_code == 200


def test_a_survivor_keeps_its_own_logo(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    one, ana = described(registry, coordinator, fr="La nôtre.")
    other, ben = described(registry, coordinator, en="Theirs.")
    one = send(registry, one, ana, picture(), "image/png").json()
    other = send(registry, other, ben, picture((32, 32)), "image/png").json()
    own = read_logo(registry, other).content

    merged = merge(registry, one, other, coordinator)

    assert "logo" not in merged["moved"]
    assert read_logo(registry, other).content == own
    taken_apart(registry, merged, coordinator)
    assert read_logo(registry, other).content == own


def flags_of(registry: Registry, institution: Known, by: Person) -> list[str]:
    """Return the ids of the flags that stand on an institution."""
    answer = registry.client.get(
        f"/institutions/{institution['id']}/flags?open=true", headers=by.headers
    )
    return [flag["id"] for flag in answer.json()["items"]]


def test_a_flag_stands_on_the_survivor_of_every_merge_and_goes_back(registry: Registry) -> None:
    coordinator = registry.coordinator()
    first, second, third = (registry.submitted()[0] for _ in range(3))
    flag = raise_flag(registry, first, coordinator, "blocking")
    own = raise_flag(registry, third, coordinator)
    merged = merge(registry, first, second, coordinator)
    again = merge(registry, merged["into"], third, coordinator)

    assert flags_of(registry, third, coordinator) == [flag["id"], own["id"]]
    refused = registry.step(again["into"], "verify", coordinator, **FINDING)
    assert refused.status_code == 409
    assert "A blocking flag" in refused.json()["detail"]

    registry.step(again["institution"], "unmerge", coordinator, reason="They are two.")
    assert flags_of(registry, third, coordinator) == [own["id"]]
    assert flags_of(registry, second, coordinator) == [flag["id"]]


def test_a_flag_that_came_with_a_merge_is_lifted_by_either_address_once(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    one, other = (registry.submitted()[0] for _ in range(2))
    flag = raise_flag(registry, one, coordinator, "blocking")
    merge(registry, one, other, coordinator)

    by_survivor = {**flag, "institution_id": other["id"]}
    assert lift(registry, by_survivor, coordinator).status_code == 200
    assert lift(registry, flag, coordinator).status_code == 409
    assert flags_of(registry, other, coordinator) == []


def test_a_flag_of_the_survivor_is_not_one_of_what_was_merged_into_it(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    one, other = (registry.submitted()[0] for _ in range(2))
    merge(registry, one, other, coordinator)
    flag = raise_flag(registry, other, coordinator)

    assert lift(registry, {**flag, "institution_id": one["id"]}, coordinator).status_code == 404
    assert flags_of(registry, one, coordinator) == []


@pytest.mark.parametrize("side", ["recipient", "provider"])
def test_a_reinstated_institution_is_matched_with_what_came_meanwhile(
    partners: Partners, side: str
) -> None:
    institution_id = partners.recipient_id if side == "recipient" else partners.provider_id
    registry, coordinator = partners.registry, partners.coordinator
    if side == "recipient":
        need = partners.need()
    else:
        partners.offer(title="Ours")
    there = registry.read(institution_id, coordinator)
    suspended = registry.step(there, "suspend", coordinator, reason="A concern.").json()
    if side == "recipient":
        partners.offer(title="Ours")
    else:
        need = partners.need()
    matched(partners)

    registry.step(suspended, "reinstate", coordinator, reason="Settled.")

    assert matched(partners) >= 1
    assert titles(partners.matches(need)) == ["Ours"]


def test_after_a_merge_no_institution_matches_itself_until_it_is_undone(
    partners: Partners,
) -> None:
    partners.offer(title="Ours")
    need = partners.need()
    assert titles(partners.matches(need)) == ["Ours"]
    registry, coordinator = partners.registry, partners.coordinator
    one, other = (
        registry.read(each, coordinator) for each in (partners.provider_id, partners.recipient_id)
    )

    merged = merge(registry, one, other, coordinator)
    assert matched(partners) >= 2
    assert partners.matches(need) == []

    taken_apart(registry, merged, coordinator)
    assert matched(partners) >= 2
    assert titles(partners.matches(need)) == ["Ours"]
