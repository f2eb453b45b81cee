"""Whom a text may mention: people and institutions that are known here, named by their ids."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import sight
from services.workgroups.permissions import may_see
from services.workgroups.tables import Coordinator, FocalPoint, Institution, Participant
from shared.identity import Caller
from shared.problems import INVALID, FieldError, Problem


def require_mentionable(
    session: Session,
    caller: Caller,
    group_id: UUID,
    people: Sequence[UUID],
    institutions: Sequence[UUID],
    *,
    kept: Collection[UUID] = (),
) -> None:
    """Raise a Problem (422) unless each id may be mentioned in the group, once.

    A person must be known here and see the group; an institution must be seen by the caller. What
    is ``kept`` from before may be unseen by now.
    """
    known = _known_people(session, people)
    errors = [
        *_faults(
            "/mentioned_people",
            people,
            [
                person in kept or (person in known and _sees(session, person, group_id))
                for person in people
            ],
            "Not a person who has a role here and sees this group.",
        ),
        *_faults(
            "/mentioned_institutions",
            institutions,
            [
                institution in kept or _is_visible(session, caller, institution)
                for institution in institutions
            ],
            "Not an institution that you see here.",
        ),
    ]
    if errors:
        raise Problem(
            INVALID,
            "Mention each person and institution once, by an id that is known here.",
            errors=errors,
        )


def _faults(
    pointer: str, ids: Sequence[UUID], allowed: Sequence[bool], why: str
) -> list[FieldError]:
    faults = []
    for place, (found, good) in enumerate(zip(ids, allowed, strict=True)):
        if found in ids[:place]:
            detail = "Leave it out here: it is given already."
        elif good:
            continue
        else:
            detail = why
        faults.append(FieldError(pointer=f"{pointer}/{place}", detail=detail))
    return faults


def _known_people(session: Session, people: Sequence[UUID]) -> set[UUID]:
    if not people:
        return set()
    ended = col(Participant.ended_at).is_not(None)
    return {
        *session.exec(select(FocalPoint.person_id).where(col(FocalPoint.person_id).in_(people))),
        *session.exec(select(Coordinator.person_id).where(col(Coordinator.person_id).in_(people))),
        *session.exec(
            select(Participant.person_id).where(col(Participant.person_id).in_(people), ~ended)
        ),
    }


def _sees(session: Session, person_id: UUID, group_id: UUID) -> bool:
    as_they_act = Caller(id=person_id, kind="person", scopes=frozenset({"act"}))
    return sight.is_seen(session, as_they_act, group_id)


def _is_visible(session: Session, caller: Caller, institution_id: UUID) -> bool:
    institution = session.get(Institution, institution_id)
    return institution is not None and may_see(session, caller, institution)
