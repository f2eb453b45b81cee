"""The memory of the whole embedded stack when nothing happens.

The proportional set size (PSS) of each process: what processes share is counted once, divided
among them, so the sum is what the stack takes from the machine.
"""

import time

import psutil

from benchmarks.report import Result
from benchmarks.stack import Stack

QUESTION = "Idle memory of the whole stack"
LIMIT_MIB = 600.0
SETTLE_SECONDS = 5.0
LOOKS = 5


def measure(stack: Stack) -> list[Result]:
    """Return the sum over all processes, and the share of each as a figure without a limit."""
    time.sleep(SETTLE_SECONDS)
    looks = []
    for _ in range(LOOKS):
        looks.append({name: _pss_mib(process) for name, process in stack.processes().items()})
        time.sleep(1)
    totals = tuple(sum(look.values()) for look in looks)
    parts = [
        Result(QUESTION, name, "MiB", None, tuple(look[name] for look in looks), 1)
        for name in looks[0]
    ]
    return [Result(QUESTION, "sum", "MiB", LIMIT_MIB, totals, len(looks[0])), *parts]


def _pss_mib(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / 2**20
