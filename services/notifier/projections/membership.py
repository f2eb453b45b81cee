"""Who belongs to a group, by institution and by person, and the news of it."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.notifier import roles, targets
from services.notifier.projections.admissions import admitted
from services.notifier.projections.telling import tell
from services.notifier.tables import (
    GroupMember,
    Participant,
)
from services.notifier.vocabulary import NoticeKind
from shared.columns import utc_now
from shared.events.catalogue import (
    MembershipConfirmed,
    MembershipJoined,
    MembershipLeft,
    MembershipMoved,
    MembershipSuspended,
    RoleConfirmed,
    RoleEnded,
    RoleEvent,
    RoleGiven,
    RoleSuspended,
)
from shared.events.envelope import Event


def membership_joined(session: Session, event: Event, data: MembershipJoined) -> None:
    """Keep that the institution belongs to the group, and tell readers."""
    _keep_member(session, data.group_id, data.institution_id)
    admitted(session, data, event.time)
    _tell_of_membership(session, event, NoticeKind.MEMBER_JOINED, data)


def membership_left(session: Session, event: Event, data: MembershipLeft) -> None:
    """Forget that the institution belonged to the group, and tell readers."""
    _tell_of_membership(session, event, NoticeKind.MEMBER_LEFT, data)
    _forget_member(session, data.group_id, data.institution_id)


def membership_suspended(session: Session, event: Event, data: MembershipSuspended) -> None:
    """Keep that the place of the institution waits to be confirmed."""
    _keep_member(session, data.group_id, data.institution_id, suspended_at=event.time)


def membership_confirmed(session: Session, _event: Event, data: MembershipConfirmed) -> None:
    """Keep that the institution belongs to the group again."""
    _keep_member(session, data.group_id, data.institution_id)


def membership_moved(session: Session, _event: Event, data: MembershipMoved) -> None:
    """Let the other institution have the place."""
    _forget_member(session, data.group_id, data.institution_id)
    _keep_member(session, data.group_id, data.into_id)


def role_held(session: Session, _event: Event, data: RoleGiven | RoleConfirmed) -> None:
    """Keep the role of the person in the group."""
    session.merge(_participant(data))
    roles.note(session, [data.person_id], utc_now())


def role_suspended(session: Session, event: Event, data: RoleSuspended) -> None:
    """Keep that the role waits to be confirmed."""
    role = _participant(data)
    role.suspended, role.suspended_at = True, event.time
    session.merge(role)
    roles.note(session, [data.person_id], utc_now())


def role_ended(session: Session, _event: Event, data: RoleEnded) -> None:
    """Forget the role."""
    role = session.get(Participant, data.participant_id)
    if role is not None:
        session.delete(role)
    roles.note(session, [data.person_id], utc_now())


def _participant(data: RoleEvent) -> Participant:
    return Participant(
        id=data.participant_id,
        group_id=data.group_id,
        person_id=data.person_id,
        institution_id=data.institution_id,
        role=data.role,
    )


def _keep_member(
    session: Session,
    group_id: UUID,
    institution_id: UUID,
    *,
    suspended_at: datetime | None = None,
) -> None:
    session.merge(
        GroupMember(
            group_id=group_id,
            institution_id=institution_id,
            suspended=suspended_at is not None,
            suspended_at=suspended_at,
        )
    )
    roles.note(session, roles.speakers(session, institution_id), utc_now())


def _forget_member(session: Session, group_id: UUID, institution_id: UUID) -> None:
    member = session.get(GroupMember, (group_id, institution_id))
    if member is not None:
        session.delete(member)
    roles.note(session, roles.speakers(session, institution_id), utc_now())


def _tell_of_membership(
    session: Session, event: Event, kind: NoticeKind, data: MembershipJoined | MembershipLeft
) -> None:
    tell(
        session,
        event,
        kind,
        targets=(
            targets.theme(data.theme_slug),
            targets.group(data.group_id),
            targets.institution(data.institution_id),
        ),
        theme_slug=data.theme_slug,
        group_id=data.group_id,
        group_title=data.group_title,
    )
