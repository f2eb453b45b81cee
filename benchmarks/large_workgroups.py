"""A database of workgroups with as many groups, updates and action items as it is built for."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from rich.console import Console
from sqlalchemy import insert, text
from sqlmodel import SQLModel

from benchmarks.institutions_in_bulk import SENTENCES, TOPICS
from services.workgroups import search_index
from services.workgroups.settings import SERVICE
from services.workgroups.tables import (
    ActionItem,
    ActionItemPerson,
    AgreedPoint,
    Coordinator,
    FocalPoint,
    Group,
    Institution,
    Meeting,
    MeetingGroup,
    Membership,
    Theme,
    Update,
)
from shared import markdown
from shared.database import Database
from shared.events.catalogue import WORKGROUPS
from shared.ids import new_id
from shared.migration import upgrade
from shared.outbox import start_history
from tests.databases import SqliteServer, start_postgres

GROUPS = 500
UPDATES = 50_000
ACTION_ITEMS = 100_000
INSTITUTIONS = 400
MEETINGS = 5_000
MEMBERS = 12
"""Institutions in each group."""
AT_ONCE = 5_000
TODAY = datetime(2026, 1, 1, tzinfo=UTC)
STATES = {"open": 4, "in_progress": 2, "blocked": 1, "done": 12, "cancelled": 1}
KINDS = ["initiative", "opportunity", "challenge", "resource", "decision", "news"]


@dataclass(frozen=True)
class Large:
    """The database, and who is in it."""

    database: Database
    groups: Sequence[UUID]
    coordinator: UUID
    focal_points: Sequence[UUID]
    institutions: Sequence[UUID]
    stories: Sequence[UUID]
    """Action items that follow from what a meeting agreed."""


@contextmanager
def large_workgroups(kind: str, console: Console, servers: dict[str, str]) -> Iterator[Large]:
    """Yield workgroups with 500 groups, 50,000 updates and 100,000 action items."""
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        # PostgreSQL's folder goes with its server, when this process ends.
        server = (
            SqliteServer(Path(folder))
            if kind == "SQLite"
            else start_postgres(Path(tempfile.mkdtemp(prefix="southlink-")))
        )
        database = Database(server.create())
        upgrade(database, SERVICE.migrations)
        console.print(f"{UPDATES:,} updates and {ACTION_ITEMS:,} action items on {kind} …")
        large = _filled(database)
        if kind == "PostgreSQL":
            with database.read() as session:
                number = session.execute(text("SHOW server_version")).scalar_one()
            servers[kind] = str(number).split()[0]
        yield large
        database.close()


def _filled(database: Database) -> Large:
    chance = Random(2030)
    with database.write() as session:
        start_history(session, WORKGROUPS)
    institutions = [
        Institution(
            id=new_id(),
            name=f"Institute {number} of {chance.choice(TOPICS)}",
            acronym=f"I{number}",
            organisation_type="80",
            status="verified",
            version=3,
        )
        for number in range(INSTITUTIONS)
    ]
    speakers = [
        FocalPoint(person_id=new_id(), institution_id=one.id, name="Ana Souza", role="focal_point")
        for one in institutions
    ]
    coordinator = Coordinator(person_id=new_id(), name="Chanda Mwila")
    themes = [Theme(slug=f"theme-{number}", title=f"Theme {number}") for number in range(20)]
    groups = [
        Group(
            slug=f"group-{number}",
            title=f"{chance.choice(TOPICS)} follow-up group {number}",
            purpose=_said(chance),
            theme_id=chance.choice(themes).id,
            time_zone=chance.choice(["UTC", "Asia/Bangkok", "America/Bogota"]),
            visibility=chance.choices(["all", "partners", "members"], [8, 1, 1])[0],
        )
        for number in range(GROUPS)
    ]
    members = {group.id: chance.sample(institutions, MEMBERS) for group in groups}
    memberships = [
        Membership(group_id=group, institution_id=one.id, joined_by=coordinator.person_id)
        for group, some in members.items()
        for one in some
    ]
    meetings = [_meeting(chance, coordinator.person_id) for _ in range(MEETINGS)]
    of_meetings = [
        MeetingGroup(meeting_id=meeting.id, group_id=chance.choice(groups).id)
        for meeting in meetings
    ]
    for rows in (
        *(institutions, speakers, [coordinator], themes, groups, memberships),
        *(meetings, of_meetings),
    ):
        _write(database, rows)
    updates = [_update(chance, groups, members, number) for number in range(UPDATES)]
    _write(database, updates)
    points = [
        AgreedPoint(meeting_id=meeting.id, number=number, text=_said(chance))
        for meeting in meetings
        for number in (1, 2)
    ]
    _write(database, points)
    agreed: dict[UUID, list[AgreedPoint]] = {group.id: [] for group in groups}
    held = {row.meeting_id: row.group_id for row in of_meetings}
    for point in points:
        agreed[held[point.meeting_id]].append(point)
    items = [_item(chance, groups, members, agreed, number) for number in range(ACTION_ITEMS)]
    _write(database, items)
    speaker = {one.institution_id: one.person_id for one in speakers}
    _write(
        database,
        [
            ActionItemPerson(action_item_id=item.id, person_id=speaker[item.institution_id])
            for item in items[::2]
        ],
    )
    for _done in search_index.reindex(database):
        pass
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        vacuum = "VACUUM " if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"{vacuum}ANALYZE"))
    return Large(
        database,
        [group.id for group in groups],
        coordinator.person_id,
        [one.person_id for one in speakers],
        [one.id for one in institutions],
        [item.id for item in items if item.agreed_point_id is not None],
    )


def _meeting(chance: Random, by: UUID) -> Meeting:
    return Meeting(
        title=f"Meeting on {chance.choice(TOPICS)}",
        status="held",
        held_on=(TODAY - timedelta(days=chance.randrange(1_500))).date(),
        time_zone="UTC",
        mode="hybrid",
        participants_in_person=19,
        participants_online=16,
        recorded_by=by,
    )


def _update(
    chance: Random, groups: Sequence[Group], members: dict[UUID, list[Institution]], number: int
) -> Update:
    group = chance.choice(groups)
    said = "\n\n".join(_said(chance) for _ in range(3))
    at = TODAY - timedelta(minutes=30 * (UPDATES - number))
    return Update(
        group_id=group.id,
        institution_id=chance.choice(members[group.id]).id,
        posted_by=new_id(),
        kind=chance.choice(KINDS),
        title=f"{chance.choice(TOPICS)} and {chance.choice(TOPICS).lower()} {number}",
        text=said,
        text_html=markdown.html_of(said),
        rendering=markdown.RENDERING,
        language="en",
        state="published",
        place=new_id(),
        posted_at=at,
        created_at=at,
    )


def _item(
    chance: Random,
    groups: Sequence[Group],
    members: dict[UUID, list[Institution]],
    agreed: dict[UUID, list[AgreedPoint]],
    number: int,
) -> ActionItem:
    group = groups[number % len(groups)]
    # Every other one follows from what a meeting of its group agreed.
    point = chance.choice(agreed[group.id]) if number % 2 and agreed[group.id] else None
    state = chance.choices(list(STATES), list(STATES.values()))[0]
    finished = TODAY if state in {"done", "cancelled"} else None
    return ActionItem(
        group_id=group.id,
        number=number // len(groups) + 1,
        title=f"List the {chance.choice(TOPICS).lower()} training that members offer",
        description=_said(chance),
        institution_id=chance.choice(members[group.id]).id,
        meeting_id=point.meeting_id if point else None,
        agreed_point_id=point.id if point else None,
        due_date=date(2025, 1, 1) + timedelta(days=chance.randrange(730)),
        state=state,
        reason="Waits for a decision." if state in {"blocked", "cancelled"} else None,
        assigned_by=new_id(),
        finished_at=finished,
    )


def _said(chance: Random) -> str:
    return chance.choice(SENTENCES).format(
        topic=chance.choice(TOPICS),
        topic2=chance.choice(TOPICS),
        place=f"Place {chance.randrange(400)}",
        other=f"Place {chance.randrange(400)}",
        person="Souza",
    )


def _write(database: Database, rows: Sequence[SQLModel]) -> None:
    for begin in range(0, len(rows), AT_ONCE):
        some: list[dict[str, Any]] = [row.model_dump() for row in rows[begin : begin + AT_ONCE]]
        with database.write() as session:
            session.connection().execute(insert(type(rows[0])), some)
