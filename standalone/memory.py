"""The memory that the stack takes from the machine."""

import psutil

from standalone.stack import Stack

MEGABYTE = 1_000_000


def stack_memory(stack: Stack) -> dict[str, float]:
    """Return the megabytes of each process by its name.

    It is the proportional set size where the system knows it (Linux): a page that processes share
    is divided among them, so that the sum is what the machine lacks. Elsewhere it is the unique
    set size, which leaves shared pages out.
    """
    found: dict[str, float] = {}
    for name, process in stack.supervisor.processes().items():
        try:
            memory = process.memory_full_info()
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        found[name] = getattr(memory, "pss", memory.uss) / MEGABYTE
    return found
