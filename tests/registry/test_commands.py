"""What an operator does on the command line."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from services.registry import imports, lifecycle
from services.registry.__main__ import app
from services.registry.settings import SERVICE, settings
from services.registry.tables import Import, Institution
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.outbox import start_history
from shared.row_files import Form
from tests.databases import SqliteServer
from tests.registry.importing import PARTNER, Importing, lines, table
from tests.registry.journey import COORDINATOR
from tests.waiting import wait_until

Run = Callable[..., Result]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def importing(sqlite_server: SqliteServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Importing]:
    """An installation with a coordinator, which the commands work on."""
    url = sqlite_server.migrated(SERVICE.migrations)
    monkeypatch.setenv("REGISTRY_DATABASE_URL", url)
    settings.cache_clear()
    database = Database(url)
    with database.write() as session:
        start_history(session, REGISTRY)
    yield Importing.into(database)
    database.close()
    settings.cache_clear()


@pytest.fixture
def run(importing: Importing) -> Run:
    """Run a command."""

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    return invoke


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a partner, a partner of the same acronym, and a row that doesn't fit."""
    path = tmp_path / "partners.jsonl"
    rows = [PARTNER, {**PARTNER, "name": "Rural Centre"}, {"name": "Wrong"}]
    path.write_text(lines(rows), encoding="utf-8")
    return path


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_file_is_imported_and_the_refused_rows_are_shown(
    run: Run, importing: Importing, file: Path
) -> None:
    result = run("import", str(file), "--by", COORDINATOR)

    assert result.exit_code == 3
    assert "3 rows" in result.stdout
    assert "/organisation_type Field required" in result.stdout
    assert [one.name for one in importing.institutions()] == [PARTNER["name"], "Rural Centre"]


def test_a_dry_run_changes_nothing_and_says_so(run: Run, importing: Importing, file: Path) -> None:
    result = run("import", str(file), "--by", COORDINATOR, "--dry-run")

    assert "a dry run: nothing was changed" in result.stdout
    assert importing.institutions() == []


def test_an_import_is_told_to_a_program_in_json(run: Run, file: Path) -> None:
    result = run("import", str(file), "--by", COORDINATOR, "--json")

    told = json.loads(result.stdout)
    assert {name: told[name] for name in ("row_count", "created", "refused", "dry_run")} == {
        "row_count": 3,
        "created": 2,
        "refused": 1,
        "dry_run": False,
    }
    assert told["rows"][0]["line"] == 3


@pytest.mark.parametrize(
    ("file", "by", "words"),
    [
        (("partners.xlsx", ""), COORDINATOR, ".csv or .jsonl"),
        (("partners.csv", "name\n"), COORDINATOR, "no rows"),
        (("partners.csv", "name,nmae\nA,B\n"), COORDINATOR, "'nmae'"),
        (("partners.csv", "name\nA\n"), "nobody@example.org", "no coordinator"),
    ],
)
def test_a_bad_import_is_answered_in_a_sentence(
    run: Run, tmp_path: Path, file: tuple[str, str], by: str, words: str
) -> None:
    name, content = file
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")

    result = run("import", str(path), "--by", by)

    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output
    with Database(settings().database_url).read() as session:
        assert session.exec(select(Import)).all() == []


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_was_exported_to_a_file_comes_in_again_unchanged(
    run: Run, importing: Importing, tmp_path: Path, form: str
) -> None:
    importing.rows(PARTNER, {**PARTNER, "name": "Rural Centre", "reference": "R"})
    path = tmp_path / f"all.{form}"

    assert run("export", "--format", form, "--output", str(path)).exit_code == 0
    told = printed(run("import", str(path), "--by", COORDINATOR, "--json"))

    assert (told["unchanged"], told["row_count"]) == (2, 2)
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_can_be_piped_and_narrowed(run: Run, importing: Importing) -> None:
    importing.rows(PARTNER)

    everything = run("export")
    verified = run("export", "--status", "verified", "--format", "jsonl")

    [row] = csv.DictReader(io.StringIO(everything.stdout_bytes.decode("utf-8-sig")))
    assert row["acronym"] == "CIRDAP"
    assert verified.stdout == ""


