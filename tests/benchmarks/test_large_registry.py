"""The institutions that are made in bulk, and the choice of what is measured."""

import re
from collections import Counter
from itertools import islice

from sqlmodel import func, select
from typer.testing import CliRunner

from benchmarks.__main__ import MEASURES, app
from benchmarks.finding import queries
from benchmarks.institutions_in_bulk import institutions
from benchmarks.large_registry import fill
from services.registry.settings import SERVICE
from services.registry.tables import Institution, InstitutionCode, InstitutionName
from shared.database import Database
from tests.databases import PostgresServer, SqliteServer


def test_the_same_number_makes_the_same_institutions() -> None:
    assert list(institutions(50)) == list(institutions(50))


def test_institutions_made_in_bulk_differ_as_real_ones_do() -> None:
    made = [one.institution for one in institutions(2_000)]

    assert len({row["id"] for row in made}) == 2_000
    assert [row["id"] for row in made] == sorted(row["id"] for row in made)
    assert len({row["name"] for row in made}) > 1_600
    assert Counter(row["status"] for row in made)["verified"] > 1_500
    assert len({row["organisation_type"] for row in made}) == 10
    assert len({row["country"] for row in made}) > 200


def test_a_database_is_filled_with_what_was_made(
    database_server: SqliteServer | PostgresServer,
) -> None:
    database = Database(database_server.migrated(SERVICE.migrations))
    fill(database, 300)
    made = list(institutions(300))

    with database.read() as session:
        for table, rows in (
            (Institution, 300),
            (InstitutionName, sum(len(one.names) for one in made)),
            (InstitutionCode, sum(len(one.codes) for one in made)),
        ):
            assert session.exec(select(func.count()).select_from(table)).one() == rows
    database.close()


def test_each_run_searches_for_other_things_in_the_same_five_ways() -> None:
    runs = [list(islice(queries(2_000, run), 1_000)) for run in range(5)]

    assert list(islice(queries(2_000, 0), 1_000)) == runs[0]
    assert runs[0] != runs[1]
    for run in runs:
        assert set(Counter(what for what, _ in run).values()) == {200}
        assert all(len(str(query.get("q", ""))) <= 200 for _, query in run)


def test_a_measure_that_does_not_exist_is_answered_with_those_that_do() -> None:
    result = CliRunner().invoke(app, ["--only", "speed"])

    assert result.exit_code == 2
    shown = re.sub(r"[\s│]+", " ", result.stderr)
    assert f"There is no measure speed: use {', '.join(MEASURES)}." in shown
