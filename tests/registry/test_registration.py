"""An institution registers itself, and a coordinator decides."""

from sqlmodel import col, select

from services.registry.tables import Outbox
from tests.registry.journey import CIRDAP, FINDING, Registry


def told(registry: Registry, institution_id: str) -> list[str]:
    """Return the names of the events about an institution, in order."""
    with registry.database.read() as session:
        types = session.exec(
            select(Outbox.type)
            .where(Outbox.subject == f"institutions/{institution_id}")
            .order_by(col(Outbox.id))
        ).all()
    return [name.removeprefix("org.southlink.").removesuffix(".v1") for name in types]


def test_an_institution_comes_from_registration_to_verification(registry: Registry) -> None:
    coordinator = registry.coordinator()
    registered = registry.register("ana@example.org")
    institution = registered["institution"]
    assert institution["status"] == "unconfirmed"
    assert told(registry, institution["id"]) == [], "an address nobody confirmed is told to nobody"

    focal_point = registry.signed_in("ana@example.org", registered["sign_in"])
    institution = registry.read(institution["id"], focal_point)
    assert institution["status"] == "submitted"

    returned = registry.step(institution, "return", coordinator, reason="Which country?")
    corrected = registry.step(returned.json(), "update", focal_point, country="TH")
    submitted = registry.step(corrected.json(), "submit", focal_point)
    verified = registry.step(
        submitted.json(), "verify", coordinator, **{**FINDING, "evidence": "Official domain."}
    )

    assert verified.json()["status"] == "verified"
    assert verified.headers["etag"] == '"6"'
    assert registry.read(institution["id"])["country"] == "TH", "now everybody sees it"
    assert told(registry, institution["id"]) == [
        "institution.submitted",
        "focal_point.confirmed",
        "institution.returned",
        "institution.updated",
        "institution.submitted",
        "institution.verified",
    ]
    history = registry.client.get(
        f"/institutions/{institution['id']}/history", headers=focal_point.headers
    ).json()["items"]
    assert [(step["action"], step["by"] and step["by"]["name"]) for step in history] == [
        ("register", None),
        ("confirm", "Ana Souza"),
        ("return", "Chanda Mwila"),
        ("update", "Ana Souza"),
        ("submit", "Ana Souza"),
        ("verify", "Chanda Mwila"),
    ]
    assert history[2]["reason"] == "Which country?"
    assert history[3]["changes"] == {"country": ["BD", "TH"]}
    assert history[5]["evidence"] == "Official domain."


def test_no_event_carries_an_address(registry: Registry) -> None:
    registry.verified(registry.coordinator())

    with registry.database.read() as session:
        events = session.exec(select(Outbox.event)).all()

    assert len(events) == 4
    assert not [event for event in events if "@" in event]


def test_a_duplicate_is_shown_to_the_coordinator_and_rejected_with_its_reason(
    registry: Registry,
) -> None:
    coordinator = registry.coordinator()
    original, _ = registry.verified(coordinator)
    repeated, focal_point = registry.submitted(name="CENTRE ON INTEGRATED RURAL DEVELOPMENT")

    shown = registry.read(repeated["id"], coordinator)
    assert [other["id"] for other in shown["possible_duplicates"]] == [original["id"]]
    assert registry.read(repeated["id"], focal_point)["possible_duplicates"] is None

    rejected = registry.step(
        repeated, "reject", coordinator, reason="Registered already.", duplicate_of=original["id"]
    )
    assert rejected.json()["status"] == "rejected"
    assert told(registry, repeated["id"])[-1] == "institution.rejected"
    assert registry.read(original["id"], coordinator)["possible_duplicates"] == []


def test_a_repeated_registration_with_the_same_key_is_one(registry: Registry) -> None:
    body = registry.registration("ana@example.org")
    first, again = (
        registry.client.post("/institutions", json=body, headers={"Idempotency-Key": "one"})
        for _ in range(2)
    )

    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    registry.signed_in("ana@example.org", first.json()["sign_in"])
    assert len(registry.mailbox.to("ana@example.org")) == 1


