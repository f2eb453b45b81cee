"""Migrations bring along what an installation holds."""

from importlib.resources import files
from uuid import uuid4

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from shared.database import Database
from shared.migration import upgrade

WORKGROUPS = "services.workgroups:migrations"


@pytest.mark.parametrize("service", ["registry", "workgroups", "notifier"])
def test_migrations_follow_each_other_in_one_line_by_their_numbers(service: str) -> None:
    scripts = ScriptDirectory(str(files("services") / service / "migrations"))
    assert len(scripts.get_heads()) == 1, f"Renumber one of {scripts.get_heads()}."
    line = [script.revision for script in scripts.walk_revisions()][::-1]
    assert [int(number) for number in line] == list(range(1, len(line) + 1))
    for script in scripts.walk_revisions():
        assert script.path.rpartition("/")[2].startswith(f"{script.revision}_")


@pytest.fixture
def before(database_url: str) -> Database:
    """Workgroups as they were before groups were hidden, with a group that has a member."""
    database = Database(database_url)
    upgrade(database, WORKGROUPS, "0003")
    ids = {name: uuid4().hex for name in ("theme", "workgroup", "membership", "anybody")}
    moment = "2020-12-15 09:00:00+00:00"
    with database.engine.begin() as connection:
        for statement in (
            f"INSERT INTO theme VALUES (:theme, 'a', 'A', '{moment}')",
            "INSERT INTO workgroup (id, slug, title, purpose, theme_id, time_zone, status, "
            "version, created_at, updated_at) VALUES (:workgroup, 'a', 'A', 'Do.', :theme, 'UTC', "
            f"'active', 1, '{moment}', '{moment}')",
            "INSERT INTO membership (id, group_id, institution_id, joined_by, joined_at) VALUES "
            f"(:membership, :workgroup, :anybody, :anybody, '{moment}')",
        ):
            connection.execute(text(statement), ids)
    return database


def test_a_table_that_rows_refer_to_is_changed_and_keeps_its_rows(before: Database) -> None:
    upgrade(before, WORKGROUPS)
    with before.engine.connect() as connection:
        assert connection.execute(text("SELECT title FROM workgroup")).all() == [("A",)]
        assert connection.execute(text("SELECT count(*) FROM membership")).scalar() == 1


def test_after_an_upgrade_the_database_holds_references_again(before: Database) -> None:
    upgrade(before, WORKGROUPS)
    with before.engine.connect() as connection, pytest.raises(Exception, match=r"(?i)foreign key"):
        connection.execute(text("DELETE FROM workgroup"))


def test_an_update_from_before_drafts_is_published_in_its_place(before: Database) -> None:
    ids = {"update": uuid4().hex, "anybody": uuid4().hex}
    with before.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO posted_update (id, group_id, institution_id, posted_by, kind, title, "
                "text, posted_at) SELECT :update, id, :anybody, :anybody, 'news', 'News', 'Text.', "
                "created_at FROM workgroup"
            ),
            ids,
        )

    upgrade(before, WORKGROUPS)

    with before.engine.connect() as connection:
        kept = connection.execute(
            text(
                "SELECT title, state, version, place = id, created_at = posted_at, pinned_at "
                "FROM posted_update"
            )
        ).one()
    assert tuple(kept) == ("News", "published", 1, True, True, None)
