"""What waits in groups: requests, invitations, and places and roles to be confirmed.

It waits for those who lead the group, and where nobody does for the coordinators of the platform,
as workgroups has it; an invitation waits for those who speak for the institution.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from services.notifier.owed_entries import CLOSED, Kind, Owed
from services.notifier.standing import STEERING, Standing
from services.notifier.tables import Admission, Group, GroupMember, Institution, Participant
from shared.columns import is_one_of

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Since when something is suspended of which that wasn't kept."""

_LEADS = (col(Participant.role).in_(STEERING), col(Participant.suspended).is_(False))


def owed_in_groups(
    session: Session, stands: Mapping[UUID, Standing], speakers: Mapping[UUID, list[UUID]]
) -> Iterator[tuple[UUID, Owed]]:
    """Return what waits in groups for these people, who of them owes it first."""
    coordinators = [person_id for person_id, stand in stands.items() if stand.is_coordinator]
    leaders: dict[UUID, list[UUID]] = {}
    for group_id, person_id in session.exec(
        select(Participant.group_id, Participant.person_id).where(
            is_one_of(session, Participant.person_id, stands), *_LEADS
        )
    ):
        leaders.setdefault(group_id, []).append(person_id)
    led: ColumnElement[bool] = is_one_of(session, Group.id, leaders)
    if coordinators:
        led = or_(led, col(Group.id).not_in(select(Participant.group_id).where(*_LEADS)))
    waiting = [*_admissions(session, led, speakers)]
    if leaders or coordinators:
        waiting += [*_places(session, led), *_roles(session, led)]
    for group_id, institution_id, owed in waiting:
        if institution_id is not None:
            people = speakers.get(institution_id, [])
        else:
            # What only coordinators were asked of has no leader, and the other way round.
            people = leaders.get(group_id, coordinators)
        for person_id in people:
            yield person_id, owed


Waiting = tuple[UUID, UUID | None, Owed]
"""The group, the institution that is to answer unless the group is, and what is owed."""


def _admissions(
    session: Session, led: ColumnElement[bool], speakers: Mapping[UUID, list[UUID]]
) -> Iterator[Waiting]:
    is_request = col(Admission.kind) == "request"
    rows = session.exec(
        select(Admission, Group.title)
        .join(Group, col(Group.id) == col(Admission.group_id))
        .where(
            col(Admission.answered_at).is_(None),
            or_(
                and_(is_request, led),
                and_(~is_request, is_one_of(session, Admission.institution_id, speakers)),
            ),
            col(Group.status).not_in(CLOSED),
        )
    )
    for asked, title in rows:
        if asked.kind == "request":
            name = asked.institution_name
            owed = Owed(Kind.REQUEST, asked.id, name, asked.asked_at, title)
            yield asked.group_id, None, owed
        else:
            owed = Owed(Kind.INVITATION, asked.id, title, asked.asked_at)
            yield asked.group_id, asked.institution_id, owed


def _places(session: Session, led: ColumnElement[bool]) -> Iterator[Waiting]:
    rows = session.exec(
        select(GroupMember, Institution.name, Group.title)
        .join(Group, col(Group.id) == col(GroupMember.group_id))
        .outerjoin(Institution, col(Institution.id) == col(GroupMember.institution_id))
        .where(col(GroupMember.suspended).is_(True), led, col(Group.status).not_in(CLOSED))
    )
    for place, name, title in rows:
        # The registry may be heard later than workgroups.
        headline, group = (name, title) if name else (title, None)
        since = place.suspended_at or LONG_AGO
        owed = Owed(Kind.MEMBERSHIP, place.institution_id, headline, since, group)
        yield place.group_id, None, owed


def _roles(session: Session, led: ColumnElement[bool]) -> Iterator[Waiting]:
    rows = session.exec(
        select(Participant, Institution.name, Group.title)
        .join(Group, col(Group.id) == col(Participant.group_id))
        .outerjoin(Institution, col(Institution.id) == col(Participant.institution_id))
        .where(col(Participant.suspended).is_(True), led, col(Group.status).not_in(CLOSED))
    )
    for role, name, title in rows:
        owed = Owed(Kind.ROLE, role.id, title, role.suspended_at or LONG_AGO, by=name)
        yield role.group_id, None, owed
