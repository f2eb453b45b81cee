"""What stands open for people, asked for many readers at once: the time for each hundred.

It is asked for five hundred readers when their windows close (what they owe), and for a hundred
when their e-mails are written (what they owe, their meetings, and needs that fit their offers).
"""

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session

from benchmarks.effort import Effort
from benchmarks.large_notifier import SEED, new_database, postgres_server, vacuum
from benchmarks.report import Result
from services.notifier import open_matters, reminders, tables
from services.notifier.collecting import BATCH
from services.notifier.queues import TOGETHER
from shared.columns import utc_now
from shared.database import Database

PEOPLE = 10_000
INSTITUTIONS = 4_000
GROUPS = 200
ITEMS = 40_000
"""Action items, of several years: a quarter is not done, half of that due soon or overdue."""
SUPPORT = 8_000
"""Needs and offers."""
MEETINGS = 400
ASKED = 2_000
"""Admissions, reassignments and introductions, of each so many; half are answered."""
ROUNDS = 20
"""Questions of a run."""
HUNDRED = 100
MILLISECONDS = 20.0
QUESTION = f"What stands open for readers, out of {PEOPLE:,} who have roles"

THEMES = [f"theme-{number}" for number in range(20)]
COUNTRIES = [first + second for first in "ABCDEFGHIJKLM" for second in "ABCDEFGHIJ"]
"""As many as in the South."""

Row = dict[str, Any]


def measure(effort: Effort) -> list[Result]:
    """Return the time for each hundred readers."""
    effort.console.print(f"{PEOPLE:,} people with roles, {ITEMS:,} action items …")
    postgres = postgres_server()
    database = new_database(postgres)
    try:
        _fill(database)
        return _results(database, effort.runs)
    finally:
        database.close()
        postgres.drop(database.url)


def _results(database: Database, runs: int) -> list[Result]:
    random = Random(SEED)
    now = utc_now()

    def owed(session: Session, people: Sequence[UUID]) -> int:
        return len(reminders.calls(session, people, now))

    def all_open(session: Session, people: Sequence[UUID]) -> int:
        found = open_matters.of_people(session, people, now).values()
        return sum(bool(each.owed or each.coming or each.needs) for each in found)

    return [
        Result(
            QUESTION,
            figure,
            "ms per 100",
            MILLISECONDS,
            tuple(_run(database, ask, together, random) for _ in range(runs + 1))[1:],
            ROUNDS,
        )
        for figure, ask, together in (
            (f"what they owe, {BATCH} at once", owed, BATCH),
            (f"all that stands open, {TOGETHER} at once", all_open, TOGETHER),
        )
    ]


def _run(
    database: Database,
    ask: Callable[[Session, Sequence[UUID]], int],
    together: int,
    random: Random,
) -> float:
    taken, answered = 0.0, 0
    for _ in range(ROUNDS):
        people = [_person(number) for number in random.sample(range(PEOPLE), together)]
        begin = time.perf_counter()
        with database.read() as session:
            answered += ask(session, people)
        taken += time.perf_counter() - begin
    if answered < ROUNDS * together // 4:
        raise RuntimeError(f"Something stands open for {answered} of {ROUNDS * together} only.")
    return 1_000 * taken / (ROUNDS * together / HUNDRED)


def _fill(database: Database) -> None:
    random = Random(SEED)
    now = utc_now()
    with database.write() as session:
        for made in (_people(now), _groups(random), _items(random, now.date())):
            for table, rows in made.items():
                session.execute(insert(table), rows)
        for made in (_asked(random, now), _support(random, now), _meetings(random, now)):
            for table, rows in made.items():
                session.execute(insert(table), rows)
    vacuum(database)


def _person(number: int) -> UUID:
    """Return the id of a person, who is a reader by the same one."""
    return UUID(int=(1 << 64) + number)


def _institution(number: int) -> UUID:
    return UUID(int=(2 << 64) + number)


def _group(number: int) -> UUID:
    return UUID(int=(3 << 64) + number)


def _people(now: datetime) -> dict[Any, list[Row]]:
    people = [
        {
            "id": _person(number),
            "email": f"person{number}@example.org",
            "language": "en",
            "time_zone": "UTC",
            "version": 1,
        }
        for number in range(PEOPLE)
    ]
    hours = {"hour": 8, "weekday": 1, "created_at": now}
    return {
        tables.Institution: [
            {
                "id": _institution(number),
                "name": f"Centre for cooperation {number}",
                "status": "verified",
                "visibility": "public",
                "version": 1,
            }
            for number in range(INSTITUTIONS)
        ],
        tables.Person: people,
        tables.Subscriber: [{**each, **hours, "person_id": each["id"]} for each in people],
        tables.FocalPoint: [
            {
                "person_id": _person(number),
                "institution_id": _institution(number % INSTITUTIONS),
                "role": "focal_point",
            }
            for number in range(PEOPLE)
        ],
    }


