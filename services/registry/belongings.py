"""What belongs to an institution and changes hands when it is merged, row by row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from services.registry.relations import can_have, has_parent
from services.registry.tables import (
    FocalPoint,
    Institution,
    InstitutionCode,
    InstitutionDomain,
    InstitutionIdentifier,
    InstitutionName,
    InstitutionRelation,
    Invitation,
    SupportItem,
    Table,
)

Row = Mapping[str, Any]


def _as_it_is(_row: Row) -> dict[str, Any]:
    return {}


def _always(_session: Session, _before: Row, _after: Row) -> bool:
    return True


def _still_open(_session: Session, before: Row, _after: Row) -> bool:
    return before["outcome"] is None


def _new_name(session: Session, _before: Row, after: Row) -> bool:
    """Whether the institution doesn't have that name in any kind."""
    same = select(InstitutionName.id).where(
        InstitutionName.institution_id == after["institution_id"],
        InstitutionName.value == after["value"],
    )
    return session.exec(same).first() is None


def _possible_relation(session: Session, before: Row, after: Row) -> bool:
    """Whether a relation goes to another institution, closes no circle, adds no second parent."""
    owner = after["institution_id"]
    changes_owner = owner != before["institution_id"]
    if after["kind"] == "parent" and changes_owner and has_parent(session, owner):
        return False
    return can_have(session, owner, after["kind"], after["other_id"])


def _as_alias(row: Row) -> dict[str, Any]:
    # What the other one shows is one of many names where it goes.
    return {"kind": "former" if row["kind"] == "former" else "alias"}


@dataclass(frozen=True)
class Belonging:
    """Rows of a table that belong to an institution by one of its columns."""

    table: type[Table]
    described: str
    """How a row is named to people, such as ``name {value}``."""
    column: str = "institution_id"
    changed: Callable[[Row], dict[str, Any]] = _as_it_is
    """What else becomes different in a row that moves."""
    fits: Callable[[Session, Row, Row], bool] = _always
    """Whether a row, before and after, can move; what the tables refuse stays anyway."""
    known_by: tuple[str, ...] = ()
    """What a row is found by later; without it, by its primary key."""


BELONGINGS: tuple[Belonging, ...] = (
    Belonging(FocalPoint, "focal point {person_id}"),
    Belonging(Invitation, "open invitation {id}", fits=_still_open),
    Belonging(
        InstitutionName,
        "name {value}",
        changed=_as_alias,
        fits=_new_name,
        # A change of the profile writes the same names as new rows.
        known_by=("institution_id", "kind", "value"),
    ),
    Belonging(InstitutionIdentifier, "identifier {scheme} {value}"),
    Belonging(InstitutionDomain, "domain {domain}"),
    Belonging(InstitutionCode, "code {code} of {vocabulary}"),
    Belonging(SupportItem, "{side} {title}"),
    Belonging(InstitutionRelation, "{kind} {other_id}", fits=_possible_relation),
    Belonging(
        InstitutionRelation,
        "{kind} of {institution_id}",
        column="other_id",
        fits=_possible_relation,
    ),
)
"""Everything that moves when an institution is merged, in this order."""


def rows(session: Session, belonging: Belonging, institution_id: UUID) -> Sequence[Row]:
    """Return the rows of one kind that belong to the institution."""
    table = _table(belonging.table)
    found = session.execute(
        table.select()
        .where(table.c[belonging.column] == institution_id)
        .order_by(*table.primary_key.columns)
    )
    return [dict(row) for row in found.mappings()]


def move(
    session: Session, belonging: Belonging, row: Row, into: Institution
) -> dict[str, Any] | None:
    """Give a row to another institution; ``None`` when that one has its like already."""
    table = _table(belonging.table)
    new = {belonging.column: into.id, **belonging.changed(row)}
    after = {**row, **new}
    known_by = belonging.known_by or tuple(column.name for column in table.primary_key)
    if not belonging.fits(session, row, after) or not _change(
        session, table, {name: row[name] for name in known_by}, new
    ):
        return None
    return {
        "table": table.name,
        "column": belonging.column,
        "described": belonging.described.format_map(row),
        "key": _plain({name: after[name] for name in known_by}),
        "before": _plain({name: row[name] for name in new}),
    }


def move_back(session: Session, moved: dict[str, Any]) -> bool:
    """Give a row back as it was; ``False`` when it is no longer what the merge left."""
    belonging = next(
        each
        for each in BELONGINGS
        if (each.table.__tablename__, each.column) == (moved["table"], moved["column"])
    )
    table = _table(belonging.table)
    key, before = (_typed(table, moved[part]) for part in ("key", "before"))
    still = session.execute(table.select().where(*_equal(table, key))).mappings().first()
    if still is None:
        return False
    row = dict(still)
    return belonging.fits(session, row, {**row, **before}) and _change(session, table, key, before)


def _change(session: Session, table: Any, key: Row, new: Row) -> bool:
    try:
        with session.begin_nested():
            session.execute(update(table).where(*_equal(table, key)).values(**new))
    except IntegrityError:
        return False
    return True


def _equal(table: Any, values: Row) -> list[Any]:
    return [table.c[name] == value for name, value in values.items()]


def _table(model: type[Table]) -> Any:
    return model.metadata.tables[str(model.__tablename__)]


def _plain(values: Row) -> dict[str, Any]:
    return {name: str(each) if isinstance(each, UUID) else each for name, each in values.items()}


def _typed(table: Any, values: Row) -> dict[str, Any]:
    return {
        name: UUID(each) if table.c[name].type.python_type is UUID else each
        for name, each in values.items()
    }