def test_a_key_with_another_registration_is_refused(embedded_registry: Registry) -> None:
    headers = {"Idempotency-Key": "one"}
    body = embedded_registry.registration("ana@example.org")
    embedded_registry.client.post("/institutions", json=body, headers=headers)

    other = embedded_registry.client.post(
        "/institutions", json={**body, "name": "Another"}, headers=headers
    )

    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-mismatch"


def test_the_public_sees_verified_institutions_only(registry: Registry) -> None:
    coordinator = registry.coordinator()
    verified, _ = registry.verified(coordinator)
    submitted, focal_point = registry.submitted(name="World Food Programme", acronym="WFP")

    def seen(headers: dict[str, str]) -> list[str]:
        items = registry.client.get("/institutions", headers=headers).json()["items"]
        return [item["id"] for item in items]

    assert seen({}) == [verified["id"]]
    assert seen(focal_point.headers) == [verified["id"], submitted["id"]]
    assert seen(coordinator.headers) == [verified["id"], submitted["id"]]
    assert registry.client.get(f"/institutions/{submitted['id']}").status_code == 404


QUERIES: list[tuple[dict[str, str], list[str]]] = [
    ({"q": "cote"}, ["Côte d'Ivoire Cooperation"]),
    ({"q": "CÔTE D'IVOIRE"}, ["Côte d'Ivoire Cooperation"]),
    ({"q": "wfp"}, ["World Food Programme"]),
    ({"q": "100%"}, []),
    ({"q": "_"}, []),
    ({"q": "'; DROP TABLE institution; --"}, []),
    ({"status": "verified"}, ["Côte d'Ivoire Cooperation"]),
    ({"status": "submitted"}, ["World Food Programme"]),
    ({"status": "rejected"}, []),
]


def test_a_list_is_narrowed_by_words_and_state(registry: Registry) -> None:
    coordinator = registry.coordinator()
    registry.verified(coordinator, name="Côte d'Ivoire Cooperation", acronym=None)
    registry.submitted(name="World Food Programme", acronym="WFP")

    for query, expected in QUERIES:
        answer = registry.client.get("/institutions", params=query, headers=coordinator.headers)
        assert [item["name"] for item in answer.json()["items"]] == expected, query


def test_a_list_is_read_in_pages_without_a_gap(registry: Registry) -> None:
    coordinator = registry.coordinator()
    ids = [registry.submitted(name=f"Institution {n}")[0]["id"] for n in range(5)]

    read: list[str] = []
    cursor: str | None = None
    while True:
        page = registry.client.get(
            "/institutions",
            params={"limit": 2, **({"cursor": cursor} if cursor else {})},
            headers=coordinator.headers,
        ).json()
        read += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert read == ids


def test_a_verified_institution_can_still_correct_its_profile(registry: Registry) -> None:
    institution, focal_point = registry.verified(registry.coordinator())

    changed = registry.step(institution, "update", focal_point, acronym=None)

    assert changed.status_code == 200
    assert changed.json()["acronym"] is None
    assert changed.json()["status"] == "verified"
    assert changed.json()["name"] == CIRDAP["name"], "what is absent stays"


def test_a_focal_point_of_two_institutions_confirms_each_registration(registry: Registry) -> None:
    first = registry.register("ana@example.org")
    registry.signed_in("ana@example.org", first["sign_in"])
    second = registry.register("ana@example.org", name="World Food Programme", acronym="WFP")
    person = registry.signed_in("ana@example.org", second["sign_in"], number=2)

    me = registry.client.get("/me", headers=person.headers).json()

    assert [role["acronym"] for role in me["institutions"]] == ["CIRDAP", "WFP"]
    assert {role["status"] for role in me["institutions"]} == {"submitted"}
