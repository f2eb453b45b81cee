"""The database holds what must always hold, and the migrations make just the tables."""

from datetime import date
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from services.workgroups.search_cards import WORDS
from services.workgroups.tables import (
    ActionItem,
    Admission,
    AgreedPoint,
    Group,
    Meeting,
    Membership,
    Table,
    Theme,
    Update,
)
from shared.columns import utc_now
from shared.database import Database
from shared.ids import new_id

INSTITUTION = new_id()


def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    def is_described(name: str | None, kind: str, _parents: object) -> bool:
        # Full text is each database's own: no class says what a table of FTS5 is.
        return not (kind == "table" and name and name.startswith(WORDS))

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_described})
        assert compare_metadata(context, Table.metadata) == []


def group() -> list[Table]:
    theme = Theme(slug="theme", title="Theme")
    return [theme, Group(slug="group", title="Group", purpose="Do.", theme_id=theme.id)]


def item(group_id: Any, **changes: Any) -> ActionItem:
    facts: dict[str, Any] = {
        "group_id": group_id,
        "number": 1,
        "title": "Do it",
        "institution_id": INSTITUTION,
        "due_date": date(2021, 1, 1),
        "assigned_by": new_id(),
    }
    return ActionItem(**{**facts, **changes})


def meeting(**changes: Any) -> Meeting:
    facts: dict[str, Any] = {
        "title": "Retreat",
        "held_on": date(2020, 12, 15),
        "time_zone": "UTC",
        "mode": "hybrid",
        "participants_in_person": 19,
        "participants_online": 16,
        "recorded_by": new_id(),
    }
    return Meeting(**{**facts, **changes})


def violations() -> dict[str, list[Table]]:
    theme, opened = group()
    assert isinstance(opened, Group)
    assert isinstance(theme, Theme)
    one, other = meeting(), meeting()
    point = AgreedPoint(meeting_id=one.id, number=1, text="Listen.")
    base: list[Table] = [theme, opened]

    def member() -> Membership:
        return Membership(group_id=opened.id, institution_id=INSTITUTION, joined_by=new_id())

    def update(**changes: Any) -> Update:
        facts: dict[str, Any] = {"kind": "news", "title": "News", "text": "Text."}
        return Update(
            group_id=opened.id,
            institution_id=INSTITUTION,
            posted_by=new_id(),
            **{**facts, **changes},
        )

    return {
        "two themes of a slug": [theme, Theme(slug="theme", title="Other")],
        "a group of no theme": [Group(slug="g", title="G", purpose="P", theme_id=new_id())],
        "a group of an unknown status": [
            theme,
            Group(slug="g", title="G", purpose="P", theme_id=theme.id, status="asleep"),
        ],
        "a member twice": [*base, member(), member()],
        "a member that left and did not": [
            *base,
            Membership(group_id=opened.id, institution_id=INSTITUTION, state="left"),
        ],
        "an admission that is open and decided": [
            *base,
            Admission(
                group_id=opened.id,
                institution_id=INSTITUTION,
                kind="request",
                state="declined",
                asked_by=new_id(),
            ),
        ],
        "a group that is replaced by nothing": [
            theme,
            Group(slug="g", title="G", purpose="P", theme_id=theme.id, status="replaced"),
        ],
        "an update of an unknown kind": [*base, update(kind="gossip")],
        "an update without text": [*base, update(text="")],
        "an action item twice": [*base, item(opened.id), item(opened.id)],
        "an action item of number 0": [*base, item(opened.id, number=0)],
        "an action item of an unknown state": [*base, item(opened.id, state="forgotten")],
        "an action item of no group": [item(new_id())],
        "a point of another meeting": [
            *base,
            one,
            other,
            point,
            item(opened.id, meeting_id=other.id, agreed_point_id=point.id),
        ],
        "a point without its meeting": [
            *base,
            one,
            point,
            item(opened.id, agreed_point_id=point.id),
        ],
        "somebody online in a meeting in person": [meeting(mode="in_person")],
        "fewer than nobody": [meeting(participants_online=-1)],
        "a meeting of an unknown mode": [meeting(mode="telepathic")],
    }


@pytest.mark.parametrize("name", sorted(violations()))
def test_the_database_refuses(database: Database, name: str) -> None:
    *before, last = violations()[name]
    with database.write() as session:
        for row in before:
            session.add(row)
            session.flush()
        session.add(last)
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()


def test_one_who_left_may_be_a_member_again(database: Database) -> None:
    theme, opened = group()
    assert isinstance(opened, Group)
    now = utc_now()
    with database.write() as session:
        for row in (theme, opened):
            session.add(row)
            session.flush()
        for left_at in (now, now, None):
            session.add(
                Membership(
                    group_id=opened.id,
                    institution_id=INSTITUTION,
                    joined_by=new_id(),
                    joined_at=now,
                    left_at=left_at,
                    state="left" if left_at else "active",
                )
            )
            session.flush()
