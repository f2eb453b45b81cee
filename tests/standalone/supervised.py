"""A supervisor in a process of its own, for tests that kill it: ``… <folder> <seconds>``.

It runs two programs that sleep so long, and says that they run by the file ``started``.
"""

import sys
import threading
from pathlib import Path

from standalone.program import Program
from standalone.supervisor import Supervisor


def main(folder: Path, seconds: str) -> None:
    """Supervise until killed."""
    supervisor = Supervisor(folder, {})
    for name in ("one", "two"):
        supervisor.start(Program(name, ("/bin/sleep", seconds)))
    (folder / "started").touch()
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
