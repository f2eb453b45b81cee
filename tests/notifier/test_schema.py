"""The migrations make just the tables of the code, and what is looked for is found by an index."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from services.notifier import recipients
from services.notifier.tables import Table
from shared.database import Database
from tests.notifier.partners import person
from tests.notifier.plans import read_wholly
from tests.notifier.world import World


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Table.metadata) == []


def test_the_migrations_make_every_index_of_the_code(database: Database) -> None:
    """Those of expressions too, which the comparison leaves out on SQLite."""
    wanted = {
        str(index.name) for table in Table.metadata.tables.values() for index in table.indexes
    }
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
        "postgresql": "SELECT indexname FROM pg_indexes",
    }
    with database.engine.connect() as connection:
        there = set(connection.scalars(text(catalogue[connection.dialect.name])))
    assert wanted <= there


@pytest.mark.parametrize(
    "asked", ["Ana@Example.org", "nobody@example.org", "018f0000-0000-7000-8000-000000000000"]
)
def test_who_has_an_address_is_found_by_an_index(world: World, asked: str) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    person(world, "ana@example.org")
    whole = read_wholly(world.database, lambda session: recipients.find(session, asked))
    assert whole == set()
