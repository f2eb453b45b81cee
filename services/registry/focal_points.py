"""Who speaks for an institution: roles given, changed, handed over and taken.

An open institution keeps at least one focal point. Only a coordinator may let the last one go, by
saying so, and then every coordinator is told.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlmodel import Session, col, select

from services.registry import outgoing_letters
from services.registry.tables import (
    Coordinator,
    FocalPoint,
    Institution,
    Invitation,
    OutgoingLetter,
    Person,
    RoleChange,
)
from shared import outbox
from shared.events.catalogue import (
    FocalPointConfirmed,
    FocalPointRemoved,
    FocalPointRole,
    InstitutionLeftWithoutFocalPoint,
)
from shared.problems import CONFLICT, INVALID, NOT_FOUND, FieldError, Problem

CLOSED = frozenset({"unconfirmed", "rejected", "merged"})
"""The states in which nobody can begin to speak for an institution."""

NOTHING_TO_ANSWER_FOR = CLOSED | {"withdrawn"}
"""The states in which the last focal point may leave without a word."""

RoleAction = Literal["accepted", "changed", "handed_over", "removed", "erased"]


def role_in(session: Session, institution: Institution, person_id: UUID) -> FocalPoint:
    """Return the confirmed role of the person; a Problem (404) when they have none."""
    role = session.get(FocalPoint, (person_id, institution.id))
    if role is None or role.confirmed_at is None:
        raise Problem(
            NOT_FOUND,
            "That person doesn't speak for this institution. See who does at "
            f"/institutions/{institution.id}/people.",
        )
    return role


def is_last_focal_point(session: Session, institution: Institution, person_id: UUID) -> bool:
    """Return whether an open institution would have no focal point without the person."""
    if institution.status in NOTHING_TO_ANSWER_FOR:
        return False
    focal_points = session.exec(
        select(FocalPoint.person_id).where(
            FocalPoint.institution_id == institution.id,
            FocalPoint.role == "focal_point",
            col(FocalPoint.confirmed_at).is_not(None),
        )
    ).all()
    return focal_points == [person_id]


def give(
    session: Session,
    institution: Institution,
    person: Person,
    role: FocalPointRole,
    *,
    action: RoleAction,
    by: UUID,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Let the person speak for the institution in that role from now on, and tell it."""
    held = session.get(FocalPoint, (person.id, institution.id))
    if held is None:
        held = FocalPoint(person_id=person.id, institution_id=institution.id, named_at=now)
    else:
        held.version += 1
    held.role = role
    held.confirmed_at = held.confirmed_at or now
    session.add(held)
    _note(session, institution, person.id, action, by=by, now=now, role=role, reason=reason)
    outbox.publish(
        session,
        FocalPointConfirmed(
            person_id=person.id,
            institution_id=institution.id,
            person_name=person.name,
            role=role,
        ),
        subject=f"institutions/{institution.id}",
    )


