"""A coordinator has an e-mail sent to their own address as a test, before readers get it."""

from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from sqlmodel import col, select, update
from typer.testing import CliRunner

from services.notifier import erasing, pausing, suppressions
from services.notifier.__main__ import app as commands
from services.notifier.languages import LANGUAGES, translations
from services.notifier.previews.templates import TEMPLATES
from services.notifier.settings import settings
from services.notifier.tables import (
    Coordinator,
    Delivery,
    DigestItem,
    Notice,
    Person,
    Subscription,
    Trial,
)
from services.notifier.vocabulary import DeliveryState, SuppressionReason
from shared.columns import utc_now
from shared.events.catalogue import PersonReachable
from shared.ids import new_id
from tests.notifier import reports
from tests.notifier.callers import bearer
from tests.notifier.callers import coordinator as nobody_known
from tests.notifier.history import happen
from tests.notifier.mailbox import html_of, text_of
from tests.notifier.partners import coordinates
from tests.notifier.returned import MAILBOX, paths, report
from tests.notifier.world import World

ME = "denis@example.org"
ON_SQLITE = pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)


@pytest.fixture
def me(world: World) -> UUID:
    """Return a coordinator whose address is known here, who reads French in Bangkok."""
    person_id = new_id()
    world.tell(
        PersonReachable(
            person_id=person_id,
            email=ME,
            language="fr",
            time_zone="Asia/Bangkok",
            contact_version=1,
        )
    )
    coordinates(world, person_id)
    return person_id


@pytest.fixture
def caller(me: UUID, signing_key: OKPKey) -> dict[str, str]:
    return bearer(signing_key, me)


def send(
    client: TestClient, caller: dict[str, str], template: str, key: str = "", **asked: Any
) -> Any:
    headers = {**caller, "Idempotency-Key": key} if key else caller
    return client.post(f"/previews/{template}/sending", json=asked, headers=headers)


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["detail"])


def arrived(world: World) -> EmailMessage:
    world.deliver_all()
    (message,) = world.mailbox.messages
    return message


def rows(world: World, *tables: Any) -> list[str]:
    with world.database.read() as session:
        return [repr(session.execute(table.__table__.select()).all()) for table in tables]


def trials(world: World) -> int:
    with world.database.read() as session:
        return len(session.exec(select(Trial)).all())


def state_of(world: World, delivery_id: str) -> tuple[DeliveryState, str | None]:
    with world.database.read() as session:
        delivery = session.get_one(Delivery, UUID(delivery_id))
        return delivery.state, delivery.answer


def news(world: World, text: str = "Volunteers for e-learning") -> None:
    world.open_group()
    world.tell(world.update(text))


