"""The whole pipeline on real Celery processes, a real Redis and a real mail server."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from aiosmtpd.smtp import Envelope
from redis import Redis
from sqlmodel import col, select

from services.notifier import digest_runs, queues
from services.notifier.tables import Delivery, DigestRun
from services.notifier.vocabulary import DeliveryKind, DeliveryState, Frequency, RunState
from shared.columns import utc_now
from shared.ids import new_id
from tests.notifier.announcing import Desk
from tests.notifier.mailbox import accept
from tests.notifier.smtp_servers import SmtpServer, Talk
from tests.notifier.workers import Workers, kill
from tests.notifier.world import World
from tests.waiting import wait_until

ON_SQLITE = pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)
"""For what doesn't depend on the kind of database."""


@pytest.fixture
def workers(world: World, broker: str, redis_url: str, tmp_path: Path) -> Iterator[Workers]:
    """Celery processes of this world; claims lapse and lost tasks are missed within seconds."""
    del redis_url  # It empties the server first.
    environment = {
        "NOTIFIER_DATABASE_URL": world.database.url,
        "NOTIFIER_CELERY_BROKER_URL": broker,
        "NOTIFIER_SMTP_HOST": "127.0.0.1",
        "NOTIFIER_SMTP_PORT": str(world.mailbox.port),
        "NOTIFIER_PUBLIC_URL": world.public_url,
        "NOTIFIER_SWEEP_SECONDS": "0.5",
        "NOTIFIER_CLAIM_SECONDS": "3",
        "NOTIFIER_REQUEUE_SECONDS": "1",
    }
    with Workers(environment, tmp_path / "celery.log") as workers:
        yield workers
    assert "@example.org" not in workers.log()


def readers(world: World, number: int, frequency: Frequency = Frequency.DAILY) -> set[str]:
    world.open_group()
    addresses = {f"reader{each}@example.org" for each in range(number)}
    for address in sorted(addresses):
        world.subscribe(address, frequency)
    return addresses


def start_run(world: World) -> UUID:
    """Start a run as a coordinator's request does."""
    with world.database.write() as session:
        run = digest_runs.start_by_coordinator(session, Frequency.DAILY, new_id(), utc_now())
    queues.enqueue_run(run.id)
    return run.id


def wait_until_done(world: World, run_id: UUID) -> DigestRun:
    def done() -> DigestRun | None:
        with world.database.read() as session:
            run = digest_runs.get(session, run_id)
        return run if run.state is RunState.DONE else None

    found = wait_until(done, "the run is done", seconds=40)
    assert found is not None
    return found


def test_a_worker_killed_in_the_middle_of_a_run_loses_nobody(
    world: World, workers: Workers
) -> None:
    addresses = readers(world, 30)
    world.tell(world.update())
    hung = threading.Event()

    def hang_at_the_tenth(_envelope: Envelope) -> str:
        if len(world.mailbox.messages) == 10:
            hung.set()
            time.sleep(0.5)  # The mail server is slow; the worker dies meanwhile.
        return "250 OK"

    world.mailbox.on_message = hang_at_the_tenth
    worker = workers.worker()
    run_id = start_run(world)
    wait_until(hung.is_set, "the tenth e-mail is on its way", seconds=30)
    kill(worker)
    world.mailbox.on_message = accept
    workers.worker()
    workers.beat()
    wait_until_done(world, run_id)
    received = Counter(message["To"] for message in world.mailbox.messages)
    assert set(received) == addresses
    # What was on the wire when the worker died may come again, recognisable by its Message-ID.
    assert sum(received.values()) <= 30 + 4
    assert len({message["Message-ID"] for message in world.mailbox.messages}) == 30


@ON_SQLITE
def test_a_broker_that_forgets_everything_loses_no_email(
    world: World, workers: Workers, broker: str
) -> None:
    addresses = readers(world, 10)
    world.tell(world.update())
    run_id = start_run(world)
    world.collect(run_id)
    with Redis.from_url(broker) as client:
        client.flushdb()
    workers.worker()
    workers.beat()
    wait_until_done(world, run_id)
    assert sorted(message["To"] for message in world.mailbox.messages) == sorted(addresses)


def test_two_workers_with_every_task_twice_send_each_email_once(
    world: World, workers: Workers
) -> None:
    addresses = readers(world, 20)
    world.tell(world.update())
    workers.worker()
    workers.worker()
    workers.beat()
    workers.beat()
    run_id = start_run(world)
    for _ in range(3):
        queues.enqueue_run(run_id)
    wait_until_done(world, run_id)
    assert sorted(message["To"] for message in world.mailbox.messages) == sorted(addresses)


