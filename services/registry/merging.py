"""Merging: of two institutions that are one, one goes on with what belonged to both.

The other stays as a tombstone that leads there. Everything that changed hands is written down, so
that a merge can be undone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.registry import merge_steps
from services.registry.duplicates import keep_search_keys
from services.registry.profiles import Document, profiles_of
from services.registry.relations import can_have, has_parent, take_turns
from services.registry.tables import (
    FocalPoint,
    Institution,
    InstitutionCode,
    InstitutionDomain,
    InstitutionIdentifier,
    InstitutionName,
    InstitutionRelation,
    Invitation,
    Merge,
    Person,
    SupportItem,
    Table,
)
from services.registry.transitions import TRANSITIONS, Action, Status, require_possible
from shared import outbox
from shared.columns import utc_now
from shared.events.catalogue import FocalPointConfirmed, FocalPointRemoved
from shared.problems import INVALID, NOT_ALLOWED_NOW, NOT_FOUND, FieldError, Problem

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


@dataclass(frozen=True)
class Pair:
    """Two institutions, both locked, as they are now."""

    institution: Institution
    other: Institution


@dataclass(frozen=True)
class Moved:
    """A merged institution, the one that it is part of in the end, and its own version."""

    id: UUID
    merged_into: UUID
    version: int


def lock_to_merge(session: Session, institution_id: UUID, into_id: UUID) -> Pair:
    """Return an institution and the one that it shall become part of.

    Raises a Problem (422) when that is itself or isn't there.
    """
    found = _locked(session, institution_id, into_id)
    if into_id == institution_id:
        raise _bad_survivor("An institution can't be merged into itself.")
    if into_id not in found:
        raise _bad_survivor("There is no institution of that id.")
    return Pair(found[institution_id], found[into_id])


def merge(session: Session, pair: Pair, reason: str, by: UUID) -> Merge:
    """Merge the first of two institutions into the other, and return what that moved.

    A row whose like the other has already stays where it is. Raises a Problem: 409 in a state in
    which the first can't be merged, 422 when the other can't take it.
    """
    institution, into = pair.institution, pair.other
    require_possible(institution, Action.MERGE)
    _require_survivor(institution, into)
    made = Merge(
        institution_id=institution.id,
        into_id=into.id,
        status_before=institution.status,
        reason=reason,
        by=by,
    )
    take_turns(session)
    before = profiles_of(session, [institution, into])
    made.moved = [
        moved
        for belonging in BELONGINGS
        for row in _rows(session, belonging, institution.id)
        if (moved := _move(session, belonging, row, into))
    ]
    session.add(made)
    _read_anew(session)
    changes = _differences(before, profiles_of(session, [institution, into]))
    merge_steps.merge(session, institution, into, by, reason=reason, changes=changes)
    _tell_of_people(session, made.moved, leaving=institution, joining=into)
    _find_anew(session, pair)
    return made


def lock_to_unmerge(session: Session, institution_id: UUID) -> tuple[Pair, Merge | None]:
    """Return a merged institution, the one it is part of, and the merge; none without a merge."""
    made = session.exec(
        select(Merge).where(Merge.institution_id == institution_id, col(Merge.undone_at).is_(None))
    ).first()
    found = _locked(session, institution_id, made.into_id if made else institution_id)
    institution = found[institution_id]
    if made is None or institution.status != Status.MERGED:
        return Pair(institution, institution), None
    return Pair(institution, found[made.into_id]), made


def unmerge(session: Session, pair: Pair, made: Merge | None, reason: str, by: UUID) -> list[str]:
    """Undo a merge: what was moved goes back. Return in words what couldn't.

    Raises a Problem (409) when the institution isn't merged, or what it is part of is by now.
    """
    institution, survivor = pair.institution, pair.other
    require_possible(institution, Action.UNMERGE)
    if made is None:
        raise Problem(NOT_FOUND, "What this merge moved was not written down: nothing is undone.")
    if survivor.status == Status.MERGED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"{survivor.name} ({survivor.id}), of which it is part, was merged itself since. "
            "Undo that merge first.",
        )
    take_turns(session)
    before = profiles_of(session, [institution, survivor])
    back: list[dict[str, Any]] = []
    lost: list[str] = []
    for moved in reversed(made.moved):
        if _move_back(session, moved):
            back.append(moved)
        else:
            lost.append(f"{moved['described']}: changed or removed since, or given anew")
    made.undone_at, made.undone_by = utc_now(), by
    session.add(made)
    _read_anew(session)
    merge_steps.unmerge(
        session,
        institution,
        survivor,
        by,
        reason=reason,
        back_to=Status(made.status_before),
        changes=_differences(before, profiles_of(session, [institution, survivor])),
    )
    _tell_of_people(session, list(reversed(back)), leaving=survivor, joining=institution)
    _find_anew(session, pair)
    return list(reversed(lost))


def moved_to(session: Session, institution_id: UUID) -> Moved | None:
    """Return where a merged institution went; ``None`` when it isn't merged or isn't there."""
    start = session.get(Institution, institution_id)
    if start is None or start.merged_into is None:
        return None
    # A chain has an end: what was merged can't take another.
    last = start
    while last.merged_into is not None:
        last = session.get_one(Institution, last.merged_into)
    return Moved(start.id, last.id, start.version)


def _require_survivor(institution: Institution, into: Institution) -> None:
    if into.merged_into == institution.id:
        raise _bad_survivor(f"{into.name} is part of this one already: that would be a circle.")
    if into.status not in TRANSITIONS[Action.ABSORB].sources:
        raise _bad_survivor(f"{into.name} is {into.status}: nothing can be merged into it.")
    if institution.status == Status.VERIFIED and into.status != Status.VERIFIED:
        raise _bad_survivor(
            f"{into.name} isn't verified and this one is. Merge them the other way round."
        )


def _bad_survivor(why: str) -> Problem:
    return Problem(
        INVALID,
        why,
        errors=[
            FieldError(
                pointer="/into",
                detail="Give the id of another institution, submitted, returned or verified.",
            )
        ],
    )


def _locked(session: Session, *ids: UUID) -> dict[UUID, Institution]:
    # Always in one order: two merges at once wait for each other and don't lock each other out.
    found = session.exec(
        select(Institution)
        .where(col(Institution.id).in_(ids))
        .order_by(col(Institution.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {each.id: each for each in found}


def _rows(session: Session, belonging: Belonging, institution_id: UUID) -> Sequence[Row]:
    table = _table(belonging.table)
    found = session.execute(
        table.select()
        .where(table.c[belonging.column] == institution_id)
        .order_by(*table.primary_key.columns)
    )
    return [dict(row) for row in found.mappings()]


def _move(
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


def _move_back(session: Session, moved: dict[str, Any]) -> bool:
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


def _tell_of_people(
    session: Session,
    moved: Sequence[dict[str, Any]],
    *,
    leaving: Institution,
    joining: Institution,
) -> None:
    people = [
        UUID(each["key"]["person_id"])
        for each in moved
        if each["table"] == FocalPoint.__tablename__
    ]
    for person_id in people:
        role = session.get_one(FocalPoint, (person_id, joining.id))
        if role.confirmed_at is None:
            continue
        person = session.get_one(Person, person_id)
        outbox.publish(
            session,
            FocalPointRemoved(person_id=person_id, institution_id=leaving.id),
            subject=f"institutions/{leaving.id}",
        )
        outbox.publish(
            session,
            FocalPointConfirmed.model_validate(
                {
                    "person_id": person_id,
                    "institution_id": joining.id,
                    "person_name": person.name,
                    "role": role.role,
                }
            ),
            subject=f"institutions/{joining.id}",
        )


def _read_anew(session: Session) -> None:
    # The rows were changed behind the session's back.
    session.flush()
    session.expire_all()


def _differences(
    before: Mapping[UUID, Document], after: Mapping[UUID, Document]
) -> dict[UUID, dict[str, list[Any]]]:
    return {
        each: {
            field: [value, after[each][field]]
            for field, value in before[each].items()
            if value != after[each][field]
        }
        for each in before
    }


def _find_anew(session: Session, pair: Pair) -> None:
    for each in (pair.institution, pair.other):
        keep_search_keys(session, each.id)


def _table(model: type[Table]) -> Any:
    return model.metadata.tables[str(model.__tablename__)]


def _plain(values: Row) -> dict[str, Any]:
    return {name: str(each) if isinstance(each, UUID) else each for name, each in values.items()}


def _typed(table: Any, values: Row) -> dict[str, Any]:
    return {
        name: UUID(each) if table.c[name].type.python_type is UUID else each
        for name, each in values.items()
    }
