"""Who sees to an action item: people of the accountable institution."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from services.workgroups.tables import (
    ActionItem,
    ActionItemPerson,
    Coordinator,
    FocalPoint,
    Participant,
)
from shared.problems import INVALID, FieldError, Problem


def people_of(session: Session, item_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Return the people of each action item, in the order of their ids."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for item_id, person_id in session.exec(
        select(ActionItemPerson.action_item_id, ActionItemPerson.person_id)
        .where(col(ActionItemPerson.action_item_id).in_(set(item_ids)))
        .order_by(col(ActionItemPerson.person_id))
    ):
        found[item_id].append(person_id)
    return found


def replace_people(session: Session, item: ActionItem, person_ids: Sequence[UUID]) -> None:
    """Let these people see to the action item, and nobody else."""
    session.execute(delete(ActionItemPerson).where(col(ActionItemPerson.action_item_id) == item.id))
    session.add_all(
        ActionItemPerson(action_item_id=item.id, person_id=person_id) for person_id in person_ids
    )
    session.flush()


def require_people(
    session: Session, group_id: UUID, institution_id: UUID, person_ids: Sequence[UUID]
) -> None:
    """Raise a Problem (422) unless each speaks for the institution or takes part through it."""
    known = {
        *session.exec(
            select(FocalPoint.person_id).where(
                FocalPoint.institution_id == institution_id,
                col(FocalPoint.person_id).in_(person_ids),
            )
        ),
        *session.exec(
            select(Participant.person_id).where(
                Participant.group_id == group_id,
                Participant.institution_id == institution_id,
                col(Participant.person_id).in_(person_ids),
                Participant.state == "active",
                col(Participant.ended_at).is_(None),
            )
        ),
    }
    faults = [
        FieldError(
            pointer=f"/person_ids/{place}",
            detail="Name somebody who speaks for the accountable institution or takes part in the "
            "group through it.",
        )
        for place, person_id in enumerate(person_ids)
        if person_id not in known
    ]
    if faults:
        raise Problem(INVALID, f"Correct {faults[0].pointer}: {faults[0].detail}", errors=faults)


def names_of_people(session: Session, person_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of those of the people whose names workgroups knows."""
    wanted = set(person_ids)
    names: dict[UUID, str] = {}
    for table in (Coordinator, FocalPoint):
        names.update(
            session.exec(
                select(table.person_id, table.name).where(col(table.person_id).in_(wanted))
            ).all()
        )
    return names