@ON_SQLITE
def test_beat_finds_the_run_that_the_calendar_asks_for(world: World, workers: Workers) -> None:
    readers(world, 1)
    world.tell(world.update())
    with world.database.write() as session:
        from services.notifier.tables import DigestWindow

        window = session.exec(select(DigestWindow)).one()
        window.ends_at = utc_now()
        session.add(window)
    workers.worker()
    workers.beat()
    (message,) = world.mailbox.wait_for(1, seconds=30)
    assert message["X-Southlink-Kind"] == "digest"


@ON_SQLITE
def test_an_email_refused_for_now_is_sent_again_and_one_refused_for_good_is_not(
    world: World, workers: Workers
) -> None:
    readers(world, 2, Frequency.IMMEDIATE)
    world.mailbox.refused = {
        "reader0@example.org": "450 Try again later",
        "reader1@example.org": "550 No such user reader1@example.org",
    }
    workers.worker()
    world.tell(world.update())

    def settled() -> dict[DeliveryState, str | None] | None:
        with world.database.read() as session:
            rows = session.exec(
                select(Delivery.state, Delivery.answer).where(col(Delivery.attempts) == 1)
            ).all()
        found = {DeliveryState(state): answer for state, answer in rows}
        return found if found.keys() == {DeliveryState.DUE, DeliveryState.FAILED} else None

    answers = wait_until(settled, "both answers are recorded", seconds=30)
    assert answers is not None
    assert answers[DeliveryState.DUE] == "The mail server answered 450: Try again later"
    assert answers[DeliveryState.FAILED] == ("The mail server answered 550: No such user <address>")
    world.mailbox.refused.clear()
    with world.database.write() as session:
        waiting = session.exec(
            select(Delivery).where(col(Delivery.state) == DeliveryState.DUE)
        ).one()
        waiting.next_attempt_at = utc_now()
        session.add(waiting)
    workers.beat()
    (message,) = world.mailbox.wait_for(1, seconds=20)
    assert message["To"] == "reader0@example.org"


@ON_SQLITE
def test_an_immediate_email_waits_for_no_clock(world: World, workers: Workers) -> None:
    readers(world, 1, Frequency.IMMEDIATE)
    workers.worker()
    world.tell(world.update("Warm up"))
    world.mailbox.wait_for(1, seconds=30)
    for number in range(20):
        world.tell(world.update(f"Update {number}"))
    world.mailbox.wait_for(21, seconds=20)


@ON_SQLITE
def test_digests_to_a_mail_server_that_hangs_leave_a_thread_to_immediate_emails(
    world: World, workers: Workers
) -> None:
    hurry = threading.Event()

    def hang_at_digests(line: bytes, talk: Talk) -> None:
        if line == b"." and b"X-Southlink-Kind: digest" in talk.contents[-1]:
            hurry.wait(20)

    readers(world, 3 * queues.TOGETHER + 10)
    world.tell(world.update())
    with SmtpServer(hang_at_digests) as server:
        world.mailbox.port = server.port
        workers.sends_to(server.port)
        run_id = start_run(world)
        world.collect(run_id)
        with world.database.read() as session:
            digests = session.exec(select(Delivery.id)).all()
        queues.enqueue_deliveries(digests, DeliveryKind.DIGEST)
        workers.worker()
        wait_until(lambda: len(server.contents) >= 3, "three threads hang", seconds=30)
        world.subscribe("now@example.org", Frequency.IMMEDIATE)
        world.tell(world.update("At once"))
        wait_until(
            lambda: any(b"X-Southlink-Kind: immediate" in each for each in server.contents),
            "the immediate e-mail arrives meanwhile",
            seconds=15,
        )
        assert not hurry.is_set()
        hurry.set()


@ON_SQLITE
def test_a_worker_killed_while_an_announcement_goes_out_loses_nobody(
    desk: Desk, workers: Workers
) -> None:
    addresses = set(desk.followers(30))
    author = desk.coordinator()
    hung = threading.Event()

    def hang_at_the_tenth(_envelope: Envelope) -> str:
        if len(desk.world.mailbox.messages) == 10:
            hung.set()
            time.sleep(0.5)  # The mail server is slow; the worker dies meanwhile.
        return "250 OK"

    desk.world.mailbox.on_message = hang_at_the_tenth
    worker = workers.worker()
    announcement = desk.submitted(author)
    for _ in range(3):
        queues.enqueue_announcement(UUID(announcement["id"]))
    wait_until(hung.is_set, "the tenth e-mail is on its way", seconds=30)
    kill(worker)
    desk.world.mailbox.on_message = accept
    workers.worker()
    workers.beat()

    def sent() -> bool:
        path = f"/announcements/{announcement['id']}"
        return bool(desk.call(author, "GET", path).json()["state"] == "sent")

    wait_until(sent, "the announcement is sent", seconds=40)
    received = Counter(desk.received())
    assert set(received) == addresses
    assert sum(received.values()) <= 30 + 4
    assert len({message["Message-ID"] for message in desk.world.mailbox.messages}) == 30
