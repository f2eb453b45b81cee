"""Sees when a consumer's position was committed, from outside and without slowing it.

A process of its own reads the checkpoint in the consumer's database file about every millisecond.
A position is committed in the transaction of its effects, so seeing it is seeing the effect. What
is seen is later than the commit by at most the time between two looks, which is reported.
"""

import multiprocessing
import sqlite3
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

LOOK_EVERY = 0.001


@dataclass
class Seen:
    """When each position was first seen, on the clock of ``time.monotonic``."""

    positions: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    widest_gap: float = 0.0
    """The longest time between two looks, in seconds: how late a sight can be."""

    def at(self, position: int) -> float:
        """Return when ``position`` was seen as committed; ``LookupError`` when it never was."""
        index = bisect_left(self.positions, position)
        if index == len(self.positions):
            raise LookupError(f"Position {position} was never committed.")
        return self.times[index]


class Watch:
    """A running watch; stop it by `until`."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def until(self, position: int, seconds: float) -> Seen:
        """Wait until ``position`` is committed and return everything seen.

        ``TimeoutError`` when it isn't within ``seconds``.
        """
        self._pipe.send((position, seconds))
        seen: Seen | None = self._pipe.recv()
        if seen is None:
            raise TimeoutError(f"Position {position} was not committed within {seconds} s.")
        return seen


@contextmanager
def watching(database: Path, source: str) -> Iterator[Watch]:
    """Watch the checkpoint of ``source`` in a SQLite database while the block runs."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_look, args=(theirs, database, source), daemon=True)
    process.start()
    theirs.close()  # else a watch that died would be waited for instead of raising EOFError
    ours.recv()
    try:
        yield Watch(ours)
    finally:
        process.terminate()
        process.join()


def _look(pipe: Connection, database: Path, source: str) -> None:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)
    query = "SELECT position FROM checkpoint WHERE source = ?"
    seen = Seen()
    goal: int | None = None
    deadline = 0.0
    pipe.send("ready")
    before = time.monotonic()
    while True:
        row = connection.execute(query, (source,)).fetchone()
        now = time.monotonic()
        seen.widest_gap = max(seen.widest_gap, now - before)
        before = now
        position = row[0] if row else 0
        if not seen.positions or position > seen.positions[-1]:
            seen.positions.append(position)
            seen.times.append(now)
        if goal is None and pipe.poll():
            goal, seconds = pipe.recv()
            deadline = now + seconds
        if goal is not None and (position >= goal or now > deadline):
            pipe.send(seen if position >= goal else None)
            return
        time.sleep(LOOK_EVERY)
