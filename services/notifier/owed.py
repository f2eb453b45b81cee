"""What people owe: what is overdue or due soon, and what waits for their answer.

It is read from the read models for many people at once, whenever it is asked for, so it is never
older than the last event.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from services.notifier.owed_entries import CLOSED, RANKS, SOON, TO_COME, UNFINISHED, Kind, Owed
from services.notifier.owed_in_groups import owed_in_groups
from services.notifier.standing import Standing
from services.notifier.tables import (
    ActionItem,
    ActionItemPerson,
    Group,
    Introduction,
    Invitation,
    Meeting,
    Reassignment,
    Support,
)
from shared.columns import is_one_of


def owed_by(
    session: Session,
    stands: dict[UUID, Standing],
    speakers: dict[UUID, list[UUID]],
    now: datetime,
) -> dict[UUID, list[Owed]]:
    """Return what each person owes, the weightiest first, asking some ten questions for all.

    ``stands`` tells where each of them stands, ``speakers`` who of them speaks for an institution
    (`standing.speakers`).
    """
    if not stands:
        return {}
    found: dict[UUID, list[Owed]] = {person_id: [] for person_id in stands}
    for person_id, item in (
        *_action_items(session, stands, speakers, now),
        *_reassignments(session, speakers),
        *owed_in_groups(session, stands, speakers),
        *_introductions(session, speakers),
        *_invitations(session, stands, speakers, now),
    ):
        found[person_id].append(item)
    for items in found.values():
        items.sort(key=lambda item: (RANKS[item.kind], item.due or item.since.date(), item.id))
    return found


def _action_items(
    session: Session,
    stands: dict[UUID, Standing],
    speakers: dict[UUID, list[UUID]],
    now: datetime,
) -> Iterator[tuple[UUID, Owed]]:
    unfinished = (
        select(ActionItem, Group.title)
        .join(Group, col(Group.id) == col(ActionItem.group_id))
        .where(
            col(ActionItem.state).in_(UNFINISHED),
            col(ActionItem.due_date) <= (now + SOON + timedelta(days=1)).date(),
            col(Group.status).not_in(CLOSED),
        )
    )
    owners: dict[UUID, set[UUID]] = {}
    items: dict[UUID, tuple[ActionItem, str]] = {}
    for item, title in session.exec(
        unfinished.where(is_one_of(session, ActionItem.institution_id, speakers))
    ):
        items[item.id] = (item, title)
        owners.setdefault(item.id, set()).update(speakers[item.institution_id])
    given = select(ActionItemPerson.action_item_id).where(
        is_one_of(session, ActionItemPerson.person_id, stands)
    )
    named = unfinished.where(col(ActionItem.id).in_(given))
    for item, title in session.exec(named):
        items[item.id] = (item, title)
    if items:
        for item_id, person_id in session.exec(
            select(ActionItemPerson.action_item_id, ActionItemPerson.person_id).where(
                is_one_of(session, ActionItemPerson.action_item_id, items),
                is_one_of(session, ActionItemPerson.person_id, stands),
            )
        ):
            # Who left the group since owes it no more.
            if items[item_id][0].group_id in stands[person_id].groups:
                owners.setdefault(item_id, set()).add(person_id)
    for item_id, people in owners.items():
        item, title = items[item_id]
        over = _midnight(item.due_date + timedelta(days=1), item.time_zone)
        soon = _midnight(item.due_date - SOON, item.time_zone)
        if now < soon:
            continue
        owed = Owed(
            Kind.OVERDUE if over <= now else Kind.DUE_SOON,
            item.id,
            item.title,
            over if over <= now else soon,
            title,
            item.institution_name,
            item.due_date,
        )
        for person_id in people:
            yield person_id, owed


def _reassignments(
    session: Session, speakers: dict[UUID, list[UUID]]
) -> Iterator[tuple[UUID, Owed]]:
    rows = session.exec(
        select(Reassignment, ActionItem, Group.title)
        .join(ActionItem, col(ActionItem.id) == col(Reassignment.action_item_id))
        .join(Group, col(Group.id) == col(ActionItem.group_id))
        .where(
            is_one_of(session, Reassignment.to_institution_id, speakers),
            col(Reassignment.answered_at).is_(None),
            col(Group.status).not_in(CLOSED),
        )
    )
    for asked, item, title in rows:
        owed = Owed(
            Kind.REASSIGNMENT,
            asked.id,
            item.title,
            asked.proposed_at,
            title,
            item.institution_name,
            item.due_date,
        )
        for person_id in speakers[asked.to_institution_id]:
            yield person_id, owed


def _introductions(
    session: Session, speakers: dict[UUID, list[UUID]]
) -> Iterator[tuple[UUID, Owed]]:
    rows = session.exec(
        select(Introduction, Support)
        .join(Support, col(Support.id) == col(Introduction.need_id))
        .where(
            is_one_of(session, Introduction.provider_id, speakers),
            Introduction.state == "requested",
        )
    )
    for asked, need in rows:
        owed = Owed(Kind.INTRODUCTION, asked.id, need.title, asked.since, by=need.institution_name)
        for person_id in speakers[asked.provider_id]:
            yield person_id, owed


def _invitations(
    session: Session,
    person_ids: Collection[UUID],
    speakers: dict[UUID, list[UUID]],
    now: datetime,
) -> Iterator[tuple[UUID, Owed]]:
    rows = session.exec(
        select(Invitation, Meeting)
        .join(Meeting, col(Meeting.id) == col(Invitation.meeting_id))
        .where(
            or_(
                is_one_of(session, Invitation.person_id, person_ids),
                is_one_of(session, Invitation.institution_id, speakers),
            ),
            col(Invitation.stands).is_(True),
            or_(
                col(Invitation.replied_at).is_(None),
                col(Invitation.replied_at) < col(Meeting.moved_at),
            ),
            col(Meeting.status).in_(TO_COME),
            col(Meeting.ends_at) > now,
        )
    )
    for invitation, meeting in rows:
        owed = Owed(
            Kind.MEETING,
            invitation.id,
            meeting.title,
            max(invitation.stood_at, meeting.moved_at),
            at=meeting.begins_at,
            time_zone=meeting.time_zone,
        )
        for person_id in invited(invitation, speakers):
            yield person_id, owed


def invited(invitation: Invitation, speakers: dict[UUID, list[UUID]]) -> list[UUID]:
    """Return the people whom the invitation asks: one, or who speaks for an institution."""
    if invitation.person_id is not None:
        return [invitation.person_id]
    return speakers.get(invitation.institution_id, []) if invitation.institution_id else []


def _midnight(day: date, time_zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
