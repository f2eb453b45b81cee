"""Flags: what coordinators tell each other of an institution."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from services.registry.tables import FlagLifting, InstitutionFlag, Outbox
from tests.registry.journey import FINDING, Person, Registry
from tests.registry.stage import everything


def raise_flag(
    registry: Registry, institution: dict[str, Any], by: Person, severity: str = "concern"
) -> dict[str, Any]:
    answer = registry.client.post(
        f"/institutions/{institution['id']}/flags",
        json={"severity": severity, "reason": "Two ministries claim it."},
        headers=by.headers,
    )
    assert answer.status_code == 201, answer.text
    flag: dict[str, Any] = answer.json()
    return flag


def lift(registry: Registry, flag: dict[str, Any], by: Person) -> Any:
    return registry.client.post(
        f"/institutions/{flag['institution_id']}/flags/{flag['id']}/lift",
        json={"reason": "They have agreed."},
        headers=by.headers,
    )


def test_a_flag_is_raised_and_lifted_and_both_reasons_stay(registry: Registry) -> None:
    coordinator = registry.coordinator()
    other = registry.coordinator("li@example.org")
    institution, _ = registry.submitted()

    flag = raise_flag(registry, institution, coordinator, "serious")
    lifted = lift(registry, flag, other)

    assert flag["lifted"] is None
    assert lifted.status_code == 200
    [shown] = registry.client.get(
        f"/institutions/{institution['id']}/flags", headers=coordinator.headers
    ).json()["items"]
    assert shown == lifted.json()
    assert (shown["severity"], shown["reason"]) == ("serious", "Two ministries claim it.")
    assert shown["raised_by"]["id"] == coordinator.id
    assert shown["lifted"]["reason"] == "They have agreed."
    assert shown["lifted"]["by"]["id"] == other.id


def test_a_flag_is_lifted_once(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()
    flag = raise_flag(registry, institution, coordinator)
    lift(registry, flag, coordinator)

    again = lift(registry, flag, coordinator)

    assert (again.status_code, again.json()["type"]) == (409, "/problems/not-allowed-now")


def test_a_flag_asked_for_twice_with_one_key_is_raised_and_lifted_once(
    registry: Registry,
) -> None:
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()
    url = f"/institutions/{institution['id']}/flags"

    def send(path: str, body: dict[str, str], key: str) -> Any:
        headers = {**coordinator.headers, "Idempotency-Key": key}
        return registry.client.post(path, json=body, headers=headers)

    raised = [send(url, {"severity": "concern", "reason": "Hm."}, "one") for _ in range(2)]
    lifting = f"{url}/{raised[0].json()['id']}/lift"
    lifted = [send(lifting, {"reason": "It is settled."}, "two") for _ in range(2)]

    assert raised[0].json() == raised[1].json()
    assert [answer.status_code for answer in lifted] == [200, 200]
    with registry.database.read() as session:
        assert len(session.exec(select(InstitutionFlag)).all()) == 1


@pytest.mark.parametrize("severity", ["information", "concern", "serious"])
def test_a_lesser_flag_does_not_prevent_verification(
    embedded_registry: Registry, severity: str
) -> None:
    coordinator = embedded_registry.coordinator()
    institution, _ = embedded_registry.submitted()
    raise_flag(embedded_registry, institution, coordinator, severity)

    assert embedded_registry.step(institution, "verify", coordinator, **FINDING).status_code == 200


def test_a_blocking_flag_prevents_verification_until_it_is_lifted(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()
    flag = raise_flag(registry, institution, coordinator, "blocking")

    before = everything(registry.database)

    refused = registry.step(institution, "verify", coordinator, **FINDING)

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-allowed-now")
    assert "blocking flag" in refused.json()["detail"]
    assert everything(registry.database) == before
    lift(registry, flag, coordinator)
    assert registry.step(institution, "verify", coordinator, **FINDING).status_code == 200


def test_a_blocking_flag_prevents_renewal_and_reinstatement_too(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    institution, _ = registry.verified(coordinator)
    raise_flag(registry, institution, coordinator, "blocking")

    renewed = registry.step(institution, "verify", coordinator, **FINDING)
    suspended = registry.step(institution, "suspend", coordinator, reason="A concern.")
    reinstated = registry.step(suspended.json(), "reinstate", coordinator, reason="Settled.")

    assert [renewed.status_code, suspended.status_code, reinstated.status_code] == [409, 200, 409]
    assert "blocking flag" in reinstated.json()["detail"]


def test_a_flag_tells_the_institution_and_other_services_nothing(
    embedded_registry: Registry,
) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    institution, focal_point = registry.submitted()
    with registry.database.read() as session:
        before = len(session.exec(select(Outbox.id)).all())

    lift(registry, raise_flag(registry, institution, coordinator), coordinator)

    with registry.database.read() as session:
        assert len(session.exec(select(Outbox.id)).all()) == before
    assert registry.read(institution["id"], focal_point)["version"] == institution["version"]
    url = f"/institutions/{institution['id']}"
    assert registry.client.get(f"{url}/flags", headers=focal_point.headers).status_code == 403
    history = registry.client.get(f"{url}/history", headers=focal_point.headers)
    assert "ministries" not in history.text


def test_the_flags_of_all_institutions_are_found_by_severity_and_state(
    registry: Registry,
) -> None:
    coordinator = registry.coordinator()
    one, _ = registry.submitted()
    other, _ = registry.submitted(name="World Food Programme", acronym="WFP")
    first = raise_flag(registry, one, coordinator, "serious")
    second = raise_flag(registry, other, coordinator, "serious")
    third = raise_flag(registry, other, coordinator, "concern")
    lift(registry, second, coordinator)

    def found(path: str) -> list[str]:
        answer = registry.client.get(path, headers=coordinator.headers)
        assert answer.status_code == 200, answer.text
        return [flag["id"] for flag in answer.json()["items"]]

    assert found("/flags") == [first["id"], third["id"]]
    assert found("/flags?open=false") == [second["id"]]
    assert found("/flags?severity=serious") == [first["id"]]
    assert found(f"/institutions/{other['id']}/flags") == [second["id"], third["id"]]
    assert found(f"/institutions/{other['id']}/flags?open=true") == [third["id"]]
    assert found(f"/institutions/{other['id']}/flags?severity=blocking") == []


def test_the_figures_count_the_flags_that_stand(embedded_registry: Registry) -> None:
    registry = embedded_registry
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()
    raise_flag(registry, institution, coordinator, "serious")
    lift(registry, raise_flag(registry, institution, coordinator, "serious"), coordinator)
    raise_flag(registry, institution, coordinator, "blocking")

    figures = registry.client.get("/metrics").text.splitlines()

    assert 'southlink_open_flags{severity="serious"} 1.0' in figures
    assert 'southlink_open_flags{severity="blocking"} 1.0' in figures
    assert 'southlink_open_flags{severity="concern"} 0.0' in figures


def test_the_database_lets_nobody_change_a_flag(registry: Registry) -> None:
    coordinator = registry.coordinator()
    institution, _ = registry.submitted()
    lift(registry, raise_flag(registry, institution, coordinator), coordinator)

    for change in (
        "UPDATE institution_flag SET reason = 'Nothing.'",
        "DELETE FROM institution_flag",
        "UPDATE flag_lifting SET reason = 'Nothing.'",
        "DELETE FROM flag_lifting",
    ):
        with (
            pytest.raises(DBAPIError, match="append-only"),
            registry.database.write() as session,
        ):
            session.execute(text(change))

    with registry.database.read() as session:
        assert session.exec(select(FlagLifting.reason)).all() == ["They have agreed."]
        assert session.exec(select(InstitutionFlag.reason)).all() == ["Two ministries claim it."]
