"""What becomes of memberships and roles when the registry tells of a change.

Nothing is dropped silently: what a membership or a role rested on is gone, so it is suspended until
who leads the group confirms or ends it. Each event has its effect once (`followed_events`).
Mergers are in `merged_members`.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import group_roles, groups, membership
from services.workgroups.followed_events import first_time
from services.workgroups.group_roles import Step
from services.workgroups.membership_lifecycle import REGISTRY, Action, State
from services.workgroups.tables import (
    FocalPoint,
    Group,
    Membership,
    MembershipHistory,
    Participant,
)
from shared.events.catalogue import (
    CoordinatorRemoved,
    FocalPointRemoved,
    InstitutionReinstated,
    InstitutionSuspended,
    InstitutionWithdrawn,
    PersonErased,
)
from shared.events.envelope import Event

NO_LONGER_SPEAKS = "The registry says that they no longer speak for the institution."
NO_LONGER_COORDINATES = "The registry says that they no longer coordinate the platform."
ERASED = "The person was erased at the registry."
INSTITUTION_SUSPENDED = "The institution was suspended at the registry."
INSTITUTION_WITHDRAWN = "The institution has withdrawn from the registry."


def focal_point_removed(session: Session, event: Event, data: FocalPointRemoved) -> None:
    """Suspend the roles that the person has through the institution."""
    if first_time(session, event):
        _suspend_roles(
            session,
            [
                row
                for row in _roles_of(session, data.person_id)
                if row.institution_id == data.institution_id
            ],
            NO_LONGER_SPEAKS,
        )


def coordinator_removed(session: Session, event: Event, data: CoordinatorRemoved) -> None:
    """Suspend the roles that the person has as a coordinator of the platform."""
    if first_time(session, event):
        _suspend_roles(
            session,
            [row for row in _roles_of(session, data.person_id) if row.institution_id is None],
            NO_LONGER_COORDINATES,
        )


def person_erased(session: Session, event: Event, data: PersonErased) -> None:
    """End every role of the person: nobody can confirm who is not there any more."""
    if not first_time(session, event):
        return
    rows = _roles_of(session, data.person_id)
    for group in _locked(session, rows):
        for row in rows:
            if row.group_id == group.id:
                group_roles.finish(session, group, row, REGISTRY, ERASED)


def institution_out(
    session: Session, event: Event, data: InstitutionSuspended | InstitutionWithdrawn
) -> None:
    """Suspend the memberships of the institution, and the roles that people have through it."""
    if not first_time(session, event):
        return
    suspended = isinstance(data, InstitutionSuspended)
    reason = INSTITUTION_SUSPENDED if suspended else INSTITUTION_WITHDRAWN
    institution_id = data.institution.institution_id
    members = _memberships_of(session, institution_id, State.ACTIVE)
    for group in _locked(session, members):
        member = membership.current(session, group.id, institution_id)
        if member is not None and member.state == State.ACTIVE:
            membership.suspend(session, group, member, REGISTRY, reason)
    _suspend_roles(session, _roles_through(session, institution_id), reason)


def institution_reinstated(session: Session, event: Event, data: InstitutionReinstated) -> None:
    """Give back what the suspension of the institution took, and nothing else."""
    if not first_time(session, event):
        return
    institution_id = data.institution.institution_id
    members = _memberships_of(session, institution_id, State.SUSPENDED)
    for group in _locked(session, members):
        member = membership.current(session, group.id, institution_id)
        if (
            member is not None
            and member.state == State.SUSPENDED
            and _last_reason(session, member) == INSTITUTION_SUSPENDED
        ):
            membership.restore(session, group, member, Action.RESTORE, REGISTRY)
    roles = _roles_through(session, institution_id, State.SUSPENDED)
    for group in _locked(session, roles):
        for row in roles:
            if (
                row.group_id == group.id
                and _last_reason(session, row) == INSTITUTION_SUSPENDED
                and session.get(FocalPoint, (row.person_id, institution_id)) is not None
            ):
                group_roles.restore(session, group, row, Step.RESTORE, REGISTRY)


def _suspend_roles(session: Session, rows: list[Participant], reason: str) -> None:
    for group in _locked(session, rows):
        for row in rows:
            if row.group_id == group.id and row.state == State.ACTIVE and row.ended_at is None:
                group_roles.suspend(session, group, row, REGISTRY, reason)


def _locked(session: Session, rows: Iterable[Membership | Participant]) -> list[Group]:
    """Return the groups of the rows, locked in one order, so that nobody waits for each other."""
    found = list(rows)
    locked = [groups.lock(session, group_id) for group_id in sorted({r.group_id for r in found})]
    for row in found:
        session.refresh(row)
    return locked


def _roles_of(session: Session, person_id: UUID) -> list[Participant]:
    return list(
        session.exec(
            select(Participant)
            .where(Participant.person_id == person_id, col(Participant.ended_at).is_(None))
            .order_by(col(Participant.id))
        )
    )


def _roles_through(
    session: Session, institution_id: UUID, state: State = State.ACTIVE
) -> list[Participant]:
    return list(
        session.exec(
            select(Participant)
            .where(
                Participant.institution_id == institution_id,
                Participant.state == state,
                col(Participant.ended_at).is_(None),
            )
            .order_by(col(Participant.id))
        )
    )


def _memberships_of(session: Session, institution_id: UUID, state: State) -> list[Membership]:
    return list(
        session.exec(
            select(Membership).where(
                Membership.institution_id == institution_id, Membership.state == state
            )
        )
    )


def _last_reason(session: Session, row: Membership | Participant) -> str | None:
    """Return why the row was suspended last."""
    statement = select(MembershipHistory.reason).where(
        MembershipHistory.group_id == row.group_id,
        MembershipHistory.action == Action.SUSPEND,
    )
    if isinstance(row, Participant):
        statement = statement.where(
            MembershipHistory.person_id == row.person_id, MembershipHistory.role == row.role
        )
    else:
        statement = statement.where(
            MembershipHistory.institution_id == row.institution_id,
            col(MembershipHistory.person_id).is_(None),
        )
    return session.exec(
        statement.order_by(col(MembershipHistory.at).desc(), col(MembershipHistory.id).desc())
    ).first()
