"""How many digests two processes write, record and send in a second, on PostgreSQL.

Each reader is told twenty other things, about 15 kB. Beside it, in the same run and to the same
mail server: the limit, ``smtplib`` sending one fixed e-mail of that size over a kept connection
in each of two processes; and what a team would write first, a Celery task for each e-mail.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import text

from benchmarks.effort import Effort
from benchmarks.large_notifier import Servers, fill, servers, until, vacuum, workers
from benchmarks.machine import redis_version
from benchmarks.report import Result
from services.notifier import collecting, digest_runs
from services.notifier.queues import TOGETHER
from services.notifier.vocabulary import DeliveryKind, Frequency
from shared.columns import utc_now
from shared.database import Database
from shared.ids import new_id

DIGESTS = 3_000
NAIVE = 300
"""E-mails that the naive way sends in a run; it is slow."""
ITEMS = 20
BYTES = 15_000
PROCESSES = 2
OF_THE_LIMIT = 0.4
TIMES_THE_NAIVE = 10.0
QUESTION = "Digests written, recorded and sent, beside the limit and the naive way"


def measure(effort: Effort) -> list[Result]:
    """Return our rate, the limit's and the naive one, and how they stand to each other."""
    effort.console.print(f"{DIGESTS:,} digests of {ITEMS} items …")
    with servers() as on:
        effort.servers |= {"PostgreSQL": on.postgres, **redis_version(on.broker)}
        fill(on.database, DIGESTS, ITEMS)
        deliveries = collected(on.database)
        ours, limit, naive = [], [], []
        with workers(on, ("digest", str(PROCESSES))), _naive_workers(on):
            for _ in range(effort.runs + 1):
                limit.append(_limit(on))
                ours.append(_ours(on, deliveries))
                naive.append(_naive(on, deliveries[:NAIVE]))
    return _results(ours[1:], limit[1:], naive[1:])  # the first run warmed everything


def collected(database: Database) -> list[UUID]:
    """Close every window; return the deliveries of the digests."""
    with database.write() as session:
        run = digest_runs.start_by_coordinator(session, Frequency.DAILY, new_id(), utc_now())
    made: list[UUID] = []
    while True:
        with database.write() as session:
            some = collecting.collect_batch(session, run.id, utc_now())
        if some is None:
            return made
        made += some


def _results(ours: list[float], limit: list[float], naive: list[float]) -> list[Result]:
    rates = [("our rate", ours, DIGESTS), ("the limit", limit, DIGESTS), ("naive", naive, NAIVE)]
    of_limit = tuple(theirs / mine for mine, theirs in zip(ours, limit, strict=True))
    of_ours = tuple(100 * theirs / mine for mine, theirs in zip(ours, naive, strict=True))
    return [
        *(Result(QUESTION, name, "per s", None, tuple(runs), n) for name, runs, n in rates),
        Result(QUESTION, "the limit over ours", "times", 1 / OF_THE_LIMIT, of_limit, DIGESTS),
        Result(QUESTION, "naive, of our rate", "%", 100 / TIMES_THE_NAIVE, of_ours, NAIVE),
    ]


def _ours(on: Servers, deliveries: list[UUID]) -> float:
    from services.notifier.celery_app import app

    _make_due(on.database)
    app.conf.update(broker_url=on.broker)
    begin = time.perf_counter()
    for first in range(0, len(deliveries), TOGETHER):
        together = [str(each) for each in deliveries[first : first + TOGETHER]]
        app.send_task("notifier.deliver", args=[together], queue=DeliveryKind.DIGEST.value)
    return _rate(on.database, len(deliveries), begin)


def _naive(on: Servers, deliveries: list[UUID]) -> float:
    from benchmarks.naive_digests import app

    _make_due(on.database)
    app.conf.update(broker_url=on.broker)
    begin = time.perf_counter()
    for each in deliveries:
        app.send_task("naive.send", args=[str(each)], queue="naive")
    return _rate(on.database, len(deliveries), begin)


def _limit(on: Servers) -> float:
    arguments = [str(on.sink), str(DIGESTS // PROCESSES), str(BYTES)]
    senders = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.smtp_limit", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for sender in senders:
        assert sender.stdout
        sender.stdout.readline()
    begin = time.perf_counter()
    for sender in senders:
        assert sender.stdin
        sender.stdin.write("\n")
        sender.stdin.flush()
    for sender in senders:
        assert sender.stdout
        sender.stdout.readline()
    taken = time.perf_counter() - begin
    for sender in senders:
        sender.wait()
    return DIGESTS / taken


def _make_due(database: Database) -> None:
    with database.write() as session:
        session.execute(
            text(
                "UPDATE delivery SET state = 'due', attempts = 0, next_attempt_at = now(), "
                "finished_at = NULL"
            )
        )
    vacuum(database)


def _rate(database: Database, number: int, begin: float) -> float:
    def recorded() -> bool:
        with database.read() as session:
            states = text("SELECT state, count(*) FROM delivery GROUP BY state")
            counted = dict(session.execute(states).tuples().all())
        if stopped := counted.keys() & {"parked", "failed", "cancelled"}:
            raise RuntimeError(f"E-mails that were to be sent are {', '.join(sorted(stopped))}.")
        return bool(counted.get("sent", 0) >= number)

    until(recorded, f"{number} e-mails are recorded as sent", seconds=600)
    return number / (time.perf_counter() - begin)


@contextmanager
def _naive_workers(on: Servers) -> Iterator[None]:
    arguments = ["worker", "--concurrency", str(PROCESSES), "-n", "naive@bench"]
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "benchmarks.naive_digests", *arguments],
        env=on.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)