def test_it_comes_to_the_coordinator_alone_as_the_preview_shows_it_and_marked(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    news(world)
    world.subscribe("ana@example.org")
    preview = client.get("/previews/update_posted?language=es", headers=caller).json()
    answer = send(client, caller, "update_posted", language="es")
    assert answer.status_code == 202, answer.text
    assert answer.json()["kind"] == "test"
    assert answer.json()["recipient"] == "d***@example.org"
    message = arrived(world)
    assert message["To"] == ME
    assert message["Subject"] == f"Prueba: {preview['subject']}"
    assert html_of(message) == preview["html"]
    assert text_of(message) == preview["text"]


def test_without_a_language_it_comes_in_the_coordinators_own_at_their_hour(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    news(world)
    send(client, caller, "update_posted")
    message = arrived(world)
    assert str(message["Subject"]).startswith("Test : ")
    assert '<html lang="fr"' in html_of(message)
    assert str(message["Date"]).endswith("+0700")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_comes_as_a_test_in_every_language(
    world: World, client: TestClient, me: UUID, signing_key: OKPKey, language: str
) -> None:
    happen(world)
    cast: Any = client.app
    cast.state.settings.test_emails_per_hour = 1_000
    for template in TEMPLATES:
        answer = send(client, bearer(signing_key, me), template, language=language)
        assert answer.status_code == 202, (template, answer.text)
    with world.database.read() as session:
        tests = select(Delivery.id).where(col(Delivery.trial_id).is_not(None))
        wanted = [str(each) for each in session.exec(tests)]
    world.deliver_all()
    mine = [each for each in world.mailbox.messages if each["To"] == ME]
    marked = translations(language).gettext("Test: %(subject)s") % {"subject": ""}
    tested = [each for each in mine if str(each["Message-ID"])[1:37] in wanted]
    assert len(tested) == len(TEMPLATES)
    assert all(str(each["Subject"]).startswith(marked.strip()) for each in tested)


def test_readers_notice_nothing_of_a_test(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update("Only once"))
    before = rows(world, DigestItem, Notice, Subscription)
    send(client, caller, "daily_digest", language="en")
    assert "Only once" in text_of(arrived(world))
    assert rows(world, DigestItem, Notice, Subscription) == before
    world.close_windows()
    world.deliver_all()
    assert [each["To"] for each in world.mailbox.messages] == [ME, "ana@example.org"]


def test_no_link_of_a_test_does_anything(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    happen(world)
    delivery_id = send(client, caller, "weekly_digest", language="en").json()["id"]
    world.deliver_all()
    (message,) = [each for each in world.mailbox.messages if delivery_id in each["Message-ID"]]
    assert "token=preview" in html_of(message)
    assert message["List-Unsubscribe"].endswith("token=preview>")
    assert client.post("/unsubscribe?token=preview").status_code == 422


def test_what_it_shows_is_what_was_chosen_though_something_newer_happens(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    news(world, "The chosen one")
    send(client, caller, "update_posted", language="en")
    world.tell(world.update("Came later"))
    message = arrived(world)
    assert "The chosen one" in text_of(message)
    assert "Came later" not in text_of(message)


def test_what_was_taken_back_before_it_left_is_not_told(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    news(world)
    delivery_id = send(client, caller, "update_posted").json()["id"]
    with world.database.write() as session:
        session.exec(update(Notice).values(taken_back_at=utc_now()))
    world.deliver_all()
    assert world.mailbox.messages == []
    assert state_of(world, delivery_id)[0] is DeliveryState.CANCELLED


def test_inquiries_answer_for_it(
    world: World, client: TestClient, caller: dict[str, str], me: UUID
) -> None:
    news(world)
    send(client, caller, "update_posted", language="ar")
    world.deliver_all()
    for recipient in (ME, str(me)):
        asked = {"recipient": recipient, "kind": "test"}
        found = client.get("/deliveries", params=asked, headers=caller).json()
        assert found["answer"].startswith("The one e-mail listed was sent on ")
        (item,) = found["items"]
        assert item["told"] == ["Test of update_posted (ar)"]
        assert ME not in str(found)


def test_the_same_key_sends_once_and_another_request_needs_another_key(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    news(world)
    one, two = (send(client, caller, "update_posted", key="look-1") for _ in range(2))
    assert one.json()["id"] == two.json()["id"]
    assert two.headers["Idempotency-Replayed"] == "true"
    refused(send(client, caller, "update_posted", key="look-1", language="ru"), 422)
    arrived(world)
    assert trials(world) == 1


def test_there_are_so_many_within_an_hour_and_then_it_says_when(
    world: World, client: TestClient, caller: dict[str, str], signing_key: OKPKey
) -> None:
    news(world)
    app: Any = client.app
    app.state.settings.test_emails_per_hour = 2
    for _ in range(2):
        assert send(client, caller, "update_posted").status_code == 202
    answer = send(client, caller, "update_posted")
    assert "2 test e-mails within the hour" in refused(answer, 429)
    assert 3_000 < int(answer.headers["Retry-After"]) <= 3_600
    assert trials(world) == 2
    with world.database.write() as session:
        session.exec(update(Trial).values(asked_at=utc_now() - timedelta(minutes=61)))
    assert send(client, caller, "update_posted").status_code == 202


def test_only_coordinators_have_tests_sent_and_only_to_an_address_that_is_known(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    news(world)
    assert client.post("/previews/update_posted/sending", json={}).status_code == 401
    refused(send(client, bearer(signing_key, new_id()), "update_posted"), 403)
    unknown = send(client, nobody_known(world, signing_key), "update_posted")
    assert "e-mail address" in refused(unknown, 409)
    assert unknown.json()["type"].endswith("/no-address-for-test")
    assert trials(world) == 0


def test_an_address_can_not_be_named(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    news(world)
    for field in ("to", "email", "recipient"):
        refused(send(client, caller, "update_posted", **{field: "ana@example.org"}), 422)
    assert trials(world) == 0


def test_what_is_unknown_or_has_not_happened_is_refused_and_nothing_is_sent(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    assert "GET /previews" in refused(send(client, caller, "newsletter"), 404)
    refused(send(client, caller, "update_posted"), 409)
    news(world)
    refused(send(client, caller, "update_posted", subject=str(new_id())), 404)
    refused(send(client, caller, "what_you_owe", subject=str(new_id())), 409)
    refused(send(client, caller, "update_posted", language="de"), 422)
    assert trials(world) == 0
    world.deliver_all()
    assert world.mailbox.messages == []


def test_a_suppressed_address_gets_no_test_either(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    news(world)
    before = send(client, caller, "update_posted").json()["id"]
    with world.database.write() as session:
        suppressions.suppress(session, ME, SuppressionReason.HARD_BOUNCE, utc_now())
    assert state_of(world, before)[0] is DeliveryState.CANCELLED
    assert "DELETE /suppressions/" in refused(send(client, caller, "update_posted"), 409)
    world.deliver_all()
    assert world.mailbox.messages == []


def test_a_test_that_comes_back_suppresses_the_address(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    news(world)
    delivery_id = UUID(send(client, caller, "update_posted").json()["id"])
    sent = reports.Sent(
        return_path=paths(world).address(MAILBOX, delivery_id),
        recipient=ME,
        message_id=str(arrived(world)["Message-ID"]),
        unsubscribe="",
    )
    report(world, reports.postfix(sent))
    with world.database.read() as session:
        assert suppressions.of_address(session, ME) is not None


def test_who_is_no_coordinator_any_more_when_it_leaves_gets_none(
    world: World, client: TestClient, caller: dict[str, str], me: UUID
) -> None:
    news(world)
    delivery_id = send(client, caller, "update_posted").json()["id"]
    with world.database.write() as session:
        session.delete(session.get_one(Coordinator, me))
    world.deliver_all()
    state, answer = state_of(world, delivery_id)
    assert state is DeliveryState.CANCELLED
    assert "no coordinator any more" in str(answer)
    assert world.mailbox.messages == []


def test_a_pause_of_all_sending_holds_tests_too(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    news(world)
    with world.database.write() as session:
        pausing.pause(session, "The mail server moves.", None, utc_now())
    send(client, caller, "update_posted")
    world.deliver_all()
    assert world.mailbox.messages == []


def test_a_test_is_not_sent_again_but_anew(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    news(world)
    delivery_id = send(client, caller, "update_posted").json()["id"]
    arrived(world)
    again = client.post(
        f"/deliveries/{delivery_id}/resend", json={"reason": "Once more."}, headers=caller
    )
    assert "POST /previews/{template}/sending" in refused(again, 409)


def test_erasing_a_person_erases_their_tests(
    world: World, client: TestClient, caller: dict[str, str], me: UUID
) -> None:
    news(world)
    send(client, caller, "update_posted")
    arrived(world)
    with world.database.write() as session:
        session.get_one(Person, me).email = "new@example.org"
        session.flush()
        erasing.erase_person(session, me, {"new@example.org"})
    assert trials(world) == 0
    with world.database.read() as session:
        assert session.exec(select(Delivery)).all() == []


@ON_SQLITE
def test_an_operator_sends_a_coordinator_a_test_on_the_command_line(
    world: World, me: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", world.database.url)
    settings.cache_clear()

    def run(*words: str) -> Any:
        return CliRunner().invoke(commands, ["send-preview", "update_posted", *words])

    news(world)
    world.subscribe("ana@example.org")
    sent = run("--to", ME, "--language", "ru")
    stranger = run("--to", "ana@example.org")
    settings.cache_clear()
    assert sent.exit_code == 0, sent.output
    assert stranger.exit_code == 2
    message = arrived(world)
    assert message["To"] == ME
    assert str(message["Subject"]).startswith("Тест: ")
