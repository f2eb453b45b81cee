"""The relays of both services in one process, as each alone would double the memory of it.

On a cluster each service runs its own: ``python -m services.<service> relay``.
"""

import threading

import services.registry.tables
import services.workgroups.tables  # noqa: F401  so that both relays know their outbox
from services.registry.settings import settings as registry_settings
from services.workgroups.settings import settings as workgroups_settings
from shared.commands import stopped_by_signal
from shared.database import Database
from shared.events.catalogue import REGISTRY, WORKGROUPS
from shared.logs import configure
from shared.relay import Relay


def main() -> None:
    """Number the events of both services and add them to their streams, until asked to stop."""
    chosen = registry_settings()
    configure("relays", chosen.log_format, chosen.log_level)
    stop = stopped_by_signal()
    relayed = [
        (Database(settings.database_url), source, settings.redis_url)
        for settings, source in ((chosen, REGISTRY), (workgroups_settings(), WORKGROUPS))
    ]
    threads = [
        threading.Thread(target=Relay(*one).run, args=(stop,), name=f"relay-{one[1]}")
        for one in relayed
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database, *_ in relayed:
        database.close()


if __name__ == "__main__":
    main()
