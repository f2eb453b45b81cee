"""One process of the stack: what it runs, and what ties its life to the supervisor's."""

import ctypes
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.forkserver import _forkserver
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


@dataclass(frozen=True)
class Program:
    """A Python module with its arguments, or an executable."""

    name: str
    arguments: tuple[str, ...]
    module: str | None = None
    """The module to run as ``python -m`` would; ``None`` when the first argument is executable."""


def run(program: Program, environment: Mapping[str, str], log: Path) -> None:
    """Become the program; the body of a forked process.

    It writes to ``log``, gets no Ctrl-C of the terminal (the supervisor stops it in order), and
    is asked to end when the supervisor dies in any way.
    """
    os.setsid()
    _end_with_supervisor(program.name)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.update(environment)
    if program.module is None:
        os.execv(program.arguments[0], list(program.arguments))  # noqa: S606
    sys.argv = [program.name, *program.arguments]
    runpy.run_module(program.module, run_name="__main__", alter_sys=True)


def _end_with_supervisor(name: str) -> None:
    # The fork server would live for as long as this process holds its end of that pipe; without
    # it the server ends with the supervisor, and Linux tells its children. Elsewhere the next
    # start ends what was left.
    held: int | None = getattr(_forkserver, "_forkserver_alive_fd", None)
    if held is not None:
        os.close(held)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        libc.prctl(_PR_SET_NAME, name.encode()[:15])
    supervisor = multiprocessing.parent_process()
    if supervisor is None or not supervisor.is_alive():
        sys.exit("The supervisor is gone.")
