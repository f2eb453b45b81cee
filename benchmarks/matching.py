"""How long a new need takes to find what fits it among 50,000 published offers.

Measured is the whole command: the need is published, its matches are computed and stored, and all
is committed with its event. Two offers of five are of the kind that is asked for.
"""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, text
from sqlmodel import Session, col, select

from benchmarks.effort import Effort
from benchmarks.report import Result, percentiles
from services.registry import support
from services.registry.support_lifecycle import Side
from services.registry.support_terms import CODED, SupportDraft, Volume
from services.registry.tables import Institution, Person, SupportCode, SupportItem, SupportMatch
from shared.columns import utc_now
from shared.database import Database
from shared.ids import new_id
from shared.vocabularies import vocabulary

OFFERS = 50_000
NEEDS = 20
"""Needs published in each run."""
LIMIT_MS = 500.0
AT_ONCE = 2_000
SEED = 2030
FIRST_DAY = date(2027, 1, 1)
KINDS = {"training": 40, "expertise": 20, "knowledge_exchange": 15, "technology": 10, "funding": 15}
THEMES = [term.code for term in vocabulary("themes").terms]
SDGS = [str(number) for number in range(1, 18)]
COUNTRIES = [term.code for term in vocabulary("countries").terms]
LANGUAGES = ["en", "fr", "es", "pt", "ar", "zh"]


def measure(effort: Effort) -> list[Result]:
    """Return how long a need takes to be published and matched, on both databases."""
    results = []
    for kind, database in (
        ("SQLite", effort.large.sqlite()),
        ("PostgreSQL", effort.large.postgresql()),
    ):
        effort.console.print(f"A new need against {OFFERS:,} offers on {kind} …")
        random = Random(SEED)
        with database.read() as session:
            institutions = list(
                session.exec(
                    select(Institution.id)
                    .where(Institution.status == "verified", Institution.visibility == "public")
                    .order_by(col(Institution.id))
                    .limit(5_000)
                )
            )
        fill(database, institutions, random)
        with database.write() as session:
            author = Person(
                name="Ana Souza", email="ana@bench.example.org", email_key=str(new_id())
            )
            session.add(author)
        runs = [
            [
                1000 * _seconds(database, random.choice(institutions), author.id, random)
                for _ in range(NEEDS)
            ]
            for _ in range(effort.runs)
        ]
        question = f"A new need against {OFFERS:,} offers on {kind}"
        limits: dict[float, float | None] = {0.5: None, 0.95: LIMIT_MS, 1.0: None}
        results += percentiles(question, runs, limits, "ms")
    return results


def fill(database: Database, institutions: list[UUID], random: Random) -> None:
    """Store 50,000 published offers of these institutions."""
    made = _offers(institutions, random)
    while several := list(islice(made, AT_ONCE)):
        with database.write() as session:
            session.execute(insert(SupportItem), [offer for offer, _ in several])
            session.execute(insert(SupportCode), [code for _, codes in several for code in codes])
    with database.write() as session:
        session.execute(text("ANALYZE"))


def _seconds(database: Database, institution_id: UUID, author: UUID, random: Random) -> float:
    said = _terms(random)
    with database.write() as session:
        institution = session.get_one(Institution, institution_id)
        draft = SupportDraft(
            title="A need",
            text="What is needed.",
            kind="training",
            starts_on=said["starts_on"],
            ends_on=said["ends_on"],
            volume=Volume(amount=said["volume_amount"], unit="people"),
            **{name: said[name] for name in CODED},
        )
        item_id = support.draft(session, institution, Side.NEED, draft, author).id
    begin = time.perf_counter()
    with database.write() as session:
        item = session.get_one(SupportItem, item_id)
        institution = session.get_one(Institution, institution_id)
        support.publish(session, item, institution, author, utc_now())
    taken = time.perf_counter() - begin
    with database.read() as session:
        if not _matches(session, item_id):
            raise RuntimeError("A need of the benchmark found no offer: it measures nothing.")
    return taken


def _matches(session: Session, need_id: UUID) -> int:
    return session.exec(
        select(func.count()).select_from(SupportMatch).where(SupportMatch.need_id == need_id)
    ).one()


def _offers(
    institutions: list[UUID], random: Random
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    for number in range(OFFERS):
        kind = random.choices(list(KINDS), list(KINDS.values()))[0]
        said = _terms(random)
        item_id = new_id()
        codes = [
            {"item_id": item_id, "vocabulary": name, "code": code, "side": "offer", "kind": kind}
            for name in CODED
            for code in said.pop(name)
        ]
        yield (
            {
                "id": item_id,
                "side": "offer",
                "institution_id": random.choice(institutions),
                "title": f"Offer {number}",
                "text": "What is offered.",
                "kind": kind,
                **said,
                "volume_unit": "people",
                "facilitates": number % 50 == 0,
                **{
                    f"{name}_named": sum(code["vocabulary"] == name for code in codes)
                    for name in CODED
                },
                "state": "published",
                "version": 2,
                "published_at": moment,
                "waiting_since": moment,
                "waiting_key": f"{moment} {item_id}",
                "unanswered_days": 0,
                "created_at": moment,
                "updated_at": moment,
            },
            codes,
        )


def _terms(random: Random) -> dict[str, Any]:
    start = FIRST_DAY + timedelta(days=random.randrange(365))
    return {
        "themes": random.sample(THEMES, random.randint(1, 3)),
        "sdgs": random.sample(SDGS, random.randint(1, 4)),
        "countries": random.sample(COUNTRIES, random.choice([0, 0, 1, 3, 10])),
        "languages": random.sample(LANGUAGES, random.randint(1, 3)),
        "starts_on": start,
        "ends_on": start + timedelta(days=random.randint(30, 700)),
        "volume_amount": random.randint(5, 500),
    }
