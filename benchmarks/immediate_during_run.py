"""From an event to its immediate e-mails, while a run over 100,000 readers is under way.

Events go on at a steady rate from the start of the run to its end: windows close, digests are
written and sent, and beside them each event is told to a few readers at once. What is measured
begins when an event was due, so waiting of the measurement itself counts, and ends when the answer
of the mail server is recorded.
"""

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from celery import Celery
from sqlalchemy import insert, text

from benchmarks.effort import Effort
from benchmarks.large_notifier import Servers, beat, servers, until, vacuum, workers
from benchmarks.large_run import PROCESSES, WEEKLY, Watch, all_sent, newest_run, start
from benchmarks.machine import redis_version
from benchmarks.many_readers import ITEMS, add_readers, tell_groups
from benchmarks.report import Result, percentiles
from services.notifier import collecting, projections, queues
from services.notifier.tables import Group, Subscriber, Subscription
from services.notifier.vocabulary import Frequency, TargetKind
from shared.columns import utc_now
from shared.database import Database
from shared.events.catalogue import UpdatePosted
from shared.events.envelope import Event
from shared.ids import new_id

READERS = 100_000
AT_ONCE = 5
"""Readers who are told of each event at once."""
PER_SECOND = 5
PARTS = 3
"""Parts of the run: closing windows weighs on the first, the last is nothing but sending."""
LIMITS_MS: dict[float, float | None] = {0.5: None, 0.99: 5_000.0, 1.0: None}
GROUP = UUID(int=1_000)
"""Of the events; only those who are told at once follow it."""
PATIENCE_SECONDS = 30.0
QUESTION = f"Event to immediate e-mail during a run (digests of {ITEMS} items)"

TIMES = text("""
    SELECT notice.occurred_at, delivery.finished_at
    FROM delivery
    JOIN digest_item ON digest_item.digest_id = delivery.digest_id
    JOIN notice ON notice.id = digest_item.notice_id
    WHERE delivery.kind = 'immediate' AND notice.group_id = :group
    ORDER BY notice.occurred_at
""")


@dataclass
class Telling:
    """Applies events at a steady rate, as the consumer does, until it is stopped."""

    database: Database
    told: int = 0
    failure: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Telling":
        self._thread = threading.Thread(target=self._tell_all)
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._stop.set()
        self._thread.join()

    def _tell_all(self) -> None:
        begin, began_at = time.monotonic(), utc_now()
        try:
            while not self._stop.wait(max(0.0, begin + self.told / PER_SECOND - time.monotonic())):
                self._tell(began_at + timedelta(seconds=self.told / PER_SECOND))
                self.told += 1
        except BaseException as failure:  # noqa: BLE001
            self.failure = failure

    def _tell(self, due_at: datetime) -> None:
        update = UpdatePosted(
            update_id=new_id(),
            group_id=GROUP,
            group_title="Follow-up group of the measurement",
            theme_slug="theme-0",
            institution_id=new_id(),
            institution_name="Centre for cooperation",
            institution_acronym="CC",
            kind="news",
            title=f"Update {self.told}",
            text="Told at once, while a large run is under way.",
        )
        event = Event.of(update, subject=f"updates/{update.update_id}", time=due_at)
        with self.database.write() as session:
            projections.HANDLERS[UpdatePosted](session, event, update)


def measure(effort: Effort) -> list[Result]:
    """Return how long immediate e-mails take in each part of the run."""
    readers = min(READERS, max(effort.sizes))
    effort.console.print(f"Immediate e-mails during a run over {readers:,} readers …")
    with servers() as on:
        effort.servers |= {"PostgreSQL": on.postgres, **redis_version(on.broker)}
        tell_groups(on.database)
        _follow(on.database)
        add_readers(on.database, 0, WEEKLY, Frequency.WEEKLY)
        add_readers(on.database, WEEKLY, readers, Frequency.DAILY)
        seconds, parts = _measured(on, readers)
    question = f"{QUESTION}, {readers:,} readers"
    return [
        *percentiles(question, parts, LIMITS_MS, "ms"),
        Result(question, "digests meanwhile", "per s", None, (readers / seconds,), readers),
    ]


def _measured(on: Servers, readers: int) -> tuple[float, list[list[float]]]:
    _ask_through(on)
    warm_up = start(on.database, Frequency.WEEKLY)
    while True:
        with on.database.write() as session:
            if collecting.collect_batch(session, warm_up, utc_now()) is None:
                break
    with (
        workers(on, (queues.DIGEST, str(PROCESSES)), ("immediate,housekeeping", "1")) as working,
        beat(on) as clock,
    ):
        watch = Watch(on, [*working, clock])
        watch.until_done(newest_run(on.database))
        vacuum(on.database)
        begin = time.perf_counter()
        run_id = start(on.database, Frequency.DAILY)
        queues.enqueue_run(run_id)
        with Telling(on.database) as telling:
            watch.until_done(run_id)
        seconds = time.perf_counter() - begin
        if telling.failure is not None:
            raise telling.failure
        times = _times(on.database, telling.told * AT_ONCE)
    all_sent(on.database, run_id, readers)
    of_part = len(times) // PARTS
    return seconds, [times[part * of_part : (part + 1) * of_part] for part in range(PARTS)]


def _ask_through(on: Servers) -> None:
    """Let this process ask for tasks where the workers look for them."""
    from services.notifier.celery_app import app

    asking: Celery = app
    asking.conf.update(broker_url=on.broker)


def _follow(database: Database) -> None:
    """Add the group of the events, and who is told of them at once."""
    now = utc_now()
    group = {
        "id": GROUP,
        "title": "Follow-up group of the measurement",
        "theme_slug": "theme-0",
        "status": "active",
        "visibility": "all",
        "version": 1,
    }
    subscribers = [
        {
            "id": new_id(),
            "email": f"now{number}@example.org",
            "language": "en",
            "time_zone": "UTC",
            "hour": 8,
            "weekday": 1,
            "created_at": now,
        }
        for number in range(AT_ONCE)
    ]
    subscriptions = [
        {
            "id": new_id(),
            "subscriber_id": subscriber["id"],
            "target_kind": TargetKind.GROUP,
            "target_id": str(GROUP),
            "frequency": Frequency.IMMEDIATE,
            "confirmed_at": now,
        }
        for subscriber in subscribers
    ]
    with database.write() as session:
        session.execute(insert(Group), [group])
        session.execute(insert(Subscriber), subscribers)
        session.execute(insert(Subscription), subscriptions)


def _times(database: Database, expected: int) -> list[float]:
    """Return the milliseconds of each e-mail, in the order of their events."""
    found: list[tuple[datetime, datetime | None]] = []

    def all_recorded() -> bool:
        with database.read() as session:
            found[:] = session.execute(TIMES, {"group": GROUP}).tuples().all()
        return len(found) == expected and all(finished for _, finished in found)

    until(all_recorded, f"{expected} immediate e-mails are recorded as sent", PATIENCE_SECONDS)
    return [(end - due).total_seconds() * 1_000 for due, end in found if end is not None]
