"""Letters that must not be lost: sent at once, or by the calendar, once each."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from services.registry import calendar, letters
from services.registry.letters import Letter
from services.registry.outgoing_letters import GIVE_UP, Mailroom, sending_step
from services.registry.tables import Invitation, OutgoingLetter
from shared.columns import utc_now
from shared.logs import configure
from tests.registry.journey import Registry
from tests.registry.mailbox import text_of
from tests.registry.people import SOMCHAI, answer, invite, letters_to, secret_for
from tests.waiting import wait_until

EMAIL = SOMCHAI["email"]


def attempts(registry: Registry) -> int:
    """Return how often the letter that waits was tried, -1 when none waits."""
    with registry.database.read() as session:
        return next(iter(session.exec(select(OutgoingLetter.attempts))), -1)


def look(registry: Registry, now: datetime) -> dict[str, int]:
    """Let the calendar send what is due."""
    room = Mailroom.of(registry.app.state.settings)
    return calendar.keep(registry.database, now, {"letters": sending_step(room)})


def delivery(registry: Registry) -> str:
    with registry.database.read() as session:
        return session.exec(select(Invitation.delivery)).one()


def test_an_invitation_outlives_a_dead_mail_server(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    configure("registry", "json", "INFO")
    institution, ana = registry.submitted()
    registry.mailbox.stop()
    assert invite(registry, institution, ana)["delivery"] == "waiting"
    wait_until(lambda: attempts(registry) == 1, "it was tried at once")
    assert look(registry, utc_now()) == {"letters": 0}, "not before its time"

    assert look(registry, utc_now() + timedelta(minutes=2)) == {"letters": 1}
    assert (attempts(registry), delivery(registry)) == (2, "waiting")
    registry.mailbox.start()
    look(registry, utc_now() + timedelta(minutes=10))

    assert (attempts(registry), delivery(registry)) == (-1, "sent")
    assert len(letters_to(registry, EMAIL, "invitation")) == 1
    assert answer(registry, *secret_for(registry, EMAIL)).status_code == 200
    logged = capfd.readouterr().err
    assert "letter_waits" in logged
    assert "letter_sent" in logged
    assert EMAIL not in logged


def test_a_letter_lost_with_the_process_is_sent_by_the_calendar(registry: Registry) -> None:
    institution, ana = registry.submitted()
    registry.app.state.postman.WAITING = 0
    registry.app.state.postman.close()
    response = registry.client.post(
        f"/institutions/{institution['id']}/invitations", json=SOMCHAI, headers=ana.headers
    )
    assert response.status_code == 201
    assert attempts(registry) == 0

    look(registry, utc_now())

    assert len(letters_to(registry, EMAIL, "invitation")) == 1


def test_an_address_that_is_refused_is_not_tried_again_and_shown(
    embedded_registry: Registry,
) -> None:
    institution, ana = embedded_registry.submitted()
    embedded_registry.mailbox.answer = "550 No such user"

    invite(embedded_registry, institution, ana)

    wait_until(lambda: attempts(embedded_registry) == -1, "it was given up")
    assert delivery(embedded_registry) == "refused"


def test_a_letter_is_given_up_after_three_days(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    embedded_registry.mailbox.answer = "451 Try later"
    invite(embedded_registry, institution, ana)
    wait_until(lambda: attempts(embedded_registry) == 1, "it was tried at once")
    now, looks = utc_now(), 0
    while attempts(embedded_registry) != -1:
        now += timedelta(hours=4, minutes=1)
        looks += look(embedded_registry, now)["letters"]

    assert 15 < looks < 25
    assert now - utc_now() < GIVE_UP + timedelta(hours=5)
    assert delivery(embedded_registry) == "refused"


def test_a_revoked_invitation_is_not_sent_any_more(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    embedded_registry.mailbox.stop()
    invitation = invite(embedded_registry, institution, ana)
    wait_until(lambda: attempts(embedded_registry) == 1, "it was tried at once")
    embedded_registry.client.delete(
        f"/institutions/{institution['id']}/invitations/{invitation['id']}", headers=ana.headers
    )
    embedded_registry.mailbox.start()

    look(embedded_registry, utc_now() + timedelta(minutes=2))

    assert attempts(embedded_registry) == -1
    assert letters_to(embedded_registry, EMAIL, "invitation") == []


def test_no_secret_waits_in_the_database(embedded_registry: Registry) -> None:
    institution, ana = embedded_registry.submitted()
    invite(embedded_registry, institution, ana)
    _, code = secret_for(embedded_registry, EMAIL)

    with embedded_registry.database.read() as session:
        kept = session.exec(select(Invitation)).one().model_dump()

    assert code not in map(str, kept.values())


@pytest.mark.parametrize("language", ["fr", "fr-CA", "../../tables"])
def test_who_reads_a_language_without_translation_gets_english_and_is_told_so(
    language: str,
) -> None:
    letter = Letter("address_changed", "ana@example.org", language, {})

    message = letters.compose(letter, "Southlink <southlink@example.org>")

    assert message["Content-Language"] == "en"
    assert "another address" in text_of(message)


def test_each_letter_has_its_three_templates_and_one_subject_line() -> None:
    facts: dict[str, object] = {
        "by": "Ana Souza",
        "institution": "Centre on Integrated Rural Development",
        "reason": "Left.",
        "code": "042917",
        "minutes": 15,
        "until": "2031-03-01",
        "address": "https://southlink.example.org/registry/institutions/1",
        "original": "Mekong River Commission",
        "duplicate": True,
    }
    kinds = [
        "address_changed",
        "address_code",
        "erased",
        "erasure_code",
        "institution_reinstated",
        "institution_suspended",
        "institution_verified",
        "left_without_focal_point",
        "registration_rejected",
        "registration_returned",
        "role_taken",
        "verification_ends",
        "verification_lapsed",
        "verification_renewed",
    ]
    for kind in kinds:
        message = letters.compose(Letter(kind, "ana@example.org", "en", facts), "s@example.org")
        assert message["X-Southlink-Kind"] == kind.replace("_", "-")
        assert len(str(message["Subject"]).splitlines()) == 1
        assert text_of(message).startswith("Hello,\n")
