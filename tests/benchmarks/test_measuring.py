"""What the benchmarks measure with: percentiles, a steady rate, and the eye on a checkpoint."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import load
from benchmarks.checkpoint_watch import watching
from benchmarks.load import Answer, Sender, achieved_rate, at_rate
from benchmarks.machine import Machine
from benchmarks.report import Result, keep, percentile


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1, exclude_min=True))
def test_a_percentile_is_a_value_that_enough_values_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_the_99th_of_a_hundred_values_is_the_second_largest() -> None:
    assert percentile([float(value) for value in range(1, 101)], 0.99) == 99


def test_one_run_over_the_limit_is_over_the_limit() -> None:
    result = Result("q", "p99", "ms", 150.0, (10.0, 20.0, 151.0), 100)
    assert (result.value, result.holds) == (20.0, False)


def test_results_are_kept_with_the_machine_they_hold_for(tmp_path: Path) -> None:
    machine = Machine(2, 4.0, {"Python": "3.11"})
    [path] = keep([Result("A question?", "p50", "ms", None, (1.0,), 1)], machine, tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["machine"]["cores"] == 2
    assert content["results"][0]["median"] == 1.0


class Clock:
    """Time that passes when somebody sleeps or works, and never otherwise."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def test_each_request_is_sent_at_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(load, "time", clock)
    # Two senders would share one time.
    monkeypatch.setattr(load, "SENDERS", 1)

    def act(_sender: Sender, turn: float) -> Answer:
        sent = clock.now
        clock.sleep(0.009)
        return Answer(sent, clock.now, sent - turn, {}, {})

    answers = at_rate("http://nobody.invalid", [act] * 50, per_second=100)
    assert [answer.late for answer in answers] == pytest.approx([0] * 50)
    assert achieved_rate(answers) == pytest.approx(100)


class SlowHandler(BaseHTTPRequestHandler):
    """Answers 50 ms after every sender waits for an answer, or at once with 409 at /refused."""

    protocol_version = "HTTP/1.1"
    all_wait: ClassVar = threading.Barrier(load.SENDERS, timeout=30)

    def do_POST(self) -> None:
        """Take the body and answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/refused":
            self.all_wait.wait()
            threading.Event().wait(0.05)
        self.send_response(409 if self.path == "/refused" else 201)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def slow_service() -> Iterator[str]:
    """The URL of a service that answers nobody while any sender is idle."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def post(path: str, sender: Sender, turn: float) -> Answer:
    return sender.post(path, {}, {}, turn=turn)


def test_a_slow_answer_does_not_slow_the_rate(slow_service: str) -> None:
    acts = [lambda sender, turn: post("/", sender, turn)] * (6 * load.SENDERS)
    answers = at_rate(slow_service, acts, per_second=100)
    assert len(answers) == len(acts)
    turns = sorted(answer.sent - answer.late for answer in answers)
    gaps = [later - earlier for earlier, later in pairwise(turns)]
    assert gaps == pytest.approx([0.01] * len(gaps))
    assert all(answer.late >= 0 for answer in answers)
    assert all(answer.answered - answer.sent > 0.05 for answer in answers)


def test_a_refused_request_ends_the_measurement_with_its_answer(slow_service: str) -> None:
    with pytest.raises(RuntimeError, match="POST /refused: 409"):
        at_rate(slow_service, [lambda sender, turn: post("/refused", sender, turn)], 100)


@pytest.fixture
def consumer_database(tmp_path: Path) -> Path:
    """A consumer's database with its checkpoint at 0."""
    path = tmp_path / "consumer.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE checkpoint (source TEXT PRIMARY KEY, position INTEGER)")
        connection.execute("INSERT INTO checkpoint VALUES ('/registry', 0)")
    connection.close()
    return path


def commit(database: Path, position: int) -> float:
    """Move the checkpoint; return when that was committed."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("UPDATE checkpoint SET position = ?", (position,))
    connection.close()
    return time.monotonic()


def test_a_commit_is_seen_after_it_and_within_the_widest_gap(consumer_database: Path) -> None:
    committed = {}
    with watching(consumer_database, "/registry") as watch:
        for position in range(1, 21):
            committed[position] = commit(consumer_database, position)
        seen = watch.until(20, seconds=5)
    for position, at in committed.items():
        # The moment of the commit lies a little before ``commit`` reads the clock.
        assert -0.02 < seen.at(position) - at < seen.widest_gap + 0.02


def test_a_position_that_never_comes_is_an_error(consumer_database: Path) -> None:
    with (
        watching(consumer_database, "/registry") as watch,
        pytest.raises(TimeoutError, match="Position 1 was not committed"),
    ):
        watch.until(1, seconds=0.2)
