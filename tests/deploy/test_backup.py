"""A dump and its restore, with the commands of docs/operations.md, on a real PostgreSQL."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url

from tests.databases import PostgresServer
from tests.deploy.project import ROOT
from tests.deploy.test_storage import postgres_program

PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def documented(program: str) -> list[str]:
    """The arguments that the page gives a program, without those that say where it connects."""
    [line] = re.findall(rf"exec -T postgres {program} (.+?) [<>] ", PAGE)
    words = [word.strip('"') for word in line.split()]
    at = words.index("--username")
    return [word for word in words[:at] + words[at + 2 :] if word not in ("--dbname", "$service")]


def where(url: URL) -> dict[str, str]:
    """The environment by which PostgreSQL's programs find a database."""
    return {
        "PATH": os.environ["PATH"],
        "PGHOST": str(url.query.get("host") or url.host),
        "PGPORT": str(url.port or 5432),
        "PGUSER": str(url.username),
        "PGPASSWORD": str(url.password or ""),
    }


def registry_command(url: URL, tmp_path: Path, command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "services.registry", command],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "REGISTRY_DATABASE_URL": url.render_as_string(hide_password=False),
            "REGISTRY_SIGNING_KEY_FILE": str(tmp_path / "key.json"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def epoch(url: URL) -> str:
    with psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as connection:
        [value] = connection.execute("SELECT epoch FROM relay_state").fetchone() or [None]
    return str(value)


@pytest.fixture
def registry_url(postgres_server: PostgresServer, tmp_path: Path) -> URL:
    """A registry's database, ready for use."""
    url = make_url(postgres_server.create())
    registry_command(url, tmp_path, "migrate")
    return url


def test_a_restored_dump_is_the_database_again_and_gets_a_new_epoch(
    registry_url: URL, tmp_path: Path
) -> None:
    before = epoch(registry_url)
    dump = subprocess.run(
        [postgres_program("pg_dump"), *documented("pg_dump"), str(registry_url.database)],
        env=where(registry_url),
        capture_output=True,
        check=True,
    ).stdout
    with psycopg.connect(
        registry_url.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as connection:
        connection.execute("UPDATE relay_state SET last_position = 7")
    subprocess.run(
        [
            postgres_program("pg_restore"),
            *documented("pg_restore"),
            *("--dbname", str(registry_url.database)),
        ],
        env=where(registry_url),
        input=dump,
        check=True,
    )
    assert epoch(registry_url) == before
    said = registry_command(registry_url, tmp_path, "begin-epoch")
    assert epoch(registry_url) != before
    assert epoch(registry_url) in said
