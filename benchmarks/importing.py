"""Importing 10,000 institutions from a file, and again with every row changed.

How long each takes, and that its memory stays flat. Each import is a process of its own:
``python -m benchmarks.importing URL FILE``.
"""

import csv
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from uuid import UUID

from sqlmodel import select

from benchmarks.effort import Effort
from benchmarks.institutions_in_bulk import institutions
from benchmarks.report import Result
from services.registry import imports
from services.registry.people import appoint_coordinator
from services.registry.settings import SERVICE
from services.registry.tables import Coordinator, Import
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.migration import upgrade
from shared.outbox import start_history
from shared.row_files import Form
from tests.databases import PostgresServer, SqliteServer, start_postgres

MANY, FEW = 10_000, 1_000
LIMIT_SECONDS = 60.0
LIMIT_GROWTH_MIB = 32.0
COLUMNS = (
    "reference",
    "name",
    "acronym",
    "organisation_type",
    "subtype",
    "country",
    "website",
    "sdgs",
    "description_en",
)


def measure(effort: Effort) -> list[Result]:
    """Return the seconds of 10,000 new and 10,000 changed rows, and how memory grows from 1,000."""
    results = []
    with tempfile.TemporaryDirectory(prefix="sl-") as name:
        folder = Path(name)
        files = {rows: _file(folder, rows) for rows in (FEW, MANY)}
        changed_file = _file(folder, MANY, "changed")
        servers: dict[str, SqliteServer | PostgresServer] = {
            "SQLite": SqliteServer(folder),
            "PostgreSQL": start_postgres(Path(tempfile.mkdtemp(prefix="southlink-"))),
        }
        for kind, server in servers.items():
            seconds, changing, growth = [], [], []
            for run in range(effort.runs):
                effort.console.print(f"Importing on {kind}, {run + 1} of {effort.runs} …")
                _, small = _import(_empty(server), files[FEW])
                url = _empty(server)
                took, large = _import(url, files[MANY])
                seconds.append(took)
                growth.append(large - small)
                changing.append(_import(url, changed_file)[0])
            question = f"Importing {MANY:,} institutions on {kind}"
            results += [
                Result(question, "end to end", "s", LIMIT_SECONDS, tuple(seconds), MANY),
                Result(
                    f"Changing {MANY:,} institutions by an import on {kind}",
                    "end to end",
                    "s",
                    LIMIT_SECONDS,
                    tuple(changing),
                    MANY,
                ),
                Result(
                    question,
                    f"memory beyond {FEW:,} rows",
                    "MiB",
                    LIMIT_GROWTH_MIB,
                    tuple(growth),
                    MANY,
                ),
            ]
    return results


def _file(folder: Path, rows: int, state: str = "new") -> Path:
    """Write a file of institutions; one of another state changes website, goals and description."""
    path = folder / f"{rows}-{state}.csv"
    sdgs = "1;17" if state == "new" else "2;9;17"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, made in enumerate(institutions(rows)):
            one = made.institution
            website = f"https://www.partner-{number}.example.org/{state}"
            known = [one[name] or "" for name in COLUMNS[1:6]]
            text = " ".join([*one["descriptions"].values(), state])
            writer.writerow([f"CRM-{number}", *known, website, sdgs, text])
    return path


def _empty(server: SqliteServer | PostgresServer) -> str:
    database = Database(server.create())
    upgrade(database, SERVICE.migrations)
    with database.write() as session:
        start_history(session, REGISTRY)
        appoint_coordinator(session, "coordinator@example.org", "Chanda Mwila")
    database.close()
    return database.url


def _import(url: str, path: Path) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.importing", url, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return told["seconds"], told["mib"]


def main(url: str, path: Path) -> None:
    """Import a file; print the seconds, and the most memory that this process had, in MiB."""
    database = Database(url)
    began = time.perf_counter()
    with database.write() as session, path.open("rb") as file:
        by: UUID = session.exec(select(Coordinator.person_id)).one()
        job_id = imports.store(
            session, file, form=Form.CSV, file_name=path.name, dry_run=False, by=by
        ).id
    for _ in imports.work(database, threading.Event()):
        pass
    seconds = time.perf_counter() - began
    with database.read() as session:
        job = session.get_one(Import, job_id)
    settled = job.created + job.updated
    if job.status != "finished" or settled < 0.9 * job.row_count:
        raise SystemExit(f"{settled} of {job.row_count} were kept, {job.refused} refused.")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mib = peak / (2**20 if sys.platform == "darwin" else 2**10)
    print(
        json.dumps({"seconds": seconds, "mib": mib, "created": job.created, "updated": job.updated})
    )
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