def _groups(random: Random) -> dict[Any, list[Row]]:
    return {
        tables.Group: [
            {
                "id": _group(number),
                "title": f"Follow-up group {number}",
                "theme_slug": f"theme-{number % 5}",
                "status": "active",
                "visibility": "all",
                "version": 1,
            }
            for number in range(GROUPS)
        ],
        tables.GroupMember: [
            {"group_id": _group(group), "institution_id": _institution(institution)}
            for institution in range(INSTITUTIONS)
            for group in random.sample(range(GROUPS), 3)
        ],
        tables.Participant: [
            {
                "id": UUID(int=(4 << 64) + group * 10 + place),
                "group_id": _group(group),
                "person_id": _person(random.randrange(PEOPLE)),
                "role": "coordinator" if place < 2 else "member",
            }
            for group in range(GROUPS)
            for place in range(10)
        ],
    }


def _items(random: Random, today: date) -> dict[Any, list[Row]]:
    items = [
        {
            "id": UUID(int=(5 << 64) + number),
            "group_id": _group(number % GROUPS),
            "number": number // GROUPS,
            "title": f"List the training offers {number}",
            "institution_id": _institution(random.randrange(INSTITUTIONS)),
            "institution_name": "Centre for cooperation",
            "due_date": today + timedelta(days=random.randrange(-20, 20)),
            "time_zone": ("UTC", "Asia/Bangkok", "America/Lima")[number % 3],
            "state": ("done", "open", "done", "done")[number // GROUPS % 4],
            "priority": "normal",
            "version": 1,
        }
        for number in range(ITEMS)
    ]
    return {
        tables.ActionItem: items,
        tables.ActionItemPerson: [
            {"action_item_id": item["id"], "person_id": _person(random.randrange(PEOPLE))}
            for item in items
        ],
    }


def _asked(random: Random, now: datetime) -> dict[Any, list[Row]]:
    def institution() -> UUID:
        return _institution(random.randrange(INSTITUTIONS))

    def answered(number: int) -> datetime | None:
        return now if number % 2 else None

    return {
        tables.Admission: [
            {
                "id": UUID(int=(6 << 64) + number),
                "kind": ("request", "invitation")[number // 2 % 2],
                "group_id": _group(random.randrange(GROUPS)),
                "institution_id": institution(),
                "institution_name": "Centre for cooperation",
                "asked_at": now - timedelta(days=1),
                "answered_at": answered(number),
            }
            for number in range(ASKED)
        ],
        tables.Reassignment: [
            {
                "id": UUID(int=(7 << 64) + number),
                "action_item_id": UUID(int=(5 << 64) + random.randrange(ITEMS)),
                "from_institution_id": institution(),
                "to_institution_id": institution(),
                "proposed_at": now - timedelta(days=1),
                "answered_at": answered(number),
            }
            for number in range(ASKED)
        ],
        tables.Introduction: [
            {
                "id": UUID(int=(8 << 64) + number),
                "need_id": UUID(int=(9 << 64) + random.randrange(0, SUPPORT, 2)),
                "offer_id": UUID(int=(9 << 64) + random.randrange(1, SUPPORT, 2)),
                "recipient_id": institution(),
                "provider_id": institution(),
                "state": ("requested", "delivered")[number % 2],
                "since": now - timedelta(days=1),
                "version": 1,
            }
            for number in range(ASKED)
        ],
    }


def _support(random: Random, now: datetime) -> dict[Any, list[Row]]:
    return {
        tables.Support: [
            {
                "id": UUID(int=(9 << 64) + number),
                "side": ("need", "offer")[number % 2],
                "institution_id": _institution(random.randrange(INSTITUTIONS)),
                "institution_name": "Centre for cooperation",
                "title": f"Training of trainers {number}",
                "kind": random.choice(("training", "expertise", "funding", "equipment")),
                "themes": random.sample(THEMES, 2),
                "countries": random.sample(COUNTRIES, 2),
                "state": "published" if random.random() < 0.5 else "withdrawn",
                "since": now - timedelta(days=random.randrange(100)),
                "version": 1,
            }
            for number in range(SUPPORT)
        ]
    }


def _meetings(random: Random, now: datetime) -> dict[Any, list[Row]]:
    meetings = []
    for number in range(MEETINGS):
        begins_at = now + timedelta(hours=random.randrange(-200, 800))
        meetings.append(
            {
                "id": UUID(int=(10 << 64) + number),
                "title": f"Meeting {number}",
                "status": "scheduled",
                "begins_at": begins_at,
                "ends_at": begins_at + timedelta(hours=2),
                "time_zone": "UTC",
                "mode": "online",
                "sequence": 0,
                "moved_at": now - timedelta(days=9),
                "told_at": now - timedelta(days=9),
                "version": 1,
            }
        )
    return {
        tables.Meeting: meetings,
        tables.MeetingGroup: [
            {"meeting_id": meeting["id"], "group_id": _group(random.randrange(GROUPS))}
            for meeting in meetings
        ],
        tables.Invitation: [
            {
                "id": UUID(int=(11 << 64) + number * 20 + place),
                "meeting_id": meeting["id"],
                "institution_id": _institution(random.randrange(INSTITUTIONS)),
                "stands": True,
                "stood_at": now - timedelta(days=9),
            }
            for number, meeting in enumerate(meetings)
            for place in range(20)
        ],
    }
