"""Looking for possible duplicates in a large registry, as a registration does."""

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random
from uuid import UUID

from sqlalchemy import insert, text
from sqlmodel import col, func, select

from benchmarks.effort import Effort
from benchmarks.institutions_in_bulk import institutions
from benchmarks.large_registry import POSTGRESQL_ROWS, SQLITE_ROWS
from benchmarks.planted_variants import Known, misspelt, reordered
from benchmarks.report import Result, percentiles
from services.registry.duplicates import features_of, possible_duplicates, public_duplicates
from services.registry.likeness import Features
from services.registry.name_keys import search_keys
from services.registry.tables import Institution, InstitutionNameKey
from shared.database import Database

LIMIT_MS = 150.0
PER_RUN = 200
"""Look-ups of a run: half of them drafts with a slip or in another order, half registrations."""
AT_ONCE = 2_000


def measure(effort: Effort) -> list[Result]:
    """Return the time of a look-up, median and p95, on both databases."""
    results = []
    for kind, rows, database in (
        ("SQLite", SQLITE_ROWS, effort.large.sqlite()),
        ("PostgreSQL", POSTGRESQL_ROWS, effort.large.postgresql()),
    ):
        question = f"Possible duplicates among {rows:,} institutions on {kind}"
        effort.console.print(f"{question} …")
        write_missing_keys(database)
        known = [one.institution for one in islice(institutions(rows), 0, rows, rows // 2_000)]
        times = [_run(database, known, number) for number in range(effort.runs)]
        results += percentiles(question, times, {0.5: None, 0.95: LIMIT_MS}, "ms")
    return results


def write_missing_keys(database: Database) -> int:
    """Write the keys of every institution, unless there are some; return how many there are."""
    keys = select(func.count()).select_from(InstitutionNameKey)
    with database.read() as session:
        if found := session.exec(keys).one():
            return found
        ids = list(session.exec(select(Institution.id).order_by(col(Institution.id))))
    for some in _batches(ids):
        with database.write() as session:
            rows = [
                {"key": key, "institution_id": each}
                for each, features in features_of(session, some).items()
                for key in search_keys(features)
            ]
            session.connection().execute(insert(InstitutionNameKey), rows)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        vacuum = "VACUUM " if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"{vacuum}ANALYZE"))
    with database.read() as session:
        return session.exec(keys).one()


def _batches(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _run(database: Database, known: Sequence[dict[str, object]], number: int) -> list[float]:
    chance = Random(number)
    times = []
    for place, one in enumerate(chance.sample(known, PER_RUN)):
        name = Known(str(one["name"]), None)
        vary = misspelt if place % 4 else reordered
        draft = Features(names=(vary(name, chance) or name.name,), country=None)
        began = time.perf_counter()
        with database.read() as session:
            if place % 2:
                public_duplicates(session, draft)
            else:
                possible_duplicates(session, session.get_one(Institution, one["id"]))
        times.append((time.perf_counter() - began) * 1_000)
    return times
