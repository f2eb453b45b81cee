"""Erasing a person: the name goes from every table, the id stays where somebody acted."""

from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, select

from services.workgroups.tables import Table
from shared.database import Database
from shared.events.catalogue import CoordinatorAppointed, FocalPointConfirmed, PersonErased
from tests.workgroups.belonging import door
from tests.workgroups.world import Workgroups

NAME = "Somchai Prasert"

OF_WHO_ACTED = (".by", "_by", "person_id", "actor_id", "presenter_id")
"""How columns end that say who did something, by an id that nobody can resolve any more."""


def where_text(database: Database, text: str) -> set[str]:
    """Return the tables in which a row holds the text, in any column."""
    with database.read() as session:
        return {
            table.name
            for table in Table.metadata.sorted_tables
            for row in session.execute(select(table))
            if text.casefold() in str(tuple(row)).casefold()
        }


def columns_with(database: Database, person_id: UUID) -> set[str]:
    """Return the columns of ids in which the person is, as ``table.column``."""
    with database.read() as session:
        return {
            f"{table.name}.{column.name}"
            for table in Table.metadata.sorted_tables
            for column in table.columns
            if isinstance(column.type, Uuid)
            and session.execute(select(column).where(column == person_id)).first() is not None
        }


def test_nothing_of_the_name_remains_and_the_id_only_where_somebody_acted(
    workgroups: Workgroups,
) -> None:
    asked, unv = door(workgroups), workgroups.partner("UNV")
    person = unv.focal_point
    workgroups.tell(
        CoordinatorAppointed(person_id=person.id, person_name=NAME),
        FocalPointConfirmed(
            person_id=person.id, institution_id=unv.id, person_name=NAME, role="focal_point"
        ),
    )
    body: dict[str, Any] = {"institution_id": str(unv.id)}
    path = f"{asked.path}/requests"
    requested = workgroups.send(person, "POST", path, body, idempotency_key="a")
    asked.answer(asked.coordinator, requested.json(), "approve")
    role = {"person_id": str(person.id), "role": "coordinator", "institution_id": str(unv.id)}
    workgroups.send(asked.coordinator, "POST", f"{asked.path}/roles", role, idempotency_key="b")
    workgroups.made(
        person,
        f"{asked.path}/updates",
        {**body, "kind": "news", "title": "News", "text": "Text."},
    )
    assert where_text(workgroups.database, NAME) >= {"focal_point", "idempotency_record"}

    for _ in range(2):
        workgroups.tell(PersonErased(person_id=person.id))

    assert where_text(workgroups.database, NAME) == set()
    kept = columns_with(workgroups.database, person.id)
    assert kept >= {"participant.person_id", "membership_history.person_id"}
    assert {name for name in kept if not name.endswith(OF_WHO_ACTED)} == set()
    history = workgroups.read(asked.coordinator, f"{asked.path}/membership-history")["items"]
    of_person = [entry["person"] for entry in history if entry["person"]]
    assert of_person == [{"id": str(person.id), "name": None}] * len(of_person)


def test_the_names_of_others_stay(workgroups: Workgroups) -> None:
    workgroups.coordinator()
    workgroups.tell(PersonErased(person_id=workgroups.person().id))
    assert "coordinator" in where_text(workgroups.database, "Chanda Mwila")
