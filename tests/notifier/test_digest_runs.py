"""Digest runs: windows close once, each item is told once, and nothing is lost in between."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, func, select

from services.notifier import choices, collecting, digest_runs, leaving, targets
from services.notifier.choices import Choice
from services.notifier.subscribers import Hours
from services.notifier.tables import (
    Delivery,
    Digest,
    DigestItem,
    DigestRun,
    DigestWindow,
    Subscription,
)
from services.notifier.vocabulary import DeliveryState, Frequency, RunState
from shared.columns import utc_now
from shared.database import Database
from shared.ids import new_id
from tests.notifier.world import THEME, World

BERLIN = Hours("en", "Europe/Berlin", 8, 1)
OPENED = datetime(2026, 3, 27, 12, tzinfo=UTC)


def test_running_the_windows_again_sends_nothing(world: World) -> None:
    world.open_group()
    for name in ("ana", "bo", "cy"):
        world.subscribe(f"{name}@example.org")
    world.tell(world.update())
    world.close_windows()
    world.deliver_all()
    world.close_windows()
    world.deliver_all()
    assert sorted(message["To"] for message in world.mailbox.messages) == [
        "ana@example.org",
        "bo@example.org",
        "cy@example.org",
    ]


def test_each_digest_has_what_came_since_the_last_one(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    for title in ("First", "Second"):
        world.tell(world.update(title))
        world.close_windows()
    world.deliver_all()
    first, second = (message["Subject"] for message in world.mailbox.messages)
    assert "First" in first
    assert "Second" not in first
    assert "Second" in second
    assert "First" not in second


def test_nothing_to_say_makes_no_email(world: World) -> None:
    world.subscribe("ana@example.org")
    run = world.close_windows()
    with world.database.read() as session:
        closed = digest_runs.get(session, run.id)
        assert (closed.state, closed.subscribers) == (RunState.DONE, 1)
        assert digest_runs.tally(session, run.id).digests == 0


def test_a_daily_run_leaves_weekly_readers_alone(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org", Frequency.WEEKLY)
    world.tell(world.update())
    world.close_windows(Frequency.DAILY)
    assert digests(world.database) == 0
    world.close_windows(Frequency.WEEKLY)
    assert digests(world.database) == 1


def test_a_run_killed_after_any_batch_goes_on_where_it_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "BATCH", 2)
    world.open_group()
    for number in range(7):
        world.subscribe(f"reader{number}@example.org")
    world.tell(world.update())
    with world.database.write() as session:
        run = digest_runs.start_by_coordinator(session, Frequency.DAILY, new_id(), utc_now())
    with world.database.write() as session:
        assert len(collecting.collect_batch(session, run.id, utc_now()) or []) == 2
    with contextlib.suppress(KeyboardInterrupt), world.database.write() as session:
        collecting.collect_batch(session, run.id, utc_now())
        raise KeyboardInterrupt
    later = utc_now() + timedelta(minutes=1)
    with world.database.write() as session:
        assert digest_runs.take_stalled(session, later) == [run.id]
    with world.database.write() as session:
        assert digest_runs.take_stalled(session, later) == []
    world.collect(run.id)
    world.deliver_all()
    assert len({message["To"] for message in world.mailbox.messages}) == 7
    assert len(world.mailbox.messages) == 7
    with world.database.read() as session:
        finished = digest_runs.get(session, run.id)
        assert (finished.state, finished.subscribers) == (RunState.DONE, 7)


def test_a_second_request_while_a_run_collects_gets_the_same_run(world: World) -> None:
    world.subscribe("ana@example.org")
    with world.database.write() as session:
        first = digest_runs.start_by_coordinator(session, Frequency.DAILY, new_id(), utc_now())
    with world.database.write() as session:
        second = digest_runs.start_by_coordinator(session, Frequency.DAILY, new_id(), utc_now())
    assert first.id == second.id


def test_a_missing_run_is_looked_for_at_the_readers_hour(world: World) -> None:
    world.subscribe("ana@example.org", hours=BERLIN, at=OPENED)
    before = datetime(2026, 3, 28, 6, 59, tzinfo=UTC)
    with world.database.write() as session:
        assert digest_runs.start_missing(session, before) == []
    with world.database.write() as session:
        assert len(digest_runs.start_missing(session, before + timedelta(minutes=1))) == 1


def test_one_missing_run_is_started_however_often_it_is_looked_for(world: World) -> None:
    world.subscribe("ana@example.org", hours=BERLIN, at=OPENED)
    now = datetime(2026, 3, 28, 7, 0, 1, tzinfo=UTC)
    found = set()
    for _ in range(3):
        with world.database.write() as session:
            found.update(digest_runs.start_missing(session, now))
    assert len(found) == 1


def test_after_an_outage_of_days_one_digest_catches_up(world: World) -> None:
    world.open_group()
    reader = world.subscribe("ana@example.org", hours=BERLIN, at=OPENED)
    world.tell(world.update())
    with world.database.write() as session:
        item = session.exec(select(DigestItem)).one()
        item.recorded_at = OPENED + timedelta(hours=1)
        session.add(item)
    woke = datetime(2026, 4, 2, 20, tzinfo=UTC)
    collect_missing(world, woke)
    with world.database.read() as session:
        digest = session.exec(select(Digest)).one()
        window = session.get_one(DigestWindow, (reader.subscriber_id, Frequency.DAILY))
    assert (digest.window_start, digest.window_end) == (
        OPENED,
        datetime(2026, 4, 2, 6, tzinfo=UTC),
    )
    assert (window.starts_at, window.ends_at) == (
        digest.window_end,
        datetime(2026, 4, 3, 6, tzinfo=UTC),
    )
    collect_missing(world, woke)
    assert digests(world.database) == 1


def test_an_item_recorded_at_the_end_of_a_window_goes_into_the_next(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org", hours=BERLIN, at=OPENED)
    world.tell(world.update())
    end = datetime(2026, 3, 28, 7, tzinfo=UTC)
    with world.database.write() as session:
        item = session.exec(select(DigestItem)).one()
        item.recorded_at = end
        session.add(item)
    collect_missing(world, end + timedelta(seconds=3))
    assert digests(world.database) == 0
    collect_missing(world, end + timedelta(days=1))
    assert digests(world.database) == 1


def test_a_reader_who_leaves_during_a_run_gets_nothing_after(world: World) -> None:
    world.open_group()
    reader = world.subscribe("ana@example.org")
    world.tell(world.update())
    run = world.close_windows()
    with world.database.write() as session:
        assert leaving.leave(session, reader.subscriber_id, utc_now()) == 1
    world.deliver_all()
    assert world.mailbox.messages == []
    with world.database.write() as session:
        assert digest_runs.tally(session, run.id).cancelled == 1
        digest_runs.finish_settled(session, utc_now())
        assert digest_runs.get(session, run.id).state is RunState.DONE


def test_leaving_twice_is_the_same_as_once(world: World) -> None:
    reader = world.subscribe("ana@example.org")
    with world.database.write() as session:
        assert leaving.leave(session, reader.subscriber_id, utc_now()) == 1
    with world.database.write() as session:
        assert leaving.leave(session, reader.subscriber_id, utc_now()) == 0


def test_what_waits_moves_along_when_the_frequency_changes(world: World) -> None:
    world.open_group()
    reader = world.subscribe("ana@example.org", Frequency.DAILY)
    world.tell(world.update())
    choose(world, reader, Frequency.WEEKLY)
    world.close_windows(Frequency.DAILY)
    assert digests(world.database) == 0
    world.close_windows(Frequency.WEEKLY)
    assert digests(world.database) == 1


def test_what_waits_in_a_window_still_comes_when_the_rest_is_wanted_at_once(world: World) -> None:
    world.open_group()
    reader = world.subscribe("ana@example.org", Frequency.DAILY)
    world.tell(world.update())
    choose(world, reader, Frequency.IMMEDIATE)
    world.close_windows(Frequency.DAILY)
    assert digests(world.database) == 1


def test_ending_one_of_two_overlapping_subscriptions_keeps_what_the_other_asked(
    world: World,
) -> None:
    world.open_group()
    by_theme = world.subscribe("ana@example.org", Frequency.DAILY, targets.theme(THEME))
    world.subscribe("ana@example.org", Frequency.WEEKLY)
    world.tell(world.update())
    choose(world, by_theme, None)
    world.close_windows(Frequency.DAILY)
    assert digests(world.database) == 0
    world.close_windows(Frequency.WEEKLY)
    assert digests(world.database) == 1


def test_a_reader_who_moves_to_another_zone_misses_nothing_and_reads_nothing_twice(
    world: World,
) -> None:
    world.open_group()
    reader = world.subscribe("ana@example.org", hours=BERLIN, at=OPENED)
    world.tell(world.update())
    with world.database.write() as session:
        item = session.exec(select(DigestItem)).one()
        item.recorded_at = OPENED + timedelta(hours=1)
        session.add(item)
        tokyo = Hours(None, "Asia/Tokyo", 8, 1)
        moved = OPENED + timedelta(hours=2)
        choices.choose(session, reader.subscriber_id, tokyo, [], moved)
    with world.database.read() as session:
        window = session.get_one(DigestWindow, (reader.subscriber_id, Frequency.DAILY))
        assert window.starts_at == OPENED
        assert window.ends_at == datetime(2026, 3, 27, 23, tzinfo=UTC)
    collect_missing(world, datetime(2026, 3, 27, 23, 0, 1, tzinfo=UTC))
    collect_missing(world, datetime(2026, 3, 28, 23, 0, 1, tzinfo=UTC))
    assert digests(world.database) == 1


def test_a_run_is_done_when_its_last_email_settled(world: World) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.subscribe("bo@example.org")
    world.tell(world.update())
    run = world.close_windows()
    assert state_of(world, run) is RunState.SENDING
    world.mailbox.refused["bo@example.org"] = "550 No such user"
    world.deliver_all()
    assert state_of(world, run) is RunState.DONE
    with world.database.read() as session:
        tally = digest_runs.tally(session, run.id)
        states = session.exec(select(Delivery.state).order_by(col(Delivery.state))).all()
    assert (tally.digests, tally.sent, tally.failed, tally.waiting) == (2, 1, 1, 0)
    assert states == [DeliveryState.FAILED, DeliveryState.SENT]


def choose(world: World, reader: Subscription, frequency: Frequency | None) -> None:
    with world.database.write() as session:
        choices.choose(
            session, reader.subscriber_id, Hours(), [Choice(reader.id, frequency)], utc_now()
        )


def collect_missing(world: World, now: datetime) -> None:
    """Do what the sweep and the worker do at a moment of the calendar."""
    with world.database.write() as session:
        runs = digest_runs.start_missing(session, now)
    for run_id in runs:
        with world.database.write() as session:
            while collecting.collect_batch(session, run_id, now) is not None:
                pass


def digests(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(Digest)).one()


def state_of(world: World, run: DigestRun) -> RunState:
    with world.database.read() as session:
        return digest_runs.get(session, run.id).state
