"""A database that is in use is brought to the newest schema with all that it holds."""

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text
from sqlmodel import select

from services.workgroups.settings import SERVICE
from services.workgroups.tables import ActionItem, AgreedPoint, Meeting
from shared.database import Database
from shared.migration import upgrade

THEN = "2020-12-15 08:00:00+00:00"
IDS = {name: uuid4().hex for name in ("theme", "group", "membership", "meeting", "point", "item")}


def row(connection: Connection, table: str, **values: Any) -> None:
    columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({places})"), values)


def in_use(database: Database) -> None:
    """Fill the schema of revision 0003."""
    written = {"created_at": THEN, "updated_at": THEN}
    with database.engine.begin() as connection:
        row(connection, "theme", id=IDS["theme"], slug="t", title="T", created_at=THEN)
        row(
            connection,
            "workgroup",
            id=IDS["group"],
            slug="g",
            title="G",
            purpose="P",
            theme_id=IDS["theme"],
            time_zone="Asia/Bangkok",
            status="active",
            version=1,
            **written,
        )
        row(
            connection,
            "membership",
            id=IDS["membership"],
            group_id=IDS["group"],
            institution_id=uuid4().hex,
            joined_by=uuid4().hex,
            joined_at=THEN,
        )
        row(
            connection,
            "meeting",
            id=IDS["meeting"],
            title="Retreat",
            held_on="2020-12-15",
            time_zone="Asia/Bangkok",
            mode="hybrid",
            participants_in_person=19,
            participants_online=16,
            recorded_by=uuid4().hex,
            recorded_at=THEN,
        )
        row(connection, "meeting_group", meeting_id=IDS["meeting"], group_id=IDS["group"])
        row(
            connection,
            "agreed_point",
            id=IDS["point"],
            meeting_id=IDS["meeting"],
            number=1,
            text="Listen.",
        )
        row(
            connection,
            "action_item",
            id=IDS["item"],
            group_id=IDS["group"],
            number=1,
            title="Do it",
            institution_id=uuid4().hex,
            due_date="2021-03-31",
            state="done",
            meeting_id=IDS["meeting"],
            agreed_point_id=IDS["point"],
            version=2,
            assigned_by=uuid4().hex,
            assigned_at=THEN,
            updated_at=THEN,
        )


def counted(database: Database) -> dict[str, int]:
    tables = ("workgroup", "membership", "meeting", "meeting_group", "agreed_point", "action_item")
    with database.engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in tables
        }


def test_what_was_there_is_there_after_the_newest_migration(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database, SERVICE.migrations, "0003")
    in_use(database)

    upgrade(database, SERVICE.migrations)

    assert set(counted(database).values()) == {1}
    with database.read() as session:
        item = session.exec(select(ActionItem)).one()
        point = session.exec(select(AgreedPoint)).one()
        meeting = session.exec(select(Meeting)).one()
    assert (item.priority, item.result_links, item.parent_id) == ("normal", [], None)
    assert item.finished_at == item.updated_at
    assert (point.version, point.recorded_at) == (1, meeting.recorded_at)
    assert point.recorded_by == meeting.recorded_by
    database.close()
