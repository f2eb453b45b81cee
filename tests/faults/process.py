"""A relay or a consumer of the tests' path as a process: ``python -m tests.faults.process …``."""

import os
import sys

from shared import stream
from shared.commands import stopped_by_signal
from shared.consumer import Consumer
from shared.database import Database
from shared.feed_client import FeedClient
from shared.logs import configure
from shared.relay import Relay
from tests.faults.path import COUNTERS, PROJECTION


def main(arguments: list[str]) -> None:
    """Run until asked to stop."""
    name, source, reader, redis_url, feed_url, token = arguments
    configure(name, "json", "WARNING")
    stop = stopped_by_signal()
    if name == "relay":
        Relay(Database(source), COUNTERS, redis_url).run(stop)
    elif name == "relay-killed-after-adding":
        add = stream.add

        def add_and_die(*arguments: object) -> None:
            add(*arguments)  # type: ignore[arg-type]
            os.kill(os.getpid(), 9)

        stream.add = add_and_die  # type: ignore[assignment]
        Relay(Database(source), COUNTERS, redis_url).run(stop)
    else:
        Consumer(Database(reader), PROJECTION, redis_url, FeedClient(feed_url, lambda: token)).run(
            stop
        )


if __name__ == "__main__":
    main(sys.argv[1:])
