"""What a coordinator is told to look at."""

from typing import Any

import pytest

from tests.registry.journey import Registry


def odd(registry: Registry, institution: dict[str, Any], by: Any) -> list[tuple[str, str]]:
    found = registry.read(institution["id"], by)["cautions"]
    return [(each["kind"], each["detail"]) for each in found]


@pytest.fixture
def fao(embedded_registry: Registry) -> dict[str, Any]:
    """An institution with a domain."""
    return embedded_registry.submitted(
        name="Food and Agriculture Organization", acronym="FAO", email_domains=["fao.example"]
    )[0]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"email_domains": ["cirdap.example"]}, []),
        (
            {"email_domains": ["fаo.example"]},
            [("look_alike_domain", "Its domain xn--fo-7kc.example looks like fao.example")],
        ),
        (
            {"website": "https://www.fa0.example/"},
            [("look_alike_domain", "Its domain fa0.example looks like fao.example")],
        ),
        (
            {"email_domains": ["mail.fao.example"]},
            [("domain_of_another", "It uses fao.example, which is also a domain of Food")],
        ),
        (
            {"focal_point": {"name": "Eve", "email": "eve@mail.fao.example"}},
            [("address_of_another", "Eve writes from fao.example, a domain of Food")],
        ),
        (
            {
                "focal_point": {"name": "Eve", "email": "eve@fao.example"},
                "email_domains": ["fao.example"],
            },
            [("domain_of_another", "It uses fao.example, which is also a domain of Food")],
        ),
    ],
    ids=["nothing", "look-alike", "look-alike site", "subdomain", "address", "own domain"],
)
def test_a_coordinator_is_told_of_odd_domains_and_addresses(
    embedded_registry: Registry,
    fao: dict[str, Any],
    changed: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    coordinator = embedded_registry.coordinator()
    body = embedded_registry.registration(embedded_registry.new_address(), **changed)
    registered = embedded_registry.client.post("/institutions", json=body).json()["institution"]

    found = odd(embedded_registry, registered, coordinator)

    assert [kind for kind, _ in found] == [kind for kind, _ in expected]
    for (_, detail), (_, begins) in zip(found, expected, strict=True):
        assert detail.startswith(begins)
        assert "@" not in detail
    shown = embedded_registry.read(registered["id"], coordinator)["cautions"]
    assert {each["institution_id"] for each in shown} <= {fao["id"]}


def test_nobody_else_is_told(embedded_registry: Registry, fao: dict[str, Any]) -> None:
    institution, focal_point = embedded_registry.submitted(email_domains=["fa0.example"])

    assert embedded_registry.read(institution["id"], focal_point)["cautions"] is None


def test_a_rejected_registration_owns_no_domain(
    embedded_registry: Registry, fao: dict[str, Any]
) -> None:
    coordinator = embedded_registry.coordinator()
    institution, _ = embedded_registry.submitted(email_domains=["fa0.example"])
    embedded_registry.step(fao, "reject", coordinator, reason="Not an institution.")

    assert odd(embedded_registry, institution, coordinator) == []
