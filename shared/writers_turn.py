"""Whose turn it is to write to a SQLite file, among the processes that share it.

SQLite lets a writer that finds the file taken sleep ever longer, up to a tenth of a second a look,
so a process that writes now and then, such as the relay, waits long behind one that always writes.
A lock of the kernel is handed on in the order of asking. It is a courtesy: SQLite's own lock still
decides, so nothing breaks where a process goes on without its turn.
"""

import fcntl
import os
import threading
from pathlib import Path

LONGEST_WAIT_SECONDS = 10.0


class WritersTurn:
    """The turn of a process's one writing connection, held by a lock on a file beside the data."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-turn")
        self._held: int | None = None

    def take(self) -> None:
        """Wait for the turn; go on without it when another process keeps it for too long."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting = _Waiting(file)
            self._held = file if waiting.succeeds(LONGEST_WAIT_SECONDS) else None
        else:
            self._held = file

    def give_back(self) -> None:
        """Let the next one write."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


class _Waiting:
    """A thread that waits for a lock, because a wait for the kernel's can't be given up."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._settled = threading.Lock()
        self._locked = threading.Event()
        self._given_up = False
        threading.Thread(target=self._lock, name="writers-turn", daemon=True).start()

    def succeeds(self, seconds: float) -> bool:
        """Wait for the lock; without it after ``seconds``, let go of it whenever it comes."""
        self._locked.wait(seconds)
        with self._settled:
            self._given_up = not self._locked.is_set()
            return not self._given_up

    def _lock(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        with self._settled:
            if self._given_up:
                os.close(self._file)
            else:
                self._locked.set()
