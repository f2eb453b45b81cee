"""All that the registry knows of a person, for themselves (GDPR, article 15).

Every table with a foreign key to `Person` takes part by itself: a new table can't be forgotten.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, or_
from sqlmodel import Session, col, select

from services.registry.people import address_key
from services.registry.tables import IdempotencyRecord, Invitation, Outbox, Person
from services.registry.tables import Table as Registered
from shared.events.envelope import Event

SECRETS = ("_digest",)
"""How the names of columns end that hold what is kept of a secret."""

OF_SOMEBODY_ELSE = {"invitation": frozenset({"name", "email", "email_key"})}
"""Columns that tell of the other person, where the row was made by this one."""


def columns_of_people(table: Table) -> list[Column[Any]]:
    """Return the columns of a table that refer to a person."""
    return [
        column
        for column in table.columns
        if any(key.column.table.name == Person.__tablename__ for key in column.foreign_keys)
    ]


def tables_of_people() -> Iterator[Table]:
    """Yield each table that refers to a person."""
    for table in Registered.metadata.sorted_tables:
        if columns_of_people(table):
            yield table


def everything_about(session: Session, person: Person) -> dict[str, Any]:
    """Return all that is stored of the person, by table, and the events about them.

    Digests of secrets are left out, and what a row tells of somebody else.
    """
    return {
        "person": person.model_dump(mode="json"),
        "records": {
            table.name: [_shown(row) for row in _rows(session, table, person)]
            for table in tables_of_people()
        },
        "answers_kept_for_a_day": [
            {"key": record.key, "status": record.status, "recorded_at": record.recorded_at}
            for record in session.exec(
                select(IdempotencyRecord).where(IdempotencyRecord.caller == str(person.id))
            )
        ],
        "events": [event.model_dump(mode="json") for event in events_about(session, person.id)],
    }


def events_about(session: Session, person_id: UUID) -> list[Event]:
    """Return the stored events that name the person's id, oldest first."""
    rows = session.exec(
        select(Outbox.event)
        .where(col(Outbox.event).contains(str(person_id), autoescape=True))
        .order_by(col(Outbox.id))
    )
    return [Event.model_validate_json(event) for event in rows]


def _rows(session: Session, table: Table, person: Person) -> list[dict[str, Any]]:
    about = [column == person.id for column in columns_of_people(table)]
    if table.name == Invitation.__tablename__:
        about.append(table.c.email_key == address_key(person.email))
    found = session.execute(table.select().where(or_(*about)))
    rows = [dict(row) for row in found.mappings()]
    if table.name in OF_SOMEBODY_ELSE:
        rows = [_without_the_other(table.name, row, person) for row in rows]
    return rows


def _without_the_other(name: str, row: dict[str, Any], person: Person) -> dict[str, Any]:
    if row["accepted_by"] == person.id or row["email_key"] == person.email_key:
        return row
    return {key: value for key, value in row.items() if key not in OF_SOMEBODY_ELSE[name]}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.endswith(SECRETS)}
