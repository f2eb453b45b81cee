"""Invitations: asked by e-mail, and nothing changes until the invited person answers."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from services.registry import invitation_answers
from services.registry.settings import SERVICE
from services.registry.tables import Invitation, Person
from shared.columns import utc_now
from shared.problems import Problem
from tests.registry.conftest import Running
from tests.registry.journey import Registry
from tests.registry.mailbox import part_of, text_of
from tests.registry.people import (
    SOMCHAI,
    answer,
    events,
    invite,
    joined,
    letter_to,
    letters_to,
    people_of,
    secret_for,
    try_to_invite,
)
from tests.waiting import wait_until

EMAIL = SOMCHAI["email"]


def listed(registry: Registry, institution: dict[str, Any], by: Any) -> list[dict[str, Any]]:
    response = registry.client.get(
        f"/institutions/{institution['id']}/invitations", headers=by.headers
    )
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def age(registry: Registry, **changed: timedelta) -> None:
    """Let times of every invitation be earlier."""
    with registry.database.write() as session:
        for invitation in session.exec(select(Invitation)):
            for name, by in changed.items():
                setattr(invitation, name, getattr(invitation, name) - by)
            session.add(invitation)


def test_who_accepts_speaks_for_the_institution(registry: Registry) -> None:
    institution, ana = registry.submitted()

    invitation = invite(registry, institution, ana, language="th", time_zone="Asia/Bangkok")
    assert invitation["state"] == "open"
    assert people_of(registry, institution, ana) == {ana.email: "focal_point"}
    with registry.database.read() as session:
        known = session.exec(select(Person).where(Person.email == EMAIL)).first()
    assert known is None, "who was only named is nobody here"

    invitation_id, code = secret_for(registry, EMAIL)
    accepted = answer(registry, invitation_id, code)

    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["role"] == "alternate"
    assert people_of(registry, institution, ana) == {ana.email: "focal_point", EMAIL: "alternate"}
    somchai = registry.sign_in(EMAIL)
    me = registry.client.get("/me", headers=somchai.headers).json()
    assert (me["language"], me["time_zone"]) == ("th", "Asia/Bangkok")
    assert [role["id"] for role in me["institutions"]] == [institution["id"]]
    assert events(registry, "focal_point.confirmed")[-1] == {
        "person_id": somchai.id,
        "institution_id": institution["id"],
        "person_name": "Somchai Prasert",
        "role": "alternate",
    }
    assert listed(registry, institution, ana)[0]["state"] == "accepted"


def test_the_letter_says_who_asks_for_what_and_where_to_answer(
    embedded_registry: Registry,
) -> None:
    institution, ana = embedded_registry.submitted(name="Centre <b>&</b> Co")
    invite(embedded_registry, institution, ana)

    letter = letter_to(embedded_registry, EMAIL, "invitation")

    assert letter["Subject"] == "Ana Souza asks you to speak for Centre <b>&</b> Co in Southlink"
    assert letter["Content-Language"] == "en"
    assert "an alternate of Centre <b>&</b> Co" in text_of(letter)
    assert "Centre &lt;b&gt;&amp;&lt;/b&gt; Co" in part_of(letter, "html")
    _, code = secret_for(embedded_registry, EMAIL)
    assert code in part_of(letter, "html")


def test_an_invitation_works_once(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    invite(embedded_registry, institution, ana)
    invitation_id, code = secret_for(embedded_registry, EMAIL)
    answer(embedded_registry, invitation_id, code)

    again = answer(embedded_registry, invitation_id, code)

    assert again.status_code == 409
    assert "accepted already" in again.json()["detail"]
    assert len(events(embedded_registry, "focal_point.confirmed")) == 2


def test_who_declines_stays_unknown_and_the_inviter_sees_it(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    invite(embedded_registry, institution, ana)
    invitation_id, code = secret_for(embedded_registry, EMAIL)

    assert answer(embedded_registry, invitation_id, code, "decline").status_code == 204

    assert answer(embedded_registry, invitation_id, code).status_code == 409
    assert [item["state"] for item in listed(embedded_registry, institution, ana)] == ["declined"]
    assert people_of(embedded_registry, institution, ana) == {ana.email: "focal_point"}
    invite(embedded_registry, institution, ana)


def test_a_revoked_invitation_is_worthless(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    invitation = invite(embedded_registry, institution, ana)
    invitation_id, code = secret_for(embedded_registry, EMAIL)
    path = f"/institutions/{institution['id']}/invitations/{invitation['id']}"

    for _ in range(2):
        assert embedded_registry.client.delete(path, headers=ana.headers).status_code == 204

    refused = answer(embedded_registry, invitation_id, code)
    assert (refused.status_code, "revoked" in refused.text) == (409, True)
    resent = embedded_registry.client.post(f"{path}/resend", headers=ana.headers)
    assert resent.status_code == 409
    read = embedded_registry.client.get(path, headers=ana.headers).json()
    assert read["state"] == "revoked"


def test_an_invitation_expires_after_14_days_and_can_be_sent_again(registry: Registry) -> None:
    institution, ana = registry.submitted()
    invitation = invite(registry, institution, ana)
    invitation_id, code = secret_for(registry, EMAIL)
    late = utc_now() + timedelta(days=14, seconds=1)
    with registry.database.write() as session, pytest.raises(Problem, match="has expired"):
        invitation_answers.accept(session, UUID(invitation_id), code, late)
    age(registry, expires_at=timedelta(days=15), asked_to_mail_at=timedelta(days=15))
    assert listed(registry, institution, ana)[0]["state"] == "expired"

    path = f"/institutions/{institution['id']}/invitations/{invitation['id']}/resend"
    again = registry.client.post(path, headers=ana.headers)

    assert again.status_code == 200, again.text
    assert again.json()["state"] == "open"
    _, newest = secret_for(registry, EMAIL, 2)
    assert answer(registry, invitation_id, code).status_code == 404, "only the newest is good"
    assert answer(registry, invitation_id, newest).status_code == 200


def test_an_expired_invitation_does_not_stop_a_new_one(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    invite(embedded_registry, institution, ana)
    age(embedded_registry, expires_at=timedelta(days=15))

    invite(embedded_registry, institution, ana, role="focal_point")

    assert [item["state"] for item in listed(embedded_registry, institution, ana)] == [
        "expired",
        "open",
    ]


def test_sending_again_has_its_limits(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    invitation = invite(embedded_registry, institution, ana)
    path = f"/institutions/{institution['id']}/invitations/{invitation['id']}/resend"

    at_once = embedded_registry.client.post(path, headers=ana.headers)
    assert at_once.status_code == 429
    assert 0 < int(at_once.headers["retry-after"]) <= 600
    for _ in range(4):
        age(embedded_registry, asked_to_mail_at=timedelta(minutes=11))
        assert embedded_registry.client.post(path, headers=ana.headers).status_code == 200
    age(embedded_registry, asked_to_mail_at=timedelta(minutes=11))
    sixth = embedded_registry.client.post(path, headers=ana.headers)
    assert (sixth.status_code, "5 times" in sixth.text) == (429, True)


def test_an_institution_invites_only_so_many_people_a_day(
    running: Running, migrated: Callable[[str], str]
) -> None:
    with running(database_url=migrated(SERVICE.migrations), invitations_per_day=2) as registry:
        institution, ana = registry.submitted()
        other, li = registry.submitted(name="World Food Programme", acronym="WFP")
        for number in range(2):
            invite(registry, institution, ana, email=f"a{number}@example.org")

        third = try_to_invite(registry, institution, ana, email="a2@example.org")

        assert third.status_code == 429
        assert 86_000 < int(third.headers["retry-after"]) <= 86_401
        invite(registry, other, li, email="a2@example.org")
        age(registry, invited_at=timedelta(days=1))
        invite(registry, institution, ana, email="a2@example.org")


@pytest.mark.parametrize("state", ["unconfirmed", "rejected"])
def test_nobody_is_invited_to_a_registration_that_is_over_or_not_begun(
    embedded_registry: Registry, state: str
) -> None:
    coordinator = embedded_registry.coordinator()
    if state == "rejected":
        institution, _ = embedded_registry.submitted()
        embedded_registry.step(institution, "reject", coordinator, reason="A duplicate.")
    else:
        email = embedded_registry.new_address()
        institution = embedded_registry.register(email)["institution"]

    refused = try_to_invite(embedded_registry, institution, coordinator)

    assert refused.status_code == 409
    assert state in refused.json()["detail"]


def test_an_invitation_dies_with_the_registration(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    invite(embedded_registry, institution, ana)
    invitation_id, code = secret_for(embedded_registry, EMAIL)
    coordinator = embedded_registry.coordinator()
    embedded_registry.step(institution, "reject", coordinator, reason="A duplicate.")

    assert answer(embedded_registry, invitation_id, code).status_code == 409


def test_who_is_there_or_invited_is_not_invited_again(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    invite(embedded_registry, institution, ana)

    again = try_to_invite(embedded_registry, institution, ana, email=EMAIL.upper())
    oneself = try_to_invite(embedded_registry, institution, ana, email=ana.email)

    assert [again.status_code, oneself.status_code] == [409, 409]
    assert again.json()["errors"][0]["pointer"] == "/email"
    assert "change their role" in oneself.json()["detail"]


def test_a_person_may_speak_for_several_institutions(registry: Registry) -> None:
    first, ana = registry.submitted()
    second, li = registry.submitted(name="World Food Programme", acronym="WFP")

    invite(registry, second, li, email=ana.email, name="Somebody else", role="focal_point")
    answer(registry, *secret_for(registry, ana.email))

    me = registry.client.get("/me", headers=ana.headers).json()
    assert {role["id"]: role["role"] for role in me["institutions"]} == {
        first["id"]: "focal_point",
        second["id"]: "focal_point",
    }
    assert me["name"] == "Ana Souza", "who is known already keeps their name"
    assert people_of(registry, second, ana) == {li.email: "focal_point", ana.email: "focal_point"}


def test_an_invitation_asked_twice_with_one_key_is_one(registry: Registry) -> None:
    institution, ana = registry.submitted()
    answers = [
        registry.client.post(
            f"/institutions/{institution['id']}/invitations",
            json=SOMCHAI,
            headers={**ana.headers, "Idempotency-Key": "invite-somchai"},
        )
        for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(listed(registry, institution, ana)) == 1
    letter_to(registry, EMAIL, "invitation")
    wait_until(
        lambda: listed(registry, institution, ana)[0]["delivery"] == "sent", "the letter is noted"
    )
    assert len(letters_to(registry, EMAIL, "invitation")) == 1


def test_an_accepted_alternate_can_invite_nobody(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    somchai = joined(embedded_registry, institution, ana, EMAIL)

    refused = try_to_invite(embedded_registry, institution, somchai, email="x@example.org")

    assert refused.status_code == 403
    assert listed(embedded_registry, institution, somchai)[0]["email"] == EMAIL


def test_the_page_behind_the_link_changes_nothing_until_its_button_is_pressed(
    registry: Registry,
) -> None:
    institution, ana = registry.submitted()
    invite(registry, institution, ana)
    invitation_id, code = secret_for(registry, EMAIL)
    page = f"/invitations/{invitation_id}/page?code={code}"

    looked = [registry.client.get(page) for _ in range(2)]

    assert [one.status_code for one in looked] == [200, 200]
    assert looked[0].headers["content-type"].startswith("text/html")
    assert looked[0].headers["cache-control"] == "no-store"
    assert looked[0].headers["referrer-policy"] == "no-referrer"
    assert institution["name"] in looked[0].text
    assert people_of(registry, institution, ana) == {ana.email: "focal_point"}

    pressed = registry.client.post(page, data={"answer": "accept"})

    assert pressed.status_code == 200, pressed.text
    assert "You speak for" in pressed.text
    assert people_of(registry, institution, ana)[EMAIL] == "alternate"
    again = registry.client.get(page)
    assert (again.status_code, "accepted already" in again.text) == (409, True)


def test_the_page_can_decline(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    invite(embedded_registry, institution, ana)
    invitation_id, code = secret_for(embedded_registry, EMAIL)

    pressed = embedded_registry.client.post(
        f"/invitations/{invitation_id}/page?code={code}", data={"answer": "decline"}
    )

    assert (pressed.status_code, "declined" in pressed.text) == (200, True)
    assert listed(embedded_registry, institution, ana)[0]["state"] == "declined"


@pytest.mark.parametrize(
    ("how", "data", "status"),
    [
        ("with another code", {"answer": "accept"}, 404),
        ("with no code", {"answer": "accept"}, 404),
        ("with another answer", {"answer": "perhaps"}, 422),
    ],
)
def test_a_wrong_use_of_the_page_is_answered_in_words_and_changes_nothing(
    embedded_registry: Registry, how: str, data: dict[str, str], status: int
) -> None:
    institution, ana = embedded_registry.submitted()
    invite(embedded_registry, institution, ana)
    invitation_id, code = secret_for(embedded_registry, EMAIL)
    codes = {
        "with another code": "?code=x",
        "with no code": "",
        "with another answer": f"?code={code}",
    }

    answered = embedded_registry.client.post(
        f"/invitations/{invitation_id}/page{codes[how]}", data=data
    )

    assert answered.status_code == status
    assert answered.headers["content-type"].startswith("text/html")
    with embedded_registry.database.read() as session:
        outcome = session.exec(
            select(Invitation.outcome).where(col(Invitation.id) == UUID(invitation_id))
        ).one()
    assert outcome is None


def test_two_who_press_accept_at_once_are_one(registry: Registry) -> None:
    institution, ana = registry.submitted()
    invite(registry, institution, ana)
    invitation_id, code = secret_for(registry, EMAIL)
    together = threading.Barrier(3)
    statuses: list[int] = []

    def press() -> None:
        together.wait()
        statuses.append(answer(registry, invitation_id, code).status_code)

    threads = [threading.Thread(target=press) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, 409, 409]
    assert len(events(registry, "focal_point.confirmed")) == 2
