"""The calendars of both services in one process, as each alone would double the memory of it.

On a cluster each service runs its own: ``python -m services.<service> calendar``.
"""

import threading

import services.workgroups.search_index  # noqa: F401  so that what is written is found
from services.registry import calendar as of_registry
from services.registry.settings import settings as registry_settings
from services.workgroups import calendar as of_workgroups
from services.workgroups.settings import settings as workgroups_settings
from shared.calendar import Steps, run
from shared.commands import stopped_by_signal
from shared.database import Database
from shared.logs import configure

LOOK_SECONDS = 2.0
"""Who tries Southlink on one machine doesn't want to wait for a minute until people are known."""


def main() -> None:
    """Do what is due because its day has come, in both services, until asked to stop."""
    settings = registry_settings()
    configure("calendars", settings.log_format, settings.log_level)
    stop = stopped_by_signal()
    kept: list[tuple[Database, Steps]] = [
        (Database(settings.database_url), of_registry.STEPS),
        (Database(workgroups_settings().database_url), of_workgroups.STEPS),
    ]
    threads = [
        threading.Thread(target=run, args=(database, steps, stop, LOOK_SECONDS))
        for database, steps in kept
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database, _ in kept:
        database.close()


if __name__ == "__main__":
    main()
