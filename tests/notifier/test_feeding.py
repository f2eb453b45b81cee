"""However large a run is, its queue stays short, and everything is sent once all the same."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Event
from uuid import UUID

import pytest
from redis import Redis
from sqlmodel import col, select, update

from services.notifier import digest_runs, feeding, pausing, queues
from services.notifier.celery_app import app
from services.notifier.tables import Delivery
from services.notifier.vocabulary import DeliveryKind, DeliveryState, Frequency, RunState
from shared.columns import utc_now
from shared.ids import new_id
from tests.notifier.announcing import Desk
from tests.notifier.test_workers import ON_SQLITE, readers, start_run, wait_until_done, workers
from tests.notifier.workers import Workers, kill
from tests.notifier.world import World
from tests.waiting import wait_until

__all__ = ["workers"]  # The fixture of the Celery processes.

MANY = queues.kinds_of(queues.DIGEST)


@pytest.fixture
def held_up(world: World) -> Iterator[Event]:
    """A mail server that takes nothing until the event is set."""
    go_on = Event()

    def hold_up(_envelope: object) -> str:
        go_on.wait(30)
        return "250 OK"

    world.mailbox.on_message = hold_up
    yield go_on
    go_on.set()


def collected(world: World, number: int) -> list[UUID]:
    """Make digests for so many readers; return their e-mails."""
    readers(world, number)
    world.tell(world.update())
    world.close_windows()
    with world.database.read() as session:
        return list(session.exec(select(Delivery.id).order_by(col(Delivery.id))))


def feed(world: World, limit: int) -> list[UUID]:
    with world.database.write() as session:
        return [each for each, _ in feeding.take_waiting(session, utc_now(), limit, MANY)]


def kinds(world: World, deliveries: list[UUID]) -> set[DeliveryKind]:
    with world.database.read() as session:
        found = session.exec(select(Delivery.kind).where(col(Delivery.id).in_(deliveries)))
        return {DeliveryKind(kind) for kind in found}


def made_by(world: World, run_id: UUID) -> int:
    with world.database.read() as session:
        return digest_runs.tally(session, run_id).digests


def waiting_in(broker: str, queue: str) -> int:
    with Redis.from_url(broker) as redis:
        return int(redis.llen(queue))


def test_what_a_run_makes_waits_in_the_database_and_is_fed_part_by_part(world: World) -> None:
    made = collected(world, 7)
    fed = [feed(world, 3) for _ in range(4)]
    assert [len(part) for part in fed] == [3, 3, 1, 0]
    assert sorted(each for part in fed for each in part) == made


def test_the_longest_waiting_is_fed_first_whatever_its_kind(desk: Desk) -> None:
    desk.followers(2)
    desk.make(desk.submitted(desk.coordinator())["id"])
    desk.world.tell(desk.world.update())
    desk.world.close_windows()
    assert kinds(desk.world, feed(desk.world, 2)) == {DeliveryKind.ANNOUNCEMENT}
    assert kinds(desk.world, feed(desk.world, 2)) == {DeliveryKind.DIGEST}


def test_feeders_side_by_side_never_feed_the_same_email(world: World) -> None:
    made = collected(world, 12)
    with ThreadPoolExecutor(4) as pool:
        fed = list(pool.map(lambda _: feed(world, 2), range(24)))
    assert sorted(each for part in fed for each in part) == made


def test_what_a_feeder_took_before_it_died_is_fed_by_the_next(world: World) -> None:
    made = collected(world, 3)
    with suppress(KeyboardInterrupt), world.database.write() as session:
        feeding.take_waiting(session, utc_now(), 3, MANY)
        raise KeyboardInterrupt
    assert sorted(feed(world, 10)) == made


def test_what_a_feeder_noted_and_never_queued_is_found_by_the_sweep(world: World) -> None:
    made = collected(world, 3)
    feed(world, 2)
    wait = timedelta(seconds=20)
    with world.database.write() as session:
        found = feeding.take_unqueued(session, utc_now() + 2 * wait, wait, 10, MANY)
    assert sorted(each for each, _ in found) == made


def test_nothing_is_fed_before_its_time_or_while_sending_is_paused(world: World) -> None:
    made = collected(world, 2)
    with world.database.write() as session:
        later = utc_now() + timedelta(hours=1)
        session.exec(
            update(Delivery).where(col(Delivery.id) == made[0]).values(next_attempt_at=later)
        )
        pausing.pause(session, "The mail server moves", None, utc_now())
    assert feed(world, 10) == []
    with world.database.write() as session:
        pausing.resume(session)
    assert feed(world, 10) == made[1:]


def test_a_run_leaves_the_immediate_emails_to_their_queue(world: World) -> None:
    collected(world, 1)
    world.subscribe("now@example.org", Frequency.IMMEDIATE)
    world.tell(world.update("At once"))
    with world.database.write() as session:
        session.exec(update(Delivery).values(queued_at=None))
    with world.database.write() as session:
        of_run = feeding.take_waiting(session, utc_now(), 10, MANY)
        others = feeding.take_waiting(session, utc_now(), 10, queues.kinds_of(queues.IMMEDIATE))
    assert [kind for _, kind in of_run] == [DeliveryKind.DIGEST]
    assert [kind for _, kind in others] == [DeliveryKind.IMMEDIATE]


def test_a_run_of_many_never_makes_its_queue_long(
    world: World, workers: Workers, broker: str, held_up: Event
) -> None:
    addresses = readers(world, 60)
    world.tell(world.update())
    workers.worker_of_short_queues()
    run_id = start_run(world)
    wait_until(lambda: made_by(world, run_id) == 60, "all digests are made", seconds=30)
    for _ in range(3):
        queues.enqueue_sweep()
    wait_until(lambda: not waiting_in(broker, queues.HOUSEKEEPING), "the sweeps are done")
    workers.beat()
    assert waiting_in(broker, queues.DIGEST) < 20
    held_up.set()
    wait_until_done(world, run_id)
    assert sorted(message["To"] for message in world.mailbox.messages) == sorted(addresses)


def test_a_worker_killed_and_a_broker_emptied_while_it_feeds_lose_nobody(
    world: World, workers: Workers, broker: str, held_up: Event
) -> None:
    addresses = readers(world, 40)
    world.tell(world.update())
    worker = workers.worker_of_short_queues()
    run_id = start_run(world)
    wait_until(lambda: waiting_in(broker, queues.DIGEST), "the queue is fed", seconds=30)
    kill(worker)
    with Redis.from_url(broker) as redis:
        redis.flushdb()
    held_up.set()
    workers.worker_of_short_queues()
    workers.beat()
    wait_until_done(world, run_id)
    received = Counter(message["To"] for message in world.mailbox.messages)
    assert set(received) == addresses
    # At most what three threads had on the wire comes again.
    assert sum(received.values()) <= 40 + 3


@ON_SQLITE
def test_garbage_in_the_queue_keeps_no_run_from_ending(world: World, workers: Workers) -> None:
    addresses = readers(world, 10)
    world.tell(world.update())
    for garbage in ([], ["no id"], [["no id"]], [[str(new_id())]], [None], [7, "too many"]):
        app.send_task(queues.DELIVER, args=garbage, queue=queues.DIGEST)
        app.send_task(queues.COLLECT, args=garbage, queue=queues.DIGEST)
    workers.worker_of_short_queues()
    workers.beat()
    run_id = start_run(world)
    assert wait_until_done(world, run_id).state is RunState.DONE
    assert sorted(message["To"] for message in world.mailbox.messages) == sorted(addresses)
    with world.database.read() as session:
        states = set(session.exec(select(Delivery.state)))
    assert states == {DeliveryState.SENT}
