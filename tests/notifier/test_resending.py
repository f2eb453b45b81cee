"""An e-mail is sent again on request: once, as a new one, to who may still get it."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from sqlmodel import col, select, update
from typer.testing import CliRunner

from services.notifier import digest_runs, leaving, subscriptions, suppressions
from services.notifier.__main__ import app as commands
from services.notifier.links import Purpose
from services.notifier.settings import settings
from services.notifier.subscribers import Hours
from services.notifier.subscriptions import Wish
from services.notifier.tables import (
    Delivery,
    DigestItem,
    Subscriber,
    Subscription,
    SubscriptionRequest,
)
from services.notifier.targets import EVERYTHING, Target
from services.notifier.vocabulary import (
    DeliveryState,
    Frequency,
    SuppressionReason,
    TargetKind,
)
from shared.columns import utc_now
from shared.ids import new_id
from tests.notifier.callers import bearer, coordinator
from tests.notifier.mailbox import text_of
from tests.notifier.partners import hide
from tests.notifier.returned import send_to
from tests.notifier.workers import Workers
from tests.notifier.world import World
from tests.waiting import wait_until

ANA = "ana@example.org"
WHY = {"reason": "Ana deleted it by mistake."}
ON_SQLITE = pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)


@pytest.fixture
def caller(world: World, signing_key: OKPKey) -> dict[str, str]:
    return coordinator(world, signing_key)


def first_of(world: World, address: str = ANA) -> UUID:
    """Send the reader an immediate e-mail; return its delivery."""
    if not world.mailbox.messages:
        world.open_group()
    send_to(world, address)
    return newest(world).id


def newest(world: World) -> Delivery:
    with world.database.read() as session:
        return session.exec(select(Delivery).order_by(col(Delivery.id).desc()).limit(1)).one()


def stored(world: World, delivery_id: UUID | str) -> Delivery:
    with world.database.read() as session:
        return session.get_one(Delivery, UUID(str(delivery_id)))


def change(world: World, delivery_id: UUID, **values: Any) -> None:
    with world.database.write() as session:
        session.exec(update(Delivery).where(col(Delivery.id) == delivery_id).values(**values))


def resend(
    client: TestClient, caller: dict[str, str], delivery_id: UUID | str, key: str = ""
) -> Any:
    headers = {**caller, "Idempotency-Key": key} if key else caller
    return client.post(f"/deliveries/{delivery_id}/resend", json=WHY, headers=headers)


def refused(answer: Any) -> str:
    assert answer.status_code == 409, answer.text
    assert answer.json()["type"].endswith("/delivery-not-sent-again")
    return str(answer.json()["detail"])


def test_an_email_sent_again_arrives_as_a_new_one_that_names_the_first(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    first = first_of(world)
    answer = resend(client, caller, first)
    assert answer.status_code == 202, answer.text
    assert (answer.json()["resends"], answer.json()["resend_reason"]) == (
        str(first),
        WHY["reason"],
    )
    world.deliver_all()
    before, after = world.mailbox.messages
    assert before["Message-ID"] != after["Message-ID"]
    assert after["X-Southlink-Resends"] == before["Message-ID"]
    assert before["X-Southlink-Resends"] is None
    assert (before["To"], before["Subject"]) == (after["To"], after["Subject"])
    assert text_of(before) == text_of(after)


def test_it_shows_in_the_list_and_in_the_answer_whether_the_person_got_it(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    first = first_of(world)
    again = resend(client, caller, first).json()["id"]
    asked = {"recipient": ANA, "about": told_of(world, first)}
    waits = client.get("/deliveries", params=asked, headers=caller).json()["answer"]
    assert waits.startswith("Sent and accepted by the mail server on ")
    assert f"Sent again, because: “{WHY['reason']}” Not sent yet" in waits
    world.deliver_all()
    found = client.get("/deliveries", params=asked, headers=caller).json()
    assert [(each["id"], each["resends"]) for each in found["items"]] == [
        (again, str(first)),
        (str(first), None),
    ]
    assert found["items"][0]["told"] == found["items"][1]["told"] != []
    assert found["answer"].count("accepted by the mail server") == 2


def test_the_same_key_sends_once(world: World, client: TestClient, caller: dict[str, str]) -> None:
    first = first_of(world)
    one, two = (resend(client, caller, first, "again-1") for _ in range(2))
    assert one.json()["id"] == two.json()["id"]
    world.deliver_all()
    assert len(world.mailbox.messages) == 2
    assert resend(client, caller, first, "again-1").json()["id"] == one.json()["id"]
    assert "just now" in refused(resend(client, caller, first, "again-2"))


def test_after_a_while_it_can_be_sent_once_more_and_names_the_first_again(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    first = first_of(world)
    second = resend(client, caller, first).json()["id"]
    assert "being sent again already" in refused(resend(client, caller, first))
    world.deliver_all()
    change(world, UUID(second), created_at=utc_now() - timedelta(hours=1))
    third = resend(client, caller, second)
    assert (third.status_code, third.json()["resends"]) == (202, str(first))
    assert stored(world, third.json()["id"]).repeat == 2


def test_the_counts_of_a_run_stay_as_they_are(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    world.open_group()
    world.subscribe(ANA)
    world.tell(world.update())
    run = world.close_windows()
    world.deliver_all()
    before = client.get(f"/digest-runs/{run.id}", headers=caller).json()
    assert (before["state"], before["sent"]) == ("done", 1)
    assert resend(client, caller, newest(world).id).status_code == 202
    assert client.get(f"/digest-runs/{run.id}", headers=caller).json() == before
    world.deliver_all()
    assert len(world.mailbox.messages) == 2
    assert client.get(f"/digest-runs/{run.id}", headers=caller).json() == before
    with world.database.write() as session:
        digest_runs.finish_settled(session, utc_now())
    assert client.get(f"/digest-runs/{run.id}", headers=caller).json() == before


def test_what_was_not_sent_is_refused_with_what_helps(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    first = first_of(world)
    for values, helps in (
        ({"state": DeliveryState.DUE}, "goes out by itself"),
        ({"state": DeliveryState.DUE, "doubts": 1}, "Nobody learned"),
        ({"state": DeliveryState.SENDING}, "on its way"),
        ({"state": DeliveryState.FAILED}, f"POST /deliveries/{first}/retry"),
        ({"state": DeliveryState.PARKED}, f"POST /deliveries/{first}/retry"),
        ({"state": DeliveryState.CANCELLED, "answer": "The reader left."}, "The reader left."),
    ):
        change(world, first, **values)
        assert helps in refused(resend(client, caller, first))
    assert newest(world).id == first
    assert resend(client, caller, new_id()).status_code == 404


def test_a_reason_is_asked_for_and_only_coordinators_may(
    world: World, client: TestClient, caller: dict[str, str], signing_key: OKPKey
) -> None:
    first = first_of(world)
    path = f"/deliveries/{first}/resend"
    for body in ({}, {"reason": " "}, {"reason": "a\nb"}, {"reason": "x" * 301}):
        assert client.post(path, json=body, headers=caller).status_code == 422
    assert client.post(path, json=WHY).status_code == 401
    other = bearer(signing_key, new_id())
    assert client.post(path, json=WHY, headers=other).status_code == 403
    assert newest(world).id == first


def test_readers_who_left_or_whose_address_is_suppressed_get_nothing_again(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    first = first_of(world)
    with world.database.write() as session:
        kept, _ = suppressions.suppress(session, ANA, SuppressionReason.BY_HAND, utc_now())
    assert f"DELETE /suppressions/{kept.id}" in refused(resend(client, caller, first))
    with world.database.write() as session:
        suppressions.lift(session, kept.id, kept.version, utc_now())
        leaving.leave(session, reader(world).id, utc_now())
    assert "left" in refused(resend(client, caller, first))
    world.deliver_all()
    assert len(world.mailbox.messages) == 1


def test_who_leaves_before_it_went_out_again_gets_nothing(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    again = resend(client, caller, first_of(world)).json()["id"]
    token = world.links().token(Purpose.UNSUBSCRIBE, reader(world).id)
    left = client.post("/unsubscribe", params={"token": token}, data={"confirm": "yes"})
    assert left.status_code == 200
    world.deliver_all()
    assert stored(world, again).state is DeliveryState.CANCELLED
    assert len(world.mailbox.messages) == 1


def test_what_is_hidden_from_the_reader_by_now_is_not_told_again(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    other = World(world.database, world.mailbox, world.public_url)
    for each in (world, other):
        each.open_group()
    world.subscribe(ANA)
    world.tell(world.update("Only for members now"))
    world.tell(world.joined("ECLAC"))
    world.tell(other.update("Still for everybody"))
    world.close_windows()
    world.deliver_all()
    (before,) = world.mailbox.messages
    assert "Only for members now" in text_of(before)
    hide(world, "members")
    assert resend(client, caller, newest(world).id).status_code == 202
    world.deliver_all()
    after = text_of(world.mailbox.messages[1])
    assert "Still for everybody" in after
    assert "Only for members now" not in after
    change(world, newest(world).id, created_at=utc_now() - timedelta(hours=1))
    hide(other, "members")
    assert "hidden from the reader" in refused(resend(client, caller, newest(world).id))


def test_what_the_reader_follows_no_more_is_not_sent_again(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    first = first_of(world)
    world.subscribe(ANA, Frequency.DAILY, Target(TargetKind.UPDATE_KIND, "challenge"))
    with world.database.write() as session:
        everything = session.exec(
            select(Subscription).where(Subscription.target_kind == EVERYTHING.kind)
        ).one()
        everything.frequency = Frequency.NEVER
        session.add(everything)
    assert "follows nothing of what it told" in refused(resend(client, caller, first))


def test_choosing_otherwise_before_it_went_out_again_cancels_it_and_keeps_what_was_told(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    first = first_of(world)
    world.subscribe(ANA, Frequency.DAILY, Target(TargetKind.UPDATE_KIND, "challenge"))
    again = resend(client, caller, first).json()["id"]
    world.subscribe(ANA, Frequency.NEVER)
    assert stored(world, again).state is DeliveryState.CANCELLED
    with world.database.read() as session:
        assert len(session.exec(select(DigestItem)).all()) == 1
    asked = {"recipient": ANA, "about": told_of(world, first)}
    answer = client.get("/deliveries", params=asked, headers=caller).json()["answer"]
    assert answer.startswith("Sent and accepted")


def test_a_confirmation_is_sent_again_while_it_can_be_confirmed(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    def asked(address: str) -> UUID:
        wish = Wish(address, EVERYTHING, Frequency.DAILY, Hours())
        with world.database.write() as session:
            return subscriptions.ask(session, wish, utc_now(), per_minute=100).delivery_id

    first, expired, confirmed = (
        asked(f"{name}@example.org") for name in ("ana", "expired", "confirmed")
    )
    world.deliver_all()
    with world.database.write() as session:
        requests = {each.email: each for each in session.exec(select(SubscriptionRequest))}
        requests["expired@example.org"].expires_at = utc_now() - timedelta(minutes=1)
        subscriptions.confirm(session, requests["confirmed@example.org"].id, utc_now())
    assert resend(client, caller, first).status_code == 202
    world.deliver_all()
    before, after = world.mailbox.to(ANA)
    assert text_of(before) == text_of(after)
    assert "POST /subscriptions" in refused(resend(client, caller, expired))
    assert "nothing to confirm" in refused(resend(client, caller, confirmed))


def test_two_processes_that_ask_at_once_send_it_once(world: World) -> None:
    first = first_of(world)

    def ask_on_the_command_line(_number: int) -> int:
        process = Popen(
            [
                *(sys.executable, "-m", "services.notifier", "resend", str(first)),
                *("--reason", "Ana asked for it."),
            ],
            env={**environment(world)},
        )
        return process.wait(timeout=60)

    with ThreadPoolExecutor(3) as together:
        codes = list(together.map(ask_on_the_command_line, range(3)))
    assert sorted(codes) == [0, 2, 2]
    world.deliver_all()
    assert len(world.mailbox.messages) == 2


def test_what_the_broker_lost_goes_out_by_the_sweep(
    world: World, client: TestClient, caller: dict[str, str], redis_url: str, workers: Workers
) -> None:
    del redis_url
    again = resend(client, caller, first_of(world)).json()["id"]
    change(world, UUID(again), queued_at=None)
    workers.worker()
    workers.beat()
    wait_until(
        lambda: stored(world, again).state is DeliveryState.SENT, "it was sent again", seconds=40
    )
    assert len(world.mailbox.messages) == 2


@ON_SQLITE
def test_an_operator_is_told_in_a_sentence_why_it_cannot_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", world.database.url)
    settings.cache_clear()
    first = first_of(world)
    change(world, first, state=DeliveryState.FAILED)
    told = CliRunner().invoke(commands, ["resend", str(first), "--reason", "Ana asked."])
    settings.cache_clear()
    assert told.exit_code == 2
    assert f"POST /deliveries/{first}/retry" in told.stderr


def test_erasing_the_reader_erases_what_was_sent_again(
    world: World, client: TestClient, caller: dict[str, str]
) -> None:
    resend(client, caller, first_of(world))
    token = world.links().token(Purpose.ERASE, reader(world).id)
    erased = client.post("/erase", params={"token": token}, data={"confirm": "yes"})
    assert erased.status_code == 200
    with world.database.read() as session:
        assert session.exec(select(Delivery)).all() == []


@pytest.fixture
def workers(world: World, broker: str, tmp_path: Path) -> Iterator[Workers]:
    """Celery processes of this world."""
    surroundings = {
        **environment(world),
        "NOTIFIER_CELERY_BROKER_URL": broker,
        "NOTIFIER_SMTP_HOST": "127.0.0.1",
        "NOTIFIER_SMTP_PORT": str(world.mailbox.port),
        "NOTIFIER_SWEEP_SECONDS": "0.5",
    }
    with Workers(surroundings, tmp_path / "celery.log") as workers:
        yield workers


def environment(world: World) -> dict[str, str]:
    return {
        **os.environ,
        "NOTIFIER_DATABASE_URL": world.database.url,
        "NOTIFIER_PUBLIC_URL": world.public_url,
    }


def told_of(world: World, delivery_id: UUID) -> str:
    """Return the id of the notice that an e-mail told."""
    with world.database.read() as session:
        digest_id = session.get_one(Delivery, delivery_id).digest_id
        items = session.exec(select(DigestItem).where(DigestItem.digest_id == digest_id))
        return str(items.one().notice_id)


def reader(world: World) -> Subscriber:
    with world.database.read() as session:
        return session.exec(select(Subscriber).where(Subscriber.email == ANA)).one()
