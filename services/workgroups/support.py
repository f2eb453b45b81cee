"""Needs and offers as the registry told of them: what updates and action items link to."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, true
from sqlmodel import Session, col, select

from services.workgroups.institutions import VERIFIED
from services.workgroups.permissions import institutions_of, is_coordinator, is_partner
from services.workgroups.tables import Institution, Introduction, Support
from shared.identity import Caller
from shared.problems import INVALID, FieldError, Problem


class Side(StrEnum):
    """Whether something is asked for or given."""

    NEED = "need"
    OFFER = "offer"


SHOWN = ("published", "matched", "agreed", "delivered")
"""The states in which others than its institution see a need or an offer."""


def in_sight(session: Session, caller: Caller | None) -> ColumnElement[bool]:
    """Return the condition on `Support` that the caller sees it, as at the registry.

    Its own people see all of an institution's, a coordinator everything, and others what is shown
    of an institution that they see; ``None`` is somebody unknown.
    """
    if caller is not None and is_coordinator(session, caller):
        return true()
    visible = ["public"]
    if caller is not None and is_partner(session, caller):
        visible.append("partners")
    shown = and_(
        col(Support.state).in_(SHOWN),
        col(Support.institution_id).in_(
            select(Institution.id).where(
                Institution.status == VERIFIED, col(Institution.visibility).in_(visible)
            )
        ),
    )
    own = institutions_of(session, caller) if caller is not None else []
    return or_(shown, col(Support.institution_id).in_(own))


def introductions_in_sight(session: Session, caller: Caller | None) -> ColumnElement[bool]:
    """Return the condition on `Introduction` that the caller sees it, as at the registry.

    What was agreed and delivered is between the people of both sides; coordinators see it too.
    """
    if caller is not None and is_coordinator(session, caller):
        return true()
    own = institutions_of(session, caller) if caller is not None else []
    theirs = select(Support.id).where(col(Support.institution_id).in_(own))
    return or_(col(Introduction.need_id).in_(theirs), col(Introduction.offer_id).in_(theirs))


def seen(
    session: Session, caller: Caller | None, support_ids: Iterable[UUID]
) -> dict[UUID, Support]:
    """Return those of the needs and offers that the caller sees, by id."""
    wanted = set(support_ids)
    if not wanted:
        return {}
    rows = session.exec(
        select(Support).where(col(Support.id).in_(wanted), in_sight(session, caller))
    )
    return {row.id: row for row in rows}


def require_linkable(
    session: Session,
    caller: Caller,
    side: Side,
    support_ids: Sequence[UUID],
    pointer: str,
    *,
    kept: Collection[UUID] = (),
) -> None:
    """Raise a Problem (422) unless each id is a need or an offer that the caller sees.

    ``pointer`` is the place of the list in the body, such as ``/needs``. What is ``kept`` from
    before may have become unseen since.
    """
    found = seen(session, caller, support_ids)
    errors = []
    for place, support_id in enumerate(support_ids):
        if support_id in support_ids[:place]:
            detail = "Leave it out here: it is given already."
        elif support_id in kept or (support_id in found and found[support_id].side == side):
            continue
        else:
            detail = f"Not a {side} that you see. A new one is known here after a moment."
        errors.append(FieldError(pointer=f"{pointer}/{place}", detail=detail))
    if errors:
        raise Problem(
            INVALID,
            f"Link each {side} once, by its id at the registry, and only what you see there.",
            errors=errors,
        )
