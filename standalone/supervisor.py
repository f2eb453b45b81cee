"""Starts the processes of the stack, starts a crashed one again, and leaves none behind.

The processes are forked from one that has imported what they share (`standalone.preload`): that
saves most of their start-up time and half of their memory.
"""

import multiprocessing
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psutil
from pydantic import BaseModel, TypeAdapter, ValidationError

from standalone.program import Program, run

WATCH_SECONDS = 0.1
GRACE_SECONDS = 15.0
FIRST_RESTART_SECONDS = 0.2
LONGEST_RESTART_SECONDS = 5.0
CRASHES = 5
LOG_LINES = 15


class ProcessFailedError(Exception):
    """A process ended with an error; says which, where its log is, and the log's last lines."""


class Noted(BaseModel):
    """A process as the note of a supervisor names it."""

    name: str
    pid: int
    created: float


_NOTE = TypeAdapter(list[Noted])


class Supervised:
    """A program and its process now."""

    def __init__(self, program: Program, process: ForkServerProcess) -> None:
        self.program = program
        self.process = process
        self.started_at = time.monotonic()
        self.crashes = 0
        self.restart_at = 0.0


class Supervisor:
    """Runs programs with one environment, their logs and a note of their ids in ``folder``."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["standalone.preload"])
        self._running: dict[str, Supervised] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watch: threading.Thread | None = None
        self.failure: str | None = None
        """Why the stack can't go on, once a process crashed again and again."""
        (folder / "logs").mkdir(parents=True, exist_ok=True)

    def start(self, program: Program) -> None:
        """Start a program that is to run until `stop`."""
        with self._lock:
            self._running[program.name] = Supervised(program, self._fork(program))
            self._note()
        if self._watch is None:
            self._watch = threading.Thread(target=self._keep_running, name="supervisor")
            self._watch.start()

    def run(self, programs: Sequence[Program], seconds: float) -> None:
        """Run programs side by side to their end; `ProcessFailedError` when one fails."""
        started = [(program, self._fork(program)) for program in programs]
        deadline = time.monotonic() + seconds
        for program, process in started:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                process.kill()
                raise ProcessFailedError(self._words(program, f"did not end in {seconds:.0f} s"))
            if process.exitcode != 0:
                raise ProcessFailedError(self._words(program, _ending(process)))

    def processes(self) -> dict[str, psutil.Process]:
        """Return the running processes by the names of their programs."""
        with self._lock:
            found = {
                name: psutil.Process(supervised.process.pid)
                for name, supervised in self._running.items()
                if supervised.process.is_alive()
            }
        found["supervisor"] = psutil.Process()
        for child in psutil.Process().children():
            if child.pid not in {process.pid for process in found.values()}:
                found[f"fork-server-{child.pid}"] = child
        return found

    def stop(self, last: Sequence[str]) -> None:
        """End every process; those named in ``last`` after the others, in that order."""
        self._stopping.set()
        if self._watch is not None:
            self._watch.join()
        with self._lock:
            first = [name for name in self._running if name not in last]
            for names in (first, *([name] for name in last if name in self._running)):
                self._end([self._running.pop(name).process for name in names])
            self._note()

    def log_of(self, name: str) -> Path:
        """Return the log file of a program."""
        return self._folder / "logs" / f"{name}.log"

    def _fork(self, program: Program) -> ForkServerProcess:
        process = self._context.Process(
            target=run,
            args=(program, self._environment, self.log_of(program.name)),
            name=program.name,
            daemon=True,
        )
        process.start()
        return process

    def _keep_running(self) -> None:
        while not self._stopping.wait(WATCH_SECONDS):
            with self._lock:
                for supervised in self._running.values():
                    if not supervised.process.is_alive():
                        self._start_again(supervised)

    def _start_again(self, supervised: Supervised) -> None:
        now = time.monotonic()
        if supervised.restart_at == 0.0:
            lived = now - supervised.started_at
            supervised.crashes = 1 if lived > 60 else supervised.crashes + 1
            if supervised.crashes > CRASHES:
                self.failure = self._words(supervised.program, _ending(supervised.process))
                return
            pause = FIRST_RESTART_SECONDS * 2 ** (supervised.crashes - 1)
            supervised.restart_at = now + min(pause, LONGEST_RESTART_SECONDS)
        elif now >= supervised.restart_at:
            supervised.process = self._fork(supervised.program)
            supervised.started_at, supervised.restart_at = now, 0.0
            self._note()

    def _end(self, processes: Sequence[ForkServerProcess]) -> None:
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    def _note(self) -> None:
        """Write down which processes are ours, for the next start to end what a kill left."""
        note = [
            Noted(name=name, pid=found.pid, created=found.create_time())
            for name, supervised in self._running.items()
            if (found := _process(supervised.process.pid)) is not None
        ]
        path = _processes_file(self._folder)
        written = path.with_suffix(".new")
        written.write_bytes(_NOTE.dump_json(note))
        written.replace(path)

    def _words(self, program: Program, what: str) -> str:
        log = self.log_of(program.name)
        lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:] if log.exists() else []
        tail = "\n".join(f"    {line}" for line in lines)
        return f"{program.name} {what}. Its log is {log}; it ends with:\n{tail}"


def end_leftovers(folder: Path) -> list[str]:
    """End the processes that a killed supervisor of ``folder`` left; return their names."""
    path = _processes_file(folder)
    ended: list[tuple[str, psutil.Process]] = []
    for entry in _noted(path):
        process = _process(entry.pid)
        # A process id is used again by others; together with the time of creation it is not.
        if process is not None and abs(process.create_time() - entry.created) < 0.01:
            process.terminate()
            ended.append((entry.name, process))
    _, alive = psutil.wait_procs([process for _, process in ended], timeout=GRACE_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=5)
    path.unlink(missing_ok=True)
    return [name for name, _ in ended]


def _processes_file(folder: Path) -> Path:
    return folder / "processes.json"


def _noted(path: Path) -> list[Noted]:
    """Return what the note says; nothing when there is none or a lost machine cut it off."""
    try:
        return _NOTE.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return []


def _process(pid: int | None) -> psutil.Process | None:
    try:
        return psutil.Process(pid) if pid else None
    except psutil.NoSuchProcess:
        return None


def _ending(process: ForkServerProcess) -> str:
    code = process.exitcode
    return f"was killed by signal {-code}" if code and code < 0 else f"ended with status {code}"
