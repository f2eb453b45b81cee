"""Alembic for a service's own database.

A service's ``migrations/env.py`` imports its ``Table`` and calls ``run(Table.metadata)``.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from shared.database import Database

_LOCK = 0x50_17_41_4B


def upgrade(database: Database, script_location: str, revision: str = "head") -> None:
    """Bring the schema to the newest revision, or to ``revision``, in one transaction.

    ``script_location`` is an Alembic location such as ``services.registry:migrations``. Two
    processes that upgrade at once wait for each other.
    """
    config = _config(script_location)
    with _schema_change(database) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@contextmanager
def _schema_change(database: Database) -> Iterator[Connection]:
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection
            return
        # SQLite changes a table by dropping it and naming its copy after it, which foreign keys
        # forbid for a table with referring rows; they can't be switched within a transaction.
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                dangling = connection.execute(text("PRAGMA foreign_key_check")).first()
                if dangling is not None:
                    raise RuntimeError(f"The migration left a row that refers to none: {dangling}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def pending(connection: Connection, script_location: str) -> str | None:
    """Return a sentence that says what the schema lacks, or ``None`` when it is the newest."""
    newest = ScriptDirectory.from_config(_config(script_location)).get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    if current == newest:
        return None
    return f"The schema is at revision {current or 'none'}, the code needs {newest}: run migrate."


def run(metadata: MetaData) -> None:
    """Run the migrations asked for; the body of every service's ``env.py``."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _config(script_location: str) -> Config:
    config = Config()
    config.set_main_option("script_location", script_location)
    config.set_main_option("path_separator", "os")
    return config
