"""Searching with facets in a large registry, through the HTTP API, as a page of a search would."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from fastapi.testclient import TestClient

from benchmarks.effort import Effort
from benchmarks.institutions_in_bulk import LANGUAGES, SDGS, THEMES, TOPICS, institutions
from benchmarks.large_registry import POSTGRESQL_ROWS, SQLITE_ROWS
from benchmarks.report import Result, percentiles
from services.registry.app import create_app
from services.registry.settings import Settings
from services.registry.signing_key import make_signing_key
from shared.database import Database
from shared.logs import configure

LIMIT_MS = 100.0
PER_RUN = 200
"""Searches of a run, forty of each kind."""

Query = dict[str, str | list[str]]


def measure(effort: Effort) -> list[Result]:
    """Return the time of a search, median and p95, on both databases; and of the first one."""
    results = []
    for kind, rows, database in (
        ("SQLite", SQLITE_ROWS, effort.large.sqlite()),
        ("PostgreSQL", POSTGRESQL_ROWS, effort.large.postgresql()),
    ):
        question = f"Search with facets among {rows:,} institutions on {kind}"
        effort.console.print(f"{question} …")
        with _served(database) as client:
            first = _milliseconds(client, {})
            asked = [list(islice(queries(rows, run), PER_RUN)) for run in range(effort.runs)]
            times = [[_milliseconds(client, query) for _, query in run] for run in asked]
        results += percentiles(question, times, {0.5: None, 0.95: LIMIT_MS}, "ms")
        for what in dict.fromkeys(what for what, _ in asked[0]):
            of_this = [
                [spent for (kind_of, _), spent in zip(queries, run, strict=True) if kind_of == what]
                for queries, run in zip(asked, times, strict=True)
            ]
            results += [
                Result(question, f"p95 {what}", one.unit, None, one.runs, one.samples)
                for one in percentiles(question, of_this, {0.95: None}, "ms")
            ]
        results.append(Result(question, "the first after a start", "ms", None, (first,), 1))
    return results


@contextmanager
def _served(database: Database) -> Iterator[TestClient]:
    with TemporaryDirectory() as folder:
        key = Path(folder) / "signing-key.json"
        make_signing_key(key)
        configure("registry", "json", "ERROR")
        settings = Settings(database_url=database.url, signing_key_file=key)
        with TestClient(create_app(settings)) as client:
            yield client


def _milliseconds(client: TestClient, query: Query) -> float:
    began = time.perf_counter()
    answer = client.get("/institutions", params={"facets": True, "limit": 20, **query})
    spent = (time.perf_counter() - began) * 1_000
    assert answer.status_code == 200, answer.text
    return spent


def queries(rows: int, run: int) -> Iterator[tuple[str, Query]]:
    """Yield what people ask, of five kinds in turn; other questions in each run."""
    chance = Random(run)
    known = [one.institution for one in islice(institutions(rows), 0, 2_000)]
    while True:
        name = chance.choice(known)["name"]
        yield "whole name", {"q": name}
        yield "beginning of words", {"q": _begun(chance, name)}
        yield "mistyped", {"q": _mistyped(chance, name)}
        yield "filters alone", _filters(chance)
        yield "nothing found", {"q": f"{_scrambled(chance)} {_scrambled(chance)}"}


def _begun(chance: Random, name: str) -> str:
    words = name.split()
    begun = chance.randrange(len(words))
    return " ".join([*words[:begun], words[begun][: chance.randrange(2, 6)]])


def _mistyped(chance: Random, name: str) -> str:
    word = chance.choice([word for word in name.split() if len(word) > 3])
    place = chance.randrange(1, len(word) - 1)
    return name.replace(word, word[:place] + word[place + 1] + word[place] + word[place + 2 :])


def _filters(chance: Random) -> Query:
    every: list[Query] = [
        {},
        {"themes": chance.sample(THEMES, 3)},
        {"sdgs": chance.choice(SDGS), "languages": chance.sample(LANGUAGES, 2)},
        {"organisation_type": chance.choice(["10", "22", "80"]), "sort": "name"},
        {"country": chance.choice(["TH", "KE", "BR"]), "sort": "changed"},
        {"q": chance.choice(TOPICS), "themes": chance.choice(THEMES), "sort": "newest"},
    ]
    return chance.choice(every)


def _scrambled(chance: Random) -> str:
    return "".join(chance.sample("bcdfghjklmnpqrstvwxz", 9))
