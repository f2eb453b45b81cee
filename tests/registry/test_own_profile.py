"""What people change of themselves, and how they get another address."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import Response
from sqlmodel import select

from services.registry.tables import OwnCode, SignIn
from shared.columns import utc_now
from tests.registry.journey import Person, Registry
from tests.registry.mailbox import CODE, text_of
from tests.registry.people import events, letter_to, letters_to

NEW = "ana@ministry.example.org"


def change_me(registry: Registry, by: Person, version: int = 1, **body: Any) -> Response:
    response: Response = registry.client.patch(
        "/me", json=body, headers={**by.headers, "If-Match": f'"{version}"'}
    )
    return response


def ask(registry: Registry, by: Person, email: str = NEW) -> dict[str, Any]:
    response = registry.client.post(
        "/me/address-changes", json={"email": email}, headers=by.headers
    )
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.json()
    return body


def code_in(registry: Registry, address: str, kind: str, number: int = 1) -> str:
    found = CODE.search(text_of(letter_to(registry, address, kind, number)))
    assert found
    return found.group()


def confirm(registry: Registry, by: Person, asked: dict[str, Any], code: str) -> Response:
    response: Response = registry.client.post(
        f"/me/address-changes/{asked['id']}/confirm",
        json={"code": code, "challenge": asked["challenge"]},
        headers=by.headers,
    )
    return response


def test_a_person_changes_name_language_and_time_zone(registry: Registry) -> None:
    _, ana = registry.submitted()
    assert registry.client.get("/me", headers=ana.headers).headers["etag"] == '"1"'

    changed = change_me(
        registry, ana, name="Ana Maria Souza", language="pt", time_zone="America/Sao_Paulo"
    )

    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] == '"2"'
    me = registry.client.get("/me", headers=ana.headers).json()
    assert (me["name"], me["language"], me["time_zone"], me["version"]) == (
        "Ana Maria Souza",
        "pt",
        "America/Sao_Paulo",
        2,
    )
    assert events(registry, "person.renamed") == [
        {"person_id": ana.id, "person_name": "Ana Maria Souza"}
    ]


def test_what_is_as_it_was_makes_no_version_and_no_event(embedded_registry: Registry) -> None:
    _, ana = embedded_registry.submitted()

    same = change_me(embedded_registry, ana, name="Ana Souza")

    assert (same.status_code, same.headers["etag"]) == (200, '"1"')
    assert change_me(embedded_registry, ana, time_zone="Asia/Dhaka").headers["etag"] == '"2"'
    assert events(embedded_registry, "person.renamed") == []


def test_a_profile_changed_elsewhere_meanwhile_is_not_overwritten(
    embedded_registry: Registry,
) -> None:
    _, ana = embedded_registry.submitted()
    change_me(embedded_registry, ana, language="pt")

    assert change_me(embedded_registry, ana, language="fr").status_code == 412
    unversioned = embedded_registry.client.patch("/me", json={}, headers=ana.headers)
    assert unversioned.status_code == 428


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"name": " "}, "/name"),
        ({"name": "Ana\u202eazuoS"}, "/name"),
        ({"language": "portuguese language"}, "/language"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"email": NEW}, "/email"),
    ],
    ids=["null", "blank", "override", "language", "zone", "email"],
)
def test_a_bad_change_is_refused_with_its_field(
    embedded_registry: Registry, body: dict[str, Any], pointer: str
) -> None:
    _, ana = embedded_registry.submitted()

    refused = change_me(embedded_registry, ana, **body)

    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert embedded_registry.client.get("/me", headers=ana.headers).json()["version"] == 1


def test_a_new_address_is_confirmed_from_there_and_told_to_the_old_one(registry: Registry) -> None:
    _, ana = registry.submitted()
    asked = ask(registry, ana)
    assert registry.client.get("/me", headers=ana.headers).json()["email"] == ana.email

    confirmed = confirm(registry, ana, asked, code_in(registry, NEW, "address-code"))

    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["email"] == NEW
    told = letter_to(registry, ana.email, "address-changed")
    assert NEW not in text_of(told), "the old address needn't know the new one"
    assert registry.sign_in(NEW).id == ana.id
    before = len(registry.mailbox.to(ana.email))
    registry.ask_for_code(ana.email)
    registry.sign_in(NEW)
    assert len(registry.mailbox.to(ana.email)) == before, "the old address gets no code any more"


def test_codes_that_went_to_the_old_address_are_worthless(embedded_registry: Registry) -> None:
    _, ana = embedded_registry.submitted()
    waiting = embedded_registry.ask_for_code(ana.email)
    old_code = embedded_registry.mailbox.code_for(ana.email, 2)
    asked = ask(embedded_registry, ana)
    confirm(embedded_registry, ana, asked, code_in(embedded_registry, NEW, "address-code"))

    assert embedded_registry.confirm(waiting, old_code).status_code == 404
    with embedded_registry.database.read() as session:
        assert all(row.confirmed_at for row in session.exec(select(SignIn)))


def test_the_address_of_somebody_else_cannot_be_taken_and_is_not_betrayed(
    registry: Registry,
) -> None:
    _, ana = registry.submitted()
    _, li = registry.submitted(name="World Food Programme", acronym="WFP")

    asked = ask(registry, ana, li.email.upper())
    refused = confirm(
        registry,
        ana,
        asked,
        code_in(registry, li.email.upper().replace("EXAMPLE.ORG", "example.org"), "address-code"),
    )

    assert refused.status_code == 409
    assert registry.client.get("/me", headers=ana.headers).json()["email"] == ana.email
    assert letters_to(registry, ana.email, "address-changed") == []


def test_wrong_codes_are_counted(embedded_registry: Registry) -> None:
    _, ana = embedded_registry.submitted()
    asked = ask(embedded_registry, ana)
    right = code_in(embedded_registry, NEW, "address-code")
    wrong = "000000" if right != "000000" else "000001"

    answers = [confirm(embedded_registry, ana, asked, wrong) for _ in range(5)]

    assert [one.status_code for one in answers] == [422] * 5
    assert "4 of 5" in answers[0].json()["detail"]
    assert confirm(embedded_registry, ana, asked, right).status_code == 409


def test_a_code_is_good_for_its_person_browser_and_purpose_only(
    embedded_registry: Registry,
) -> None:
    _, ana = embedded_registry.submitted()
    _, eve = embedded_registry.submitted(name="World Food Programme", acronym="WFP")
    asked = ask(embedded_registry, ana)
    code = code_in(embedded_registry, NEW, "address-code")

    assert confirm(embedded_registry, eve, asked, code).status_code == 404
    other = {**asked, "challenge": "another"}
    assert confirm(embedded_registry, ana, other, code).status_code == 404
    erasure = embedded_registry.client.post(
        f"/me/erasure/{asked['id']}/confirm",
        json={"code": code, "challenge": asked["challenge"]},
        headers=ana.headers,
    )
    assert erasure.status_code == 404
    assert confirm(embedded_registry, ana, asked, code).status_code == 200
    assert confirm(embedded_registry, ana, asked, code).status_code == 409, "it works once"


def test_a_code_expires(embedded_registry: Registry) -> None:
    _, ana = embedded_registry.submitted()
    asked = ask(embedded_registry, ana)
    code = code_in(embedded_registry, NEW, "address-code")
    with embedded_registry.database.write() as session:
        row = session.exec(select(OwnCode)).one()
        row.expires_at = utc_now() - timedelta(seconds=1)
        session.add(row)

    assert confirm(embedded_registry, ana, asked, code).status_code == 409


def test_nobody_asks_for_many_codes(embedded_registry: Registry) -> None:
    _, ana = embedded_registry.submitted()
    for number in range(5):
        ask(embedded_registry, ana, f"a{number}@example.org")

    sixth = embedded_registry.client.post(
        "/me/address-changes", json={"email": NEW}, headers=ana.headers
    )

    assert sixth.status_code == 429
    assert sixth.headers["retry-after"] == "3600"