def change_role(
    session: Session,
    institution: Institution,
    held: FocalPoint,
    role: FocalPointRole,
    *,
    by: UUID,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Make a focal point an alternate or the other way round; the same role changes nothing.

    Raises a Problem (409) when it would leave the institution without a focal point.
    """
    if held.role == role:
        return
    if role == "alternate" and is_last_focal_point(session, institution, held.person_id):
        raise _is_the_last(institution)
    person = session.get_one(Person, held.person_id)
    give(session, institution, person, role, action="changed", by=by, now=now, reason=reason)


def remove(
    session: Session,
    institution: Institution,
    person_id: UUID,
    *,
    by: UUID,
    reason: str,
    now: datetime,
    leave_without_focal_point: bool = False,
) -> list[OutgoingLetter]:
    """Take the person's role; return the letters that tell it.

    Raises a Problem: 404 when they have none, 409 when they are the last focal point, unless
    ``leave_without_focal_point`` says that this is meant.
    """
    role_in(session, institution, person_id)
    last = is_last_focal_point(session, institution, person_id)
    if last and not leave_without_focal_point:
        raise _is_the_last(institution)
    take(session, institution, person_id, action="removed", by=by, reason=reason, now=now)
    told = {"institution_id": str(institution.id), "by": str(by), "reason": reason}
    letters = []
    if by != person_id:
        person = session.get_one(Person, person_id)
        letters.append(outgoing_letters.to_person(session, "role_taken", person, told, now))
    if last:
        letters += tell_left_without(session, institution, by=by, reason=reason, now=now)
    return letters


def take(
    session: Session,
    institution: Institution,
    person_id: UUID,
    *,
    action: RoleAction,
    by: UUID,
    reason: str | None,
    now: datetime,
) -> None:
    """Take the person's role, whatever it was, and tell it."""
    session.delete(session.get_one(FocalPoint, (person_id, institution.id)))
    _note(session, institution, person_id, action, by=by, now=now, reason=reason)
    outbox.publish(
        session,
        FocalPointRemoved(person_id=person_id, institution_id=institution.id),
        subject=f"institutions/{institution.id}",
    )


def tell_left_without(
    session: Session, institution: Institution, *, by: UUID, reason: str, now: datetime
) -> list[OutgoingLetter]:
    """Tell that nobody speaks for the institution now; return the coordinators' letters."""
    outbox.publish(
        session,
        InstitutionLeftWithoutFocalPoint(
            institution_id=institution.id, institution_name=institution.name
        ),
        subject=f"institutions/{institution.id}",
    )
    coordinators = session.exec(
        select(Person).where(col(Person.id).in_(select(Coordinator.person_id)))
    ).all()
    told = {"institution_id": str(institution.id), "by": str(by), "reason": reason}
    return [
        outgoing_letters.to_person(session, "left_without_focal_point", person, told, now)
        for person in coordinators
    ]


def hand_over(
    session: Session,
    institution: Institution,
    leaver: FocalPoint,
    to: UUID,
    *,
    reason: str,
    now: datetime,
) -> Invitation | None:
    """Let the focal point ``leaver`` hand their place to ``to``, and leave.

    ``to`` is somebody who speaks for the institution, who takes the place at once, or an open
    invitation, which is returned: then the place is taken when it is accepted. Raises a Problem
    (422) for anybody else.
    """
    successor = session.get(FocalPoint, (to, institution.id))
    if successor is not None and successor.confirmed_at is not None and to != leaver.person_id:
        person = session.get_one(Person, to)
        told = {"action": "handed_over", "by": leaver.person_id, "now": now, "reason": reason}
        if successor.role != "focal_point":
            give(session, institution, person, "focal_point", **told)  # type: ignore[arg-type]
        take(session, institution, leaver.person_id, **told)  # type: ignore[arg-type]
        return None
    invitation = session.get(Invitation, to, with_for_update=True)
    if (
        invitation is None
        or invitation.institution_id != institution.id
        or invitation.outcome is not None
        or invitation.expires_at <= now
    ):
        raise Problem(
            INVALID,
            "Hand over to another person of this institution, or to an open invitation.",
            errors=[
                FieldError(
                    pointer="/to",
                    detail="Give the id of another person of the institution or of an open "
                    "invitation.",
                )
            ],
        )
    invitation.role = "focal_point"
    invitation.hands_over_from = leaver.person_id
    invitation.hand_over_reason = reason
    session.add(invitation)
    return invitation


def _note(
    session: Session,
    institution: Institution,
    person_id: UUID,
    action: RoleAction,
    *,
    by: UUID,
    now: datetime,
    role: str | None = None,
    reason: str | None = None,
) -> None:
    session.add(
        RoleChange(
            institution_id=institution.id,
            person_id=person_id,
            action=action,
            role=role,
            actor_id=by,
            reason=reason,
            at=now,
        )
    )
    session.flush()


def _is_the_last(institution: Institution) -> Problem:
    return Problem(
        CONFLICT,
        f"This is the last focal point of {institution.name}. Hand over first "
        f"(POST /institutions/{institution.id}/hand-over), make an alternate a focal point, or "
        "let a coordinator confirm that nobody shall speak for it.",
    )
