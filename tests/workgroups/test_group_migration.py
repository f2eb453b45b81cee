"""Groups that were there before they had a life of several states."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from services.workgroups.settings import SERVICE
from services.workgroups.tables import FollowedSince, Group, GroupHistory
from shared.database import Database
from shared.events.catalogue import REGISTRY
from shared.ids import new_id
from shared.migration import upgrade

BEFORE = "0005"


def add_before(session: Session, database: Database) -> dict[str, UUID]:
    """Put an active and an archived group, and a checkpoint, into the schema of before."""

    def stored(value: UUID) -> str:
        return value.hex if database.engine.dialect.name == "sqlite" else str(value)

    now = datetime(2026, 1, 1, tzinfo=UTC)
    theme, ids = new_id(), {"active": new_id(), "archived": new_id()}
    session.execute(
        text("INSERT INTO theme (id, slug, title, created_at) VALUES (:id, 't', 'T', :now)"),
        {"id": stored(theme), "now": now},
    )
    for status, group_id in ids.items():
        session.execute(
            text(
                "INSERT INTO workgroup (id, slug, title, purpose, theme_id, time_zone, status, "
                "visibility, version, created_at, updated_at) VALUES "
                "(:id, :status, 'G', 'P', :theme, 'UTC', :status, 'all', 3, :now, :now)"
            ),
            {"id": stored(group_id), "status": status, "theme": stored(theme), "now": now},
        )
    session.execute(
        text(
            "INSERT INTO membership (id, group_id, institution_id, joined_by, joined_at) "
            "VALUES (:id, :group, :id, :id, :now)"
        ),
        {"id": stored(new_id()), "group": stored(ids["archived"]), "now": now},
    )
    session.execute(
        text(
            "INSERT INTO checkpoint (source, epoch, position, head, skipped, updated_at) "
            "VALUES ('/registry', :epoch, 41, 41, 0, :now)"
        ),
        {"epoch": stored(new_id()), "now": now},
    )
    return ids


@pytest.fixture
def upgraded(database_url: str) -> tuple[Database, dict[str, UUID]]:
    """A database whose groups lived through the migration."""
    database = Database(database_url)
    upgrade(database, SERVICE.migrations, BEFORE)
    with database.write() as session:
        ids = add_before(session, database)
    upgrade(database, SERVICE.migrations)
    return database, ids


def test_what_was_archived_is_concluded_and_each_group_has_a_history(
    upgraded: tuple[Database, dict[str, UUID]],
) -> None:
    database, ids = upgraded
    with database.read() as session:
        groups = {group.id: group.status for group in session.exec(select(Group))}
        entries = session.exec(select(GroupHistory).order_by(col(GroupHistory.action))).all()
        since = session.get_one(FollowedSince, REGISTRY)
    database.close()

    assert groups == {ids["active"]: "active", ids["archived"]: "concluded"}
    assert [(entry.action, entry.to_status, entry.version) for entry in entries] == [
        ("conclude", "concluded", 3),
        ("open", "active", 3),
    ]
    assert since.position == 41


@pytest.mark.parametrize(
    "statement", ["UPDATE group_history SET reason = 'x'", "DELETE FROM group_history"]
)
def test_nobody_rewrites_the_history(
    upgraded: tuple[Database, dict[str, UUID]], statement: str
) -> None:
    database, _ = upgraded
    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.execute(text(statement))
    database.close()
