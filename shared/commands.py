"""The command line that every service has: ``python -m services.<service> <command>``.

Each command imports what only it needs: a relay that loads what the consumer and the migrations
do would be half as large again.
"""

import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from shared.database import Database
from shared.logs import configure
from shared.projection import Projection
from shared.settings import ServiceDescription, ServiceSettings

if TYPE_CHECKING:
    from shared.calendar import Steps
    from shared.feed_client import FeedClient

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Source:
    """A source of events that a service consumes: what it keeps of it, and where its feed is."""

    projection: Projection
    feed_url: Callable[[], str]
    """The base URL of the service whose feed it is."""


@dataclass(frozen=True)
class Commands:
    """What the command line of a service needs to know about it."""

    service: ServiceDescription
    settings: Callable[[], ServiceSettings]
    sources: Sequence[Source] = ()
    after_migrate: Sequence[Callable[[Database], None]] = field(default_factory=tuple)
    """What a new database needs beside its schema: run at each ``migrate``, so idempotent."""
    calendar: "Callable[[], Steps] | None" = None
    """Returns the steps of its calendar, where it has one."""


def build_commands(commands: Commands) -> typer.Typer:
    """Return the command line of a service: migrate, serve, and what its events need."""
    service = commands.service
    app = typer.Typer(
        name=service.name, help=service.summary, no_args_is_help=True, add_completion=False
    )

    @app.callback()
    def start() -> None:
        settings = commands.settings()
        configure(service.name, settings.log_format, settings.log_level)

    @app.command()
    def migrate() -> None:
        """Bring the database to the newest schema and make what an installation needs."""
        from shared.migration import upgrade

        database = Database(commands.settings().database_url)
        upgrade(database, service.migrations)
        if service.source is not None:
            from shared.outbox import start_history

            with database.write() as session:
                epoch = start_history(session, service.source)
            log.info("history", source=service.source, epoch=str(epoch))
        for act in commands.after_migrate:
            act(database)
        database.close()
        log.info("migrated")

    @app.command()
    def serve(
        host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="The port to listen on.")] = service.port,
    ) -> None:
        """Serve the HTTP API until asked to stop."""
        import uvicorn

        uvicorn.run(
            f"services.{service.name}.app:create_app",
            factory=True,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )

    if service.source is not None:
        _add_relay(app, commands, service.source)
    if commands.sources:
        _add_consumer(app, commands)
    if commands.calendar is not None:
        _add_calendar(app, commands, commands.calendar)
    return app


def stopped_by_signal() -> threading.Event:
    """Return an event that SIGTERM or SIGINT sets."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop


def _add_relay(app: typer.Typer, commands: Commands, source: str) -> None:
    @app.command()
    def relay() -> None:
        """Number the events and add them to the stream, until asked to stop."""
        from shared.relay import Relay

        settings = commands.settings()
        database = Database(settings.database_url)
        Relay(database, source, settings.redis_url).run(stopped_by_signal())
        database.close()

    @app.command("begin-epoch")
    def start_epoch() -> None:
        """Start a new epoch: run it once after this service's database came from a backup.

        Consumers then read the events again from the first, instead of skipping positions that
        the backup gives out a second time.
        """
        from shared.outbox import begin_epoch

        database = Database(commands.settings().database_url)
        with database.write() as session:
            epoch = begin_epoch(session, source)
        database.close()
        typer.echo(f"The history of {source} has the new epoch {epoch}.")


def _add_calendar(app: typer.Typer, commands: Commands, steps: "Callable[[], Steps]") -> None:
    @app.command()
    def calendar() -> None:
        """Do what is due because its day has come, until asked to stop."""
        from shared.calendar import run

        database = Database(commands.settings().database_url)
        run(database, steps(), stopped_by_signal())
        database.close()


def _add_consumer(app: typer.Typer, commands: Commands) -> None:
    def opened() -> "tuple[Database, list[tuple[Projection, FeedClient]]]":
        from shared.feed_client import FeedClient
        from shared.identity import ServiceToken

        settings = commands.settings()
        if settings.feed_key is None:
            prefix = commands.service.name.upper()
            raise typer.BadParameter(
                f"Set {prefix}_FEED_KEY to the key that the registry knows as REGISTRY_FEED_KEY."
            )
        token = ServiceToken(settings.registry_url, settings.feed_key)
        return Database(settings.database_url), [
            (source.projection, FeedClient(source.feed_url(), token)) for source in commands.sources
        ]

    @app.command()
    def consume() -> None:
        """Apply the events of other services to the read models, until asked to stop."""
        from shared.consumer import Consumer

        stop = stopped_by_signal()
        database, sources = opened()
        redis_url = commands.settings().redis_url
        threads = [
            threading.Thread(
                target=Consumer(database, projection, redis_url, feed).run,
                args=(stop,),
                name=f"consume {projection.source}",
            )
            for projection, feed in sources
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        database.close()

    parked = typer.Typer(help="Events that could not be applied.", no_args_is_help=True)
    app.add_typer(parked, name="parked")

    @parked.command("list")
    def list_parked() -> None:
        """Show what is parked, and why."""
        from shared.parked import parked_events

        database, sources = opened()
        with database.read() as session:
            rows = [row for projection, _ in sources for row in parked_events(session, projection)]
        for row in rows:
            typer.echo(f"{row.source} {row.position}  {row.type}  {row.subject}\n    {row.error}")
        typer.echo(f"{len(rows)} parked.")

    @parked.command("replay")
    def replay_parked(
        source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
    ) -> None:
        """Put parked events through again, in their order."""
        from shared.parked import replay

        database, sources = opened()
        done = left = 0
        for projection, _ in sources:
            if source in (None, projection.source):
                result = replay(database, projection)
                done += result.applied
                left += result.left
        typer.echo(f"{done} applied, {left} still parked.")
        raise typer.Exit(1 if left else 0)

    @app.command()
    def rebuild(
        verify: Annotated[
            bool, typer.Option("--verify", help="Only compare a rebuilt copy with the live one.")
        ] = False,
    ) -> None:
        """Build the read models anew from the feeds, from their first event."""
        from shared import rebuild as rebuilding

        database, sources = opened()
        if not verify:
            rebuilding.rebuild(database, sources)
            typer.echo("Rebuilt.")
            return
        differences = rebuilding.verify(database, sources)
        for difference in differences:
            typer.echo(difference)
        typer.echo("They differ." if differences else "Equal.")
        raise typer.Exit(1 if differences else 0)
