"""What an operator meets: migrations, health, figures, the command line."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session, select

from services.registry.settings import SERVICE
from services.registry.tables import ApiKey, Coordinator, Institution, Outbox, Table
from shared.database import Database
from tests.redis_server import free_port
from tests.registry.conftest import Running
from tests.registry.journey import Registry

FEED_KEY = "a-feed-key-of-an-installation-0001"


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Table.metadata)

    assert differences == []


@pytest.mark.parametrize(
    "change",
    [
        "status = 'famous'",
        "version = 0",
        "name = ''",
        "country = 'BGD'",
        "name = NULL",
    ],
)
def test_the_database_refuses_what_must_never_be(database: Database, change: str) -> None:
    with database.write() as session:
        session.add(Institution(name="X", name_key="x", organisation_type="60", status="submitted"))

    with (
        pytest.raises(DBAPIError),
        database.write() as session,
    ):
        session.execute(text(f"UPDATE institution SET {change}"))


def test_two_steps_cannot_make_the_same_version(session: Session) -> None:
    institution = Institution(name="X", name_key="x", organisation_type="60", status="submitted")
    session.add(institution)
    session.flush()
    insert = text(
        "INSERT INTO institution_history (id, institution_id, version, action, to_status, at) "
        "SELECT CAST(:id AS CHAR(32)), id, 1, 'register', 'unconfirmed', registered_at "
        "FROM institution"
        if session.get_bind().dialect.name == "sqlite"
        else "INSERT INTO institution_history (id, institution_id, version, action, to_status, at) "
        "SELECT gen_random_uuid(), id, 1, 'register', 'unconfirmed', registered_at "
        "FROM institution"
    )
    session.execute(insert, {"id": "0" * 32})

    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(insert, {"id": "1" * 32})


def test_it_is_ready_when_all_it_needs_is_there(registry: Registry) -> None:
    answer = registry.client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "problems": {}}


def test_without_redis_it_is_degraded_and_goes_on(
    running: Running, migrated: Callable[[str], str]
) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    with running(database_url=migrated(SERVICE.migrations), redis_url=away) as registry:
        answer = registry.client.get("/health/ready")

        assert answer.status_code == 200
        assert answer.json()["status"] == "degraded"
        assert "feeds" in answer.json()["problems"]["redis"]
        registry.submitted()


def test_without_its_schema_it_says_what_to_run(running: Running, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    Database(url).close()
    with pytest.raises(OperationalError, match="no such table"), running(database_url=url):
        pass


def test_a_lost_signing_key_is_found_before_the_next_start(
    running: Running, migrated: Callable[[str], str], signing_key_file: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "signing.json"
    copy.write_bytes(signing_key_file.read_bytes())
    with running(database_url=migrated(SERVICE.migrations), signing_key_file=copy) as registry:
        copy.unlink()
        answer = registry.client.get("/health/ready")

    assert answer.json()["status"] == "degraded"
    assert "run migrate" in answer.json()["problems"]["signing_key"]


def test_the_figures_tell_where_registrations_stand(registry: Registry) -> None:
    registry.verified(registry.coordinator())
    registry.submitted(name="World Food Programme", acronym="WFP")

    figures = registry.client.get("/metrics").text.splitlines()

    assert 'southlink_institutions{status="verified"} 1.0' in figures
    assert 'southlink_institutions{status="submitted"} 1.0' in figures
    assert 'southlink_institutions{status="rejected"} 0.0' in figures
    assert "southlink_coordinators 1.0" in figures
    assert "southlink_focal_points 2.0" in figures
    assert 'southlink_sign_ins_last_hour{outcome="confirmed"} 3.0' in figures
    assert "southlink_outbox_depth 6.0" in figures
    assert "southlink_figures_readable 1.0" in figures


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the registry's command line in ``folder`` with settings of its own."""
    return subprocess.run(
        [sys.executable, "-m", "services.registry", *arguments],
        cwd=Path(__file__).parents[2],
        env={
            **os.environ,
            "REGISTRY_DATABASE_URL": f"sqlite:///{folder / 'registry.db'}",
            "REGISTRY_SIGNING_KEY_FILE": str(folder / "signing.json"),
            "REGISTRY_FEED_KEY": FEED_KEY,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_new_installation_is_made_by_two_commands(tmp_path: Path) -> None:
    for _ in range(2):
        assert command(tmp_path, "migrate").returncode == 0
    made = [
        command(tmp_path, "create-coordinator", "--email", "chanda@example.org", "--name", "Chanda")
        for _ in range(2)
    ]

    assert [run.returncode for run in made] == [0, 0], made[0].stderr
    assert "is now a coordinator" in made[0].stdout
    assert "/sign-ins" in made[0].stdout
    assert "nothing changed" in made[1].stdout
    assert "chanda@example.org" not in made[0].stderr
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}")
    with database.read() as session:
        assert len(session.exec(select(Coordinator)).all()) == 1
        assert session.exec(select(Outbox.type)).all() == ["org.southlink.coordinator.appointed.v1"]
        assert len(session.exec(select(ApiKey)).all()) == 1
    database.close()


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (("create-coordinator", "--email", "chanda", "--name", "Chanda"), {}, "e-mail address"),
        (("create-coordinator", "--email", "c@example.org", "--name", "C\nD"), {}, "one line"),
        (("create-key", "--name", "X", "--scope", "root"), {}, "feed:read"),
        (("create-key", "--name", "X", "--scope", "act"), {}, "person"),
        (
            ("create-key", "--name", "X", "--scope", "act", "--for", "nobody@example.org"),
            {},
            "Nobody is registered",
        ),
        (("migrate",), {"REGISTRY_FEED_KEY": "short"}, "at least 24"),
    ],
)
def test_a_bad_command_is_answered_in_words(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], words: str
) -> None:
    command(tmp_path, "migrate")

    run = command(tmp_path, *arguments, **environment)

    assert run.returncode != 0
    assert words in " ".join(run.stderr.replace("│", " ").split())
    assert "Traceback" not in run.stderr


def test_a_key_is_printed_once_and_can_be_piped(tmp_path: Path) -> None:
    command(tmp_path, "migrate")

    run = command(tmp_path, "create-key", "--name", "Backup", "--scope", "feed:read")

    assert run.stdout.startswith("sl_key_")
    assert len(run.stdout.split()) == 1
