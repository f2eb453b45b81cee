"""Roles: what a person follows because of what they do, until they choose otherwise.

Whose roles or address changed is noted with the change, and looked at a moment later
(`role_subscriptions`): so neither the order of events matters, nor that they come again, nor what a
rebuild shows in between.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from services.notifier import targets
from services.notifier.tables import (
    Coordinator,
    FocalPoint,
    GroupMember,
    Institution,
    Participant,
    RoleNews,
)
from services.notifier.targets import EVERYTHING, Target
from services.notifier.vocabulary import Frequency

LEADING = frozenset({"coordinator", "co_chair"})
"""The roles that lead a group."""


def brings(session: Session, person_id: UUID) -> dict[Target, Frequency]:
    """Return what the person's roles of now bring, and how soon.

    Weekly their institutions, the groups of these and their own, and for a coordinator of the
    platform everything; daily the groups that they lead. An institution that is not verified, and a
    place that waits to be confirmed, bring nothing.
    """
    found: dict[Target, Frequency] = {}
    if session.get(Coordinator, person_id) is not None:
        found[EVERYTHING] = Frequency.WEEKLY
    institutions = session.exec(
        select(FocalPoint.institution_id)
        .join(Institution, col(Institution.id) == col(FocalPoint.institution_id))
        .where(FocalPoint.person_id == person_id, Institution.status == "verified")
    ).all()
    found |= {targets.institution(each): Frequency.WEEKLY for each in institutions}
    of_institutions = session.exec(
        select(GroupMember.group_id).where(
            col(GroupMember.institution_id).in_(institutions),
            col(GroupMember.suspended).is_(False),
        )
    )
    found |= {targets.group(each): Frequency.WEEKLY for each in of_institutions}
    own = session.exec(
        select(Participant.group_id, Participant.role).where(
            Participant.person_id == person_id, col(Participant.suspended).is_(False)
        )
    ).all()
    found |= {targets.group(group_id): Frequency.WEEKLY for group_id, _ in own}
    found |= {targets.group(group_id): Frequency.DAILY for group_id, role in own if role in LEADING}
    return found


def speakers(session: Session, institution_id: UUID) -> list[UUID]:
    """Return who speaks for the institution."""
    return list(
        session.exec(
            select(FocalPoint.person_id).where(FocalPoint.institution_id == institution_id)
        )
    )


def note(session: Session, people: Iterable[UUID], due_at: datetime) -> None:
    """Note that what these people's roles bring is to be brought up to date at that time."""
    rows = [{"person_id": person_id, "due_at": due_at} for person_id in sorted(set(people))]
    if not rows:
        return
    dialect: Any = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(RoleNews).values(rows)
    # An update, even to the same, waits for who takes the note at this moment.
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id"], set_={"due_at": statement.excluded.due_at}
        )
    )
