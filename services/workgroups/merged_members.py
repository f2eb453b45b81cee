"""A merge at the registry moves places in groups to the survivor; its end moves them back.

What moved is written down for each group (`MembershipMove`). What has changed since is not touched:
a place that the survivor gave up comes back suspended, so that who leads the group decides.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import accountability, groups, membership
from services.workgroups.followed_events import first_time
from services.workgroups.institutions import VERIFIED
from services.workgroups.membership_lifecycle import LASTING, REGISTRY, Action, State, note
from services.workgroups.tables import (
    Admission,
    Group,
    Membership,
    MembershipMove,
    Participant,
)
from shared.columns import utc_now
from shared.events.catalogue import InstitutionMerged, InstitutionUnmerged, MembershipMoved
from shared.events.envelope import Event
from shared.outbox import publish

MERGED = "The institution became part of another at the registry."
UNMERGED = "The merge was undone at the registry."


def institution_merged(session: Session, event: Event, data: InstitutionMerged) -> None:
    """Let the survivor take the institution's place in each group, with what it owes there."""
    if not first_time(session, event):
        return
    leaving, into = data.institution.institution_id, data.into.institution_id
    for group in _groups_of(session, leaving):
        move = MembershipMove(
            event_id=event.id, group_id=group.id, institution_id=leaving, into_id=into
        )
        member = membership.current(session, group.id, leaving)
        if member is not None:
            _take_place(session, group, member, into, move)
        roles = _roles_through(session, group, leaving)
        for role in roles:
            role.institution_id = into
            session.add(role)
        move.moved = {
            "roles": [str(role.id) for role in roles],
            "admissions": _move_admission(session, group, leaving, into),
            "action_items": [
                str(item_id)
                for item_id in accountability.hand_over(
                    session, group.id, leaving, into, why=MERGED
                )
            ],
        }
        session.add(move)
        session.flush()
        _tell(session, group, leaving, into)


def institution_unmerged(session: Session, event: Event, data: InstitutionUnmerged) -> None:
    """Give the institution back the places and the duties that its merge moved."""
    if not first_time(session, event):
        return
    back = data.institution.institution_id
    moves = session.exec(
        select(MembershipMove)
        .where(MembershipMove.institution_id == back, col(MembershipMove.undone_at).is_(None))
        .order_by(col(MembershipMove.group_id))
    ).all()
    for move in moves:
        group = groups.lock(session, move.group_id)
        if move.membership_id is not None:
            _give_place_back(session, group, move, data.institution.status == VERIFIED)
        for role_id in move.moved.get("roles", ()):
            role = session.get(Participant, UUID(role_id))
            if role is not None and role.institution_id == move.into_id:
                role.institution_id = back
                session.add(role)
        for admission_id in move.moved.get("admissions", ()):
            admission = session.get(Admission, UUID(admission_id))
            if (
                admission is not None
                and admission.decided_at is None
                and membership.asked_for(session, group.id, back) is None
            ):
                admission.institution_id = back
                session.add(admission)
        accountability.hand_over(
            session,
            group.id,
            move.into_id,
            back,
            why=UNMERGED,
            only=[UUID(item_id) for item_id in move.moved.get("action_items", ())],
        )
        move.undone_at = utc_now()
        session.add(move)
        session.flush()
        _tell(session, group, move.into_id, back)


def _groups_of(session: Session, institution_id: UUID) -> Sequence[Group]:
    """Return the groups that the institution has to do with, locked in one order."""
    concerned = {
        *session.exec(
            select(Membership.group_id).where(
                Membership.institution_id == institution_id, col(Membership.left_at).is_(None)
            )
        ),
        *session.exec(
            select(Participant.group_id).where(
                Participant.institution_id == institution_id, col(Participant.ended_at).is_(None)
            )
        ),
        *session.exec(
            select(Admission.group_id).where(
                Admission.institution_id == institution_id, col(Admission.decided_at).is_(None)
            )
        ),
        *accountability.groups_with_unfinished(session, institution_id),
    }
    return [groups.lock(session, group_id) for group_id in sorted(concerned)]


def _take_place(
    session: Session, group: Group, member: Membership, into: UUID, move: MembershipMove
) -> None:
    move.membership_id, move.state_before = member.id, member.state
    _end(session, member, Action.MERGE, MERGED)
    if membership.current(session, group.id, into) is None:
        made = Membership(group_id=group.id, institution_id=into, state=move.state_before)
        session.add(made)
        session.flush()
        note(session, made, Action.MERGE, None, REGISTRY, reason=MERGED)
        move.made_membership_id = made.id


def _give_place_back(
    session: Session,
    group: Group,
    move: MembershipMove,
    stands: bool,
) -> None:
    member = session.get_one(Membership, move.membership_id)
    if membership.current(session, group.id, member.institution_id) is not None:
        return
    made = (
        session.get(Membership, move.made_membership_id)
        if move.made_membership_id is not None
        else None
    )
    given_up = made is not None and made.state not in LASTING
    if made is not None and not given_up:
        _end(session, made, Action.UNMERGE, UNMERGED)
    state = State.ACTIVE if stands and not given_up else State.SUSPENDED
    if move.state_before == State.SUSPENDED:
        state = State.SUSPENDED
    member.state, member.left_at = state, None
    session.add(member)
    session.flush()
    note(session, member, Action.UNMERGE, State.MERGED, REGISTRY, reason=UNMERGED)


def _end(session: Session, member: Membership, action: Action, reason: str) -> None:
    before = member.state
    member.state = State.MERGED
    member.left_at = max(utc_now(), member.joined_at)
    session.add(member)
    session.flush()
    note(session, member, action, before, REGISTRY, reason=reason)


def _roles_through(session: Session, group: Group, institution_id: UUID) -> list[Participant]:
    return list(
        session.exec(
            select(Participant).where(
                Participant.group_id == group.id,
                Participant.institution_id == institution_id,
                col(Participant.ended_at).is_(None),
            )
        )
    )


def _move_admission(session: Session, group: Group, leaving: UUID, into: UUID) -> list[str]:
    """Let what the institution asked or was asked be of the survivor, unless that has its own."""
    asked = membership.asked_for(session, group.id, leaving)
    if asked is None:
        return []
    if (
        membership.current(session, group.id, into) is None
        and membership.asked_for(session, group.id, into) is None
    ):
        asked.institution_id = into
        session.add(asked)
        return [str(asked.id)]
    before = asked.state
    asked.state, asked.decided_at, asked.reason = State.WITHDRAWN, utc_now(), MERGED
    session.add(asked)
    note(session, asked, Action.MERGE, before, REGISTRY, reason=MERGED)
    return []


def _tell(session: Session, group: Group, leaving: UUID, into: UUID) -> None:
    publish(
        session,
        MembershipMoved(
            group_id=group.id,
            group_title=group.title,
            theme_slug=groups.theme_of(session, group).slug,
            institution_id=leaving,
            into_id=into,
        ),
        subject=membership.subject(group.id, leaving),
    )
