"""What an operator meets: migrations, health, figures, the command line."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, col, select
from typer.testing import CliRunner, Result

from services.registry import search_cards
from services.registry.__main__ import app
from services.registry.app import create_app
from services.registry.settings import SERVICE, Settings, settings
from services.registry.tables import ApiKey, Coordinator, Institution, Outbox, Table
from shared.database import Database
from tests.redis_server import free_port
from tests.registry.conftest import Running
from tests.registry.journey import Registry

FEED_KEY = "a-feed-key-of-an-installation-0001"


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    def is_described(name: str | None, kind: str, _parents: object) -> bool:
        # Full text is each database's own: no class says what a table of FTS5 is.
        return not (kind == "table" and name and name.startswith(search_cards.WORDS))

    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": is_described}
        )
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


def test_without_its_schema_it_is_not_ready_and_says_what_to_run(
    signing_key_file: Path, redis_url: str, tmp_path: Path
) -> None:
    own = Settings(
        database_url=f"sqlite:///{tmp_path / 'empty.db'}",
        redis_url=redis_url,
        signing_key_file=signing_key_file,
    )
    with TestClient(create_app(own)) as client:
        answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert "run migrate" in answer.json()["problems"]["database"]


def test_without_a_signing_key_it_ends_and_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="run migrate"):
        create_app(Settings(signing_key_file=tmp_path / "signing.json"))


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


def in_one_line(shown: str) -> str:
    """Return what is in a box of the terminal."""
    return " ".join(shown.replace("│", " ").split())


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Run the command line on an installation of its own, which is migrated."""
    monkeypatch.setenv("REGISTRY_DATABASE_URL", f"sqlite:///{tmp_path / 'registry.db'}")
    monkeypatch.setenv("REGISTRY_SIGNING_KEY_FILE", str(tmp_path / "signing.json"))
    monkeypatch.setenv("REGISTRY_FEED_KEY", FEED_KEY)

    def invoke(*arguments: str) -> Result:
        settings.cache_clear()
        return CliRunner().invoke(app, arguments)

    assert invoke("migrate").exit_code == 0
    yield invoke
    settings.cache_clear()


def test_the_command_line_runs_as_a_module() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "services.registry", "--help"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout

    for command in ("migrate", "serve", "relay", "create-coordinator", "create-key"):
        assert command in shown


def test_a_new_installation_is_made_by_two_commands(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    assert run("migrate").exit_code == 0, "again"
    made = [
        run("create-coordinator", "--email", "chanda@example.org", "--name", "Chanda Mwila")
        for _ in range(2)
    ]

    assert [result.exit_code for result in made] == [0, 0]
    assert "is now a coordinator" in made[0].stdout
    assert "/sign-ins" in made[0].stdout
    assert "nothing changed" in made[1].stdout
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}")
    with database.read() as session:
        assert len(session.exec(select(Coordinator)).all()) == 1
        assert session.exec(select(Outbox.type)).all() == ["org.southlink.coordinator.appointed.v1"]
        assert len(session.exec(select(ApiKey)).all()) == 1
    database.close()


def test_a_coordinator_is_removed_unless_it_is_the_last(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    for name in ("chanda", "li"):
        run("create-coordinator", "--email", f"{name}@example.org", "--name", name)

    removed = run("remove-coordinator", "--email", "CHANDA@example.org")
    last = run("remove-coordinator", "--email", "li@example.org")

    assert (removed.exit_code, last.exit_code) == (0, 2)
    assert "last coordinator" in in_one_line(last.stderr)
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}")
    with database.read() as session:
        assert len(session.exec(select(Coordinator)).all()) == 1
        types = session.exec(select(Outbox.type).order_by(col(Outbox.id))).all()
    assert types[2:] == ["org.southlink.coordinator.removed.v1"]
    database.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create-coordinator", "--email", "chanda", "--name", "Chanda"), "e-mail address"),
        (("create-coordinator", "--email", "c@example.org", "--name", "C\nD"), "one line"),
        (("remove-coordinator", "--email", "nobody@example.org"), "No coordinator has that"),
        (("create-key", "--name", "X", "--scope", "root"), "feed:read"),
        (("create-key", "--name", "X", "--scope", "act"), "person"),
        (
            ("create-key", "--name", "X", "--scope", "act", "--for", "nobody@example.org"),
            "Nobody is registered",
        ),
    ],
)
def test_a_bad_command_is_answered_in_words(
    run: Callable[..., Result], arguments: tuple[str, ...], words: str
) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert words in in_one_line(result.stderr)


def test_a_feed_key_that_can_be_guessed_stops_the_migration(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_FEED_KEY", "short")

    result = run("migrate")

    assert result.exit_code == 2
    assert "at least 24" in in_one_line(result.stderr)


def test_a_key_is_printed_once_and_can_be_piped(run: Callable[..., Result]) -> None:
    result = run("create-key", "--name", "Backup", "--scope", "feed:read")

    assert result.stdout.startswith("sl_key_")
    assert len(result.stdout.split()) == 1
