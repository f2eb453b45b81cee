"""Conditions that mean the same on SQLite and PostgreSQL."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from shared.columns import is_one_of
from shared.database import Database
from tests.shared.ledger import Entry, Table

KEPT = [UUID(int=number) for number in range(5)]


@pytest.fixture
def database(database_url: str) -> Database:
    database = Database(database_url)
    Table.metadata.create_all(database.engine)
    with database.write() as session:
        session.add_all(Entry(id=each, title="x", name=f"it's number {each.int}") for each in KEPT)
    return database


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.lists(st.sampled_from([*KEPT, UUID(int=77)]), max_size=120),
    names=st.lists(st.sampled_from(["it's number 1", "it's number 4", "{it's,number}", ""])),
)
def test_a_column_is_one_of_the_values_just_when_in_says_so(
    database: Database, asked: list[UUID], names: list[str]
) -> None:
    with database.read() as session:
        for attribute, values in ((Entry.id, asked), (Entry.name, names)):
            found = session.exec(
                select(attribute).where(is_one_of(session, attribute, values))
            ).all()
            plain = session.exec(select(attribute).where(col(attribute).in_(values))).all()
            assert sorted(found) == sorted(plain)
            assert set(found) <= set(values)