def test_a_workbook_is_written_to_a_file_alone(
    run: Run, importing: Importing, tmp_path: Path
) -> None:
    importing.rows(PARTNER)
    path = tmp_path / "all.xlsx"

    assert run("export", "--format", "xlsx").exit_code == 2
    assert run("export", "--format", "xlsx", "--output", str(path)).exit_code == 0
    assert path.read_bytes().startswith(b"PK")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("export", "--status", "famous"), 2, "The states are"),
        (("export", "--output", "/nowhere/at/all.csv"), 1, "can't be written"),
        (("history", "018f4e2a-0000-7000-8000-000000000001"), 2, "no institution"),
        (("revoke-key", "018f4e2a-0000-7000-8000-000000000001"), 2, "no API key"),
    ],
)
def test_a_bad_command_is_answered_in_a_sentence(
    run: Run, arguments: tuple[str, ...], code: int, words: str
) -> None:
    result = run(*arguments)

    assert result.exit_code == code
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_database_without_its_schema_is_told_in_a_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    settings.cache_clear()

    result = run("queue")

    assert result.exit_code == 1
    assert "migrate first" in result.stderr


def test_coordinators_are_listed(run: Run) -> None:
    run("create-coordinator", "--email", "chanda@example.org", "--name", "Second One")

    assert [one["email"] for one in printed(run("coordinators", "--json"))] == [
        COORDINATOR,
        "chanda@example.org",
    ]
    assert "Second One" in run("coordinators").stdout


def test_keys_are_listed_without_secrets_until_they_are_revoked(run: Run) -> None:
    made = run("create-key", "--name", "CRM", "--scope", "act", "--for", COORDINATOR)
    [key] = printed(run("keys", "--json"))

    assert (key["name"], key["for"], key["scopes"]) == ("CRM", COORDINATOR, ["act"])
    assert made.stdout.strip() not in run("keys", "--json").stdout
    for _ in range(2):
        assert run("revoke-key", key["id"]).exit_code == 0
    assert printed(run("keys", "--json")) == []
    assert [one["revoked_at"] for one in printed(run("keys", "--all", "--json"))] != [None]


def test_the_queue_begins_with_whom_waits_longest(run: Run, importing: Importing) -> None:
    importing.rows(PARTNER, {**PARTNER, "name": "Rural Centre", "acronym": None})

    assert [one["name"] for one in printed(run("queue", "--json"))] == [
        PARTNER["name"],
        "Rural Centre",
    ]
    shown = run("queue", "--limit", "1").stdout
    assert "2 wait for verification (the first 1)" in shown
    assert "Rural Centre" not in shown


def test_a_history_tells_who_did_what_and_why(run: Run, importing: Importing) -> None:
    institution_id = importing.rows(PARTNER).rows[0].institution_id
    with importing.database.write() as session:
        institution = session.get_one(Institution, institution_id)
        lifecycle.send_back(session, institution, by=importing.by, reason="Which [bold] country?")

    steps = printed(run("history", str(institution_id), "--json"))

    assert [step["action"] for step in steps] == ["import", "return"]
    assert steps[0]["reason"] == "Imported from p.jsonl, line 1."
    assert steps[1]["by"] == "Chanda Mwila"
    assert "Which [bold] country?" in run("history", str(institution_id)).stdout


def test_a_relay_loads_nothing_of_the_commands() -> None:
    script = (
        "import sys, services.registry.__main__;"
        "print([name for name in ('xlsxwriter', 'fastapi', 'services.registry.imports', "
        "'services.registry.institutions') if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"


def process(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "standalone.cli", "registry", *arguments],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_import_that_is_killed_in_the_middle_goes_on_as_if_nothing_had_been(
    importing: Importing, sqlite_server: SqliteServer, tmp_path: Path
) -> None:
    columns = ["reference", "name", "organisation_type"]
    path = tmp_path / "partners.csv"
    rows = [(f"R-{n}", f"Partner {n}", "60" if n % 7 else "99") for n in range(500)]
    path.write_text(table(columns, *rows), encoding="utf-8")
    command = ("import", str(path), "--by", COORDINATOR, "--json")
    first = process(*command)

    def some_are_done() -> bool:
        with importing.database.read() as session:
            job = session.exec(select(Import)).first()
            return job is not None and job.done >= imports.BATCH

    wait_until(some_are_done, "some rows are done", seconds=60)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    with importing.database.read() as session:
        [job] = session.exec(select(Import)).all()
    assert job.done < len(rows)

    second = process(*command)
    output, _ = second.communicate(timeout=120)

    undisturbed = Database(sqlite_server.migrated(SERVICE.migrations))
    with undisturbed.write() as session:
        start_history(session, REGISTRY)
    other = Importing.into(undisturbed)
    done = other.run(path.read_bytes(), Form.CSV)
    assert importing.state() == other.state()
    resumed = importing.done(job.id)
    assert resumed.outcomes == done.outcomes
    assert second.returncode == 3
    assert json.loads(output)["unchanged"] == done.job.created
    undisturbed.close()
