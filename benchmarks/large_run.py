"""Runs over more and more readers: the time of a digest, which must not grow with their number.

All of it is real and measured as a whole: windows close, digests and deliveries are made, and two
processes write the e-mails, send them over SMTP to a mail server that keeps nothing, and record
what became of them. PostgreSQL runs with its own settings, except that it does not wait for the
disk. Each size has a database of its own, on which a run of weekly readers comes first: the
measurement of collecting alone, by one process, and what warms the workers up.
"""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from celery import Celery
from redis import Redis
from rich.console import Console
from sqlalchemy import text

from benchmarks.effort import Effort
from benchmarks.large_notifier import Servers, beat, memory, servers, vacuum, workers
from benchmarks.machine import redis_version
from benchmarks.many_readers import ITEMS, add_readers, tell_groups
from benchmarks.report import Result
from services.notifier import collecting, digest_runs, queues
from services.notifier.vocabulary import Frequency, RunState
from shared.columns import utc_now
from shared.database import Database
from shared.ids import new_id

WEEKLY = 10_000
"""Readers whose windows are collected alone; their digests warm the workers up."""
PROCESSES = 2
LINEAR = 1.2
"""How much longer a digest of a larger run may take."""
MEGABYTES = 250.0
MOST_QUEUED = 200.0
LOOK_SECONDS = 0.25
STUCK_SECONDS = 60.0
REPEATED = 3
"""Runs of the smallest size, which the others are held against."""
QUESTION = f"A digest of a large run ({ITEMS} items, all steps, SMTP to a server that keeps none)"


@dataclass
class Run:
    """What was seen of one run."""

    readers: int
    collecting: float
    """Windows that one process closes in a second, with nothing else to do."""
    seconds: float = 0.0
    megabytes: float = 0.0
    """Of the largest process of a worker at any time."""
    queued: int = 0
    """Tasks that waited in Redis at most."""

    @property
    def milliseconds(self) -> float:
        """Of one digest."""
        return 1_000 * self.seconds / self.readers


@dataclass
class Watch:
    """Looks at a run until it is done; raises when it doesn't get on."""

    on: Servers
    processes: Sequence[subprocess.Popen[bytes]]
    megabytes: float = 0.0
    queued: int = 0
    _taken: int = -1
    _moved_at: float = field(default_factory=time.monotonic)

    def until_done(self, run_id: UUID) -> None:
        with Redis.from_url(self.on.broker) as redis:
            while not self._done(run_id):
                self.queued = max(self.queued, int(redis.llen(queues.DIGEST)))
                self.megabytes = max(self.megabytes, *memory(self.processes))
                self._gets_on()
                time.sleep(LOOK_SECONDS)

    def _done(self, run_id: UUID) -> bool:
        with self.on.database.read() as session:
            return digest_runs.get(session, run_id).state is RunState.DONE

    def _gets_on(self) -> None:
        now = time.monotonic()
        taken, _ = self.on.taken()
        if taken != self._taken:
            self._taken, self._moved_at = taken, now
        ended = [process.args for process in self.processes if process.poll() is not None]
        if ended:
            raise RuntimeError(f"A process ended by itself: {ended[0]!r}")
        if now - self._moved_at > STUCK_SECONDS:
            raise TimeoutError(
                f"For {STUCK_SECONDS:.0f} s no e-mail was sent; the mail server took {taken:,}."
            )


def measure(effort: Effort) -> list[Result]:
    """Return the time of a digest at each size, and how it stands to the smallest size."""
    runs: dict[int, list[Run]] = {}
    with servers() as on:
        effort.servers |= {"PostgreSQL": on.postgres, **redis_version(on.broker)}
        for size in effort.sizes:
            times = min(effort.runs, REPEATED) if size == min(effort.sizes) else 1
            for _ in range(times):
                effort.console.print(f"A run over {size:,} readers …")
                with on.new_database() as alone:
                    runs.setdefault(size, []).append(_measured(alone, size, effort.console))
    return [result for size in sorted(runs) for result in _results(runs[size], runs)]


def _results(runs: Sequence[Run], all_runs: dict[int, list[Run]]) -> list[Result]:
    size = runs[0].readers
    smallest = all_runs[min(all_runs)]
    base = sorted(run.milliseconds for run in smallest)[len(smallest) // 2]
    question = f"{QUESTION}, {size:,} readers"

    def result(figure: str, unit: str, limit: float | None, values: Sequence[float]) -> Result:
        return Result(question, figure, unit, limit, tuple(values), size)

    found = [
        result("one digest", "ms", None, [run.milliseconds for run in runs]),
        result("digests", "per s", None, [1_000 / run.milliseconds for run in runs]),
        result("windows closed alone", "per s", None, [run.collecting for run in runs]),
        result("largest worker process", "MB", MEGABYTES, [run.megabytes for run in runs]),
        result("tasks in Redis at most", "", MOST_QUEUED, [float(run.queued) for run in runs]),
    ]
    if size > min(all_runs):
        of_base = [100 * run.milliseconds / base for run in runs]
        figure = f"time of a digest, of that with {min(all_runs):,}"
        found.append(result(figure, "%", 100 * LINEAR, of_base))
    return found


def _measured(on: Servers, readers: int, console: Console) -> Run:
    tell_groups(on.database)
    add_readers(on.database, 0, WEEKLY, Frequency.WEEKLY)
    add_readers(on.database, WEEKLY, readers, Frequency.DAILY)
    run = Run(readers, _collecting_alone(on.database))
    with (
        workers(on, (queues.DIGEST, str(PROCESSES)), ("immediate,housekeeping", "1")) as working,
        beat(on) as clock,
    ):
        watch = Watch(on, [*working, clock])
        watch.until_done(newest_run(on.database))
        vacuum(on.database)
        begin = time.perf_counter()
        run_id = start(on.database, Frequency.DAILY)
        with Celery(broker=on.broker) as asking:
            asking.send_task(queues.COLLECT, args=[str(run_id), True], queue=queues.DIGEST)
        watch.until_done(run_id)
        run.seconds = time.perf_counter() - begin
        run.megabytes, run.queued = watch.megabytes, watch.queued
    all_sent(on.database, run_id, readers)
    console.print(f"  {run.milliseconds:.2f} ms a digest, {readers / run.seconds:,.0f} a second")
    return run


def _collecting_alone(database: Database) -> float:
    """Close the weekly windows; return how many a second."""
    run_id = start(database, Frequency.WEEKLY)
    begin = time.perf_counter()
    while True:
        with database.write() as session:
            if collecting.collect_batch(session, run_id, utc_now()) is None:
                return WEEKLY / (time.perf_counter() - begin)


def start(database: Database, frequency: Frequency) -> UUID:
    with database.write() as session:
        return digest_runs.start_by_coordinator(session, frequency, new_id(), utc_now()).id


def newest_run(database: Database) -> UUID:
    with database.read() as session:
        found: UUID = session.execute(text("SELECT id FROM digest_run")).scalar_one()
        return found


def all_sent(database: Database, run_id: UUID, readers: int) -> None:
    with database.read() as session:
        tally = digest_runs.tally(session, run_id)
    if tally.sent != readers or tally.in_doubt:
        raise RuntimeError(f"Of {readers:,} digests not each was sent once: {tally}")
