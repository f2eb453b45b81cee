"""What the event path promises, whatever is killed, lost, repeated or broken.

In every case the read model ends equal to its source, and no effect happens twice.
"""

import signal
import sqlite3
import threading
from dataclasses import replace
from uuid import uuid4

import pytest
from redis import Redis
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from shared import stream
from shared.consumer import Consumer, OvertakenError
from shared.events.envelope import Event
from shared.outbox import begin_epoch, start_history
from shared.parked import replay
from shared.rebuild import rebuild, verify
from shared.relay import Relay
from tests.faults.path import (
    COUNTERS,
    PROJECTION,
    Checkpoint,
    Copy,
    Counter,
    CounterRaised,
    Cure,
    Outbox,
    Path,
    RelayState,
    change,
    counter_raised,
)
from tests.redis_server import RedisServer
from tests.waiting import wait_until


def stream_of(path: Path) -> str:
    with path.source.read() as session:
        return stream.stream_key(COUNTERS, session.exec(select(RelayState.epoch)).one())


def relay_all(path: Path) -> None:
    relay = Relay(path.source, COUNTERS, path.redis_url)
    while relay.step():
        pass


def test_changes_arrive_in_their_order_and_once(path: Path) -> None:
    with path.running("relay", "consumer"):
        for slug in ("a", "b", "a"):
            change(path.source, slug, 5)
        path.assert_equal_and_once()
    assert path.effects() == path.history()


def test_positions_are_contiguous_and_the_stream_carries_them(path: Path) -> None:
    change(path.source, "a", 7)
    relay_all(path)
    with Redis.from_url(path.redis_url, decode_responses=True) as redis:
        entries: list[tuple[str, dict[str, str]]] = redis.xrange(stream_of(path))
    assert [entry_id for entry_id, _ in entries] == [f"{n}-0" for n in range(1, 8)]
    events = [Event.model_validate_json(fields["event"]) for _, fields in entries]
    assert [event.position for event in events] == list(range(1, 8))
    assert [event.id for event in events] == path.history()


def test_a_rolled_back_change_publishes_nothing(path: Path) -> None:
    class RefusedError(Exception):
        pass

    def fail() -> None:
        with path.source.write() as session:
            session.add(Counter(id=uuid4(), slug="never"))
            raise RefusedError

    with pytest.raises(RefusedError):
        fail()
    relay_all(path)
    assert path.history() == []


def test_a_relay_killed_between_adding_and_committing_repeats_nothing(path: Path) -> None:
    change(path.source, "a", 5)
    killed = path.start("relay-killed-after-adding")
    assert killed.wait(60) == -signal.SIGKILL
    with Redis.from_url(path.redis_url) as redis:
        assert redis.xlen(stream_of(path)) == 5
    with path.running("relay", "consumer"):
        change(path.source, "a", 5)
        path.assert_equal_and_once()
    with Redis.from_url(path.redis_url) as redis:
        assert redis.xlen(stream_of(path)) == 10


def test_redis_flushed_while_events_flow_loses_nothing(path: Path) -> None:
    with path.running("relay", "consumer"), Redis.from_url(path.redis_url) as redis:
        for _ in range(10):
            change(path.source, "a", 10)
            redis.flushall()
        path.assert_equal_and_once()


def test_what_a_flush_took_is_found_even_when_nothing_follows(path: Path) -> None:
    change(path.source, "a", 3)
    relay_all(path)
    with Redis.from_url(path.redis_url) as redis:
        redis.flushall()
    with path.running("consumer"):
        path.assert_equal_and_once()


def test_a_stream_trimmed_under_a_stopped_consumer_is_repaired_from_the_feed(path: Path) -> None:
    with path.running("relay"):
        with path.running("consumer"):
            change(path.source, "a", 3)
            path.assert_equal_and_once()
        change(path.source, "a", 30)
        wait_until(lambda: len(path.history()) == 33, "the relay numbered all")
        with Redis.from_url(path.redis_url) as redis:
            wait_until(lambda: redis.xlen(stream_of(path)) == 33, "the relay added all")
            redis.xtrim(stream_of(path), maxlen=2, approximate=False)
        with path.running("consumer"):
            path.assert_equal_and_once()


def test_the_same_batch_delivered_twice_has_one_effect(path: Path) -> None:
    change(path.source, "a", 5)
    relay_all(path)
    first, second = path.consumer(), path.consumer()
    for consumer in (first, second):
        consumer._load()
    stop = threading.Event()
    threads = [threading.Thread(target=consumer.run, args=(stop,)) for consumer in (first, second)]
    for thread in threads:
        thread.start()
    path.assert_equal_and_once()
    stop.set()
    for thread in threads:
        thread.join()


