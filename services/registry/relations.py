"""What institutions are to each other: parents and predecessors, without circles."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from services.registry.tables import Institution, InstitutionRelation
from shared.problems import FieldError

Kind = Literal["parent", "predecessor"]
Relation = Literal["parent", "child", "predecessor", "successor"]

_INVERSE: dict[str, Relation] = {"parent": "child", "predecessor": "successor"}
_LOCK = 0x5EA1
"""Names the lock under which relations change; any number that nothing else in the schema uses."""


@dataclass(frozen=True)
class Related:
    """Another institution, and what it is to this one."""

    relation: Relation
    institution: Institution


def relation_faults(
    session: Session,
    institution_id: UUID | None,
    wanted: Iterable[tuple[Kind, UUID, str]],
    visible: ColumnElement[bool],
) -> list[FieldError]:
    """Return a fault for each wanted relation that can't be, at its place in the body.

    ``wanted`` are the new ones alone, each with its pointer; ``institution_id`` is ``None`` for an
    institution that is only being registered. The other one must be ``visible`` to the caller.
    """
    wanted = list(wanted)
    if not wanted:
        return []
    take_turns(session)
    others = {other for _, other, _ in wanted}
    found = set(
        session.exec(
            select(Institution.id).where(
                col(Institution.id).in_(others), col(Institution.status) != "rejected", visible
            )
        )
    )
    faults = []
    for kind, other, pointer in wanted:
        if other == institution_id:
            detail = f"Name another institution: it can't be its own {kind}."
        elif other not in found:
            detail = "Give the id of an institution that you can see and that isn't rejected."
        elif institution_id is not None and _leads_to(session, kind, other, institution_id):
            detail = f"Name another institution: this one is already a {kind} of that one."
        else:
            continue
        faults.append(FieldError(pointer=pointer, detail=detail))
    return faults


def relation_rows(
    institution: Institution, profile: Mapping[str, Any]
) -> Iterator[InstitutionRelation]:
    """Yield what the table of relations holds of a profile: its parent and its predecessors."""
    wanted = [("predecessor", other) for other in profile["predecessors"]]
    if profile["parent"] is not None:
        wanted.append(("parent", profile["parent"]))
    for kind, other in wanted:
        yield InstitutionRelation(institution_id=institution.id, kind=kind, other_id=UUID(other))


def related(
    session: Session, institution_id: UUID, visible: ColumnElement[bool] | None = None
) -> list[Related]:
    """Return every institution that this one is related to, of those ``visible``.

    A child and a successor are found by what they say themselves.
    """
    seen: Any = [] if visible is None else [visible]
    own = session.exec(
        select(InstitutionRelation.kind, Institution)
        .where(
            col(InstitutionRelation.other_id) == col(Institution.id),
            col(InstitutionRelation.institution_id) == institution_id,
            *seen,
        )
        .order_by(col(Institution.id))
    )
    inverse = session.exec(
        select(InstitutionRelation.kind, Institution)
        .where(
            col(InstitutionRelation.institution_id) == col(Institution.id),
            col(InstitutionRelation.other_id) == institution_id,
            *seen,
        )
        .order_by(col(Institution.id))
    )
    return [
        *(Related(kind, other) for kind, other in own),  # type: ignore[arg-type]
        *(Related(_INVERSE[kind], other) for kind, other in inverse),
    ]


def can_have(session: Session, institution_id: UUID, kind: str, other_id: UUID) -> bool:
    """Return whether a relation would be one to another institution, and close no circle."""
    return institution_id != other_id and not _leads_to(session, kind, other_id, institution_id)


def has_parent(session: Session, institution_id: UUID) -> bool:
    """Return whether an institution is a part of another."""
    parent = select(InstitutionRelation.other_id).where(
        InstitutionRelation.institution_id == institution_id, InstitutionRelation.kind == "parent"
    )
    return session.exec(parent).first() is not None


def _leads_to(session: Session, kind: str, start: UUID, goal: UUID) -> bool:
    """Whether one comes from ``start``, going on and on to the parent or predecessors, to goal."""
    seen: set[UUID] = set()
    ahead = {start}
    while ahead:
        if goal in ahead:
            return True
        seen |= ahead
        ahead = (
            set(
                session.exec(
                    select(InstitutionRelation.other_id).where(
                        col(InstitutionRelation.institution_id).in_(ahead),
                        InstitutionRelation.kind == kind,
                    )
                )
            )
            - seen
        )
    return False


def take_turns(session: Session) -> None:
    """Wait until nobody else changes relations; until the transaction ends nobody else does."""
    # Two relations that are made at the same time could close a circle that neither sees. SQLite
    # has one writer anyhow.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