def test_an_old_position_is_never_applied_again(path: Path) -> None:
    change(path.source, "a", 5)
    relay_all(path)
    with path.running("consumer"):
        path.assert_equal_and_once()
    late = path.consumer()
    with path.source.read() as session:
        late._epoch, late._position = start_history(session, COUNTERS), 0
        events = [
            Event.model_validate_json(row.event).at(row.position or 0)
            for row in session.exec(select(Outbox).order_by(col(Outbox.position)))
        ]
    with pytest.raises(OvertakenError):
        late._apply(events)
    path.assert_equal_and_once()


def test_two_relays_and_two_consumers_at_once_do_no_harm(path: Path) -> None:
    with path.processes("relay", "relay", "consumer", "consumer"):
        threads = [threading.Thread(target=change, args=(path.source, slug, 20)) for slug in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        path.assert_equal_and_once()
    assert len(path.history()) == 60


def test_a_killed_consumer_and_a_killed_relay_lose_and_repeat_nothing(path: Path) -> None:
    for _ in range(3):
        relay, consumer = path.start("relay"), path.start("consumer")
        change(path.source, "a", 20)
        wait_until(lambda: path.position() > 0, "something was applied", 60)
        relay.kill()
        consumer.kill()
        relay.wait()
        consumer.wait()
    with path.running("relay", "consumer"):
        path.assert_equal_and_once()


def test_without_redis_events_travel_by_the_feed_and_back_when_it_returns(
    path: Path, redis_server: RedisServer
) -> None:
    with path.running("relay", "consumer"):
        change(path.source, "a", 3)
        path.assert_equal_and_once()
        redis_server.kill()
        try:
            change(path.source, "a", 3)
            path.assert_equal_and_once()
        finally:
            redis_server.start()
        change(path.source, "a", 3)
        path.assert_equal_and_once()


def test_an_unknown_type_is_skipped_and_counted(path: Path) -> None:
    change(path.source, "a")
    retype(path, "org.southlink.something.new.v1")
    change(path.source, "b")
    relay_all(path)
    with path.running("consumer"):
        wait_until(lambda: path.position() == 2, "both events were seen")
    assert path.copies() == {"b": 1}
    with path.reader.read() as session:
        assert session.get_one(Checkpoint, COUNTERS).skipped == 1
    assert path.parked() == []


def test_a_newer_version_is_parked_until_the_service_knows_it(path: Path) -> None:
    change(path.source, "a")
    retype(path, "org.southlink.counter.raised.v2")
    change(path.source, "b")
    relay_all(path)
    with path.running("consumer"):
        wait_until(lambda: path.position() == 2, "both events were seen")
    assert path.copies() == {"b": 1}
    [parked] = path.parked()
    assert "Version 2" in parked.error
    assert "upgrade" in parked.error


def test_data_that_does_not_fit_is_parked_with_the_field_named(path: Path) -> None:
    change(path.source, "a")
    with path.source.write() as session:
        row = session.exec(select(Outbox)).one()
        row.event = row.event.replace('"value":1', '"value":"one"')
        session.add(row)
    relay_all(path)
    with path.running("consumer"):
        wait_until(lambda: path.position() == 1, "the event was seen")
    [parked] = path.parked()
    assert "value" in parked.error


def test_poison_is_parked_with_what_follows_it_and_put_through_in_order(path: Path) -> None:
    with path.running("relay", "consumer"):
        change(path.source, "poison", 3)
        change(path.source, "good", 2)
        wait_until(lambda: path.position() == 5, "all events were seen", 20)
        assert path.copies() == {"good": 2}
        parked = path.parked()
        assert [row.position for row in parked] == [1, 2, 3]
        assert "This counter is poison." in parked[0].error
        assert parked[0].attempts == 3
        refused = replay(path.reader, PROJECTION)
        assert (refused.applied, refused.left) == (0, 3)
        with path.reader.write() as session:
            session.add(Cure(id=1))
        assert replay(path.reader, PROJECTION).left == 0
        path.assert_equal_and_once()
        assert replay(path.reader, PROJECTION).applied == 0


def test_a_restored_backup_starts_an_epoch_and_the_reader_follows(path: Path) -> None:
    with path.running("consumer"):
        with path.running("relay"):
            change(path.source, "a", 4)
            change(path.source, "lost", 2)
            path.assert_equal_and_once()
        # The backup was taken after the fourth change: what came later never happened.
        with path.source.write() as session:
            for row in session.exec(select(Outbox).where(col(Outbox.position) > 4)).all():
                session.delete(row)
            for counter in session.exec(select(Counter).where(col(Counter.slug) == "lost")).all():
                session.delete(counter)
            session.execute(
                update(RelayState).values(last_position=4, published_position=4, lease_owner=None)
            )
        with path.running("relay"):
            change(path.source, "a", 2)
            path.assert_equal_and_once()
            assert path.copies() == {"a": 6}


def test_an_epoch_begun_by_hand_is_followed_too(path: Path) -> None:
    with path.running("relay", "consumer"):
        change(path.source, "a", 4)
        path.assert_equal_and_once()
        with path.source.write() as session:
            epoch = begin_epoch(session, COUNTERS)
        change(path.source, "a", 4)

        def followed() -> bool:
            with path.reader.read() as session:
                return session.get_one(Checkpoint, COUNTERS).epoch == epoch

        wait_until(followed, "the reader took the new epoch", 20)
        path.assert_equal_and_once()


def test_verify_finds_what_a_rebuild_mends(path: Path) -> None:
    change(path.source, "a", 2)
    change(path.source, "b", 2)
    change(path.source, "poison", 1)
    relay_all(path)
    with path.running("consumer"):
        wait_until(lambda: path.position() == 5, "all events were seen", 20)
    projection_of_copies = PROJECTION.__class__(**{**vars(PROJECTION), "read_models": (Copy,)})
    sources = [(projection_of_copies, path.feed())]
    assert verify(path.reader, sources) == []
    with path.reader.write() as session:
        session.execute(update(Copy).where(col(Copy.slug) == "a").values(value=99))
    assert len(verify(path.reader, sources)) == 1
    rebuild(path.reader, [(PROJECTION, path.feed())])
    assert verify(path.reader, sources) == []
    assert path.copies() == {"a": 2, "b": 2}
    assert len(path.parked()) == 1


def retype(path: Path, name: str) -> None:
    with path.source.write() as session:
        row = session.exec(select(Outbox)).one()
        row.event = row.event.replace(row.type, name)
        row.type = name
        session.add(row)


def test_events_travel_by_redis_while_the_source_does_not_answer(path: Path) -> None:
    with path.running("relay", "consumer"):
        change(path.source, "a", 3)
        path.assert_equal_and_once()
        path.stop_serving()
        for _ in range(3):
            change(path.source, "a", 5)
            path.assert_equal_and_once()


def test_a_database_that_was_away_blames_no_event_for_it(path: Path) -> None:
    away = [3]

    def counter_raised_or_away(session: Session, event: Event, data: CounterRaised) -> None:
        if away[0]:
            away[0] -= 1
            raise OperationalError("SELECT 1", {}, busy())
        counter_raised(session, event, data)

    change(path.source, "a", 3)
    relay_all(path)
    projection = replace(PROJECTION, handlers={CounterRaised: counter_raised_or_away})
    stop = threading.Event()
    consumer = Consumer(path.reader, projection, path.redis_url, path.feed())
    thread = threading.Thread(target=consumer.run, args=(stop,))
    thread.start()
    path.assert_equal_and_once()
    stop.set()
    thread.join()
    assert away == [0]
    assert path.parked() == []


def busy() -> BaseException:
    """What either driver would raise: as SQLite's, since each dialect takes it for its own."""
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


def test_what_a_consumer_parks_behind_an_event_being_replayed_is_put_through_too(
    path: Path,
) -> None:
    change(path.source, "poison", 2)
    relay_all(path)
    with path.running("consumer"):
        wait_until(lambda: len(path.parked()) == 2, "both events are parked", 20)
    with path.reader.write() as session:
        session.add(Cure(id=1))
    with path.running("relay", "consumer"):
        changing = threading.Thread(target=change, args=(path.source, "poison", 40))
        changing.start()
        while changing.is_alive():
            replay(path.reader, PROJECTION)
        changing.join()
        wait_until(lambda: path.position() == 42, "all events were seen", 60)
    replay(path.reader, PROJECTION)
    path.assert_equal_and_once()
    assert path.effects() == path.history()


def test_two_relays_that_both_take_themselves_for_the_active_one_do_no_harm(path: Path) -> None:
    relays = [Relay(path.source, COUNTERS, path.redis_url) for _ in range(2)]
    for _ in range(8):
        change(path.source, "a")
        with path.source.write() as session:
            session.execute(update(RelayState).values(lease_owner=None))
        threads = [threading.Thread(target=relay.step) for relay in relays]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    while not all(relay.step() == 0 for relay in relays):
        pass
    with Redis.from_url(path.redis_url, decode_responses=True) as redis:
        positions = [int(entry.split("-")[0]) for entry, _ in redis.xrange(stream_of(path))]
    assert positions == sorted(set(positions))
    with path.running("consumer"):
        path.assert_equal_and_once()


def test_a_relay_that_is_asked_to_stop_leaves_the_lease_to_the_next(path: Path) -> None:
    with path.running("relay"):
        change(path.source, "a")
        wait_until(lambda: len(path.history()) == 1, "the relay numbered it")
    change(path.source, "a")
    assert Relay(path.source, COUNTERS, path.redis_url).step() > 0


def test_entries_of_others_in_the_stream_do_no_harm(path: Path) -> None:
    with Redis.from_url(path.redis_url) as redis:
        redis.xadd(stream_of(path), {"event": "{broken"}, id="1-0")
        redis.xadd(stream_of(path), {"other": "field"}, id="2-0")
    with path.running("relay", "consumer"):
        change(path.source, "a", 4)
        path.assert_equal_and_once()
