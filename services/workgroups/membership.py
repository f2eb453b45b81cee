"""Membership: which institutions belong to a group.

An institution joins once; joining again while it is a member is refused with a clear sentence, so
that nobody believes to have changed something. It may leave, and join again later. Requests and
invitations are in `admissions`, what may follow what in `membership_lifecycle`.
"""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups import groups
from services.workgroups.institutions import UNNAMED, names_of, require_verified
from services.workgroups.membership_lifecycle import (
    TRANSITIONS,
    Action,
    Actor,
    Role,
    State,
    note,
    require_step,
)
from services.workgroups.tables import ActionItem, Admission, Group, Institution, Membership
from services.workgroups.transitions import UNFINISHED
from services.workgroups.waiting import waiting_for
from shared.columns import utc_now
from shared.events.catalogue import (
    MembershipConfirmed,
    MembershipJoined,
    MembershipLeft,
    MembershipSuspended,
)
from shared.outbox import publish
from shared.problems import CONFLICT, FORBIDDEN, NOT_ALLOWED_NOW, NOT_FOUND, Problem

__all__ = ["confirm", "current", "join", "leave", "read", "remove", "require_member", "waiting_for"]


class Admitting(StrEnum):
    """How institutions come to belong to a group."""

    OPEN = "open"
    ON_REQUEST = "on_request"
    INVITATION = "invitation"


def join(session: Session, group_id: UUID, institution: Institution, *, by: Actor) -> Membership:
    """Make the institution a member of the group, without anybody else's consent.

    Raises a Problem: 404 without such a group, 409 when the group is closed or not open to join,
    the institution is not verified, or it is a member already. A coordinator of the platform enrols
    an institution in any group that is not closed.
    """
    group = groups.lock(session, group_id)
    groups.require_open(group)
    enrolled = Role.PLATFORM_COORDINATOR in by.roles
    require_no_member(session, group, institution)
    if group.admission != Admitting.OPEN and not enrolled:
        raise Problem(NOT_ALLOWED_NOW, _how_to_join(session, group, institution))
    require_verified(institution)
    action = Action.ENROL if enrolled else Action.JOIN
    asked = asked_for(session, group.id, institution.id)
    if asked is not None:
        before = asked.state
        asked.state, asked.decided_by, asked.decided_at = State.ACTIVE, by.id, utc_now()
        session.add(asked)
        note(session, asked, action, before, by)
        return admit(session, group, institution, by.id)
    membership = admit(session, group, institution, by.id)
    note(session, membership, action, None, by)
    return membership


def admit(session: Session, group: Group, institution: Institution, by: UUID | None) -> Membership:
    """Store and tell a membership that somebody may begin; the caller notes why it began."""
    membership = Membership(group_id=group.id, institution_id=institution.id, joined_by=by)
    session.add(membership)
    session.flush()
    publish(
        session,
        MembershipJoined(**told(session, group, institution.id)),
        subject=subject(group.id, institution.id),
    )
    return membership


def leave(session: Session, group_id: UUID, institution: Institution, *, by: Actor) -> None:
    """End the membership of the institution on its own wish.

    Raises a Problem: 403 for somebody else, 404 when it is no member, 409 while it answers for
    unfinished action items, for then nobody would.
    """
    read(session, group_id, institution.id)
    if Role.LEADER in by.roles and TRANSITIONS[Action.LEAVE].by.isdisjoint(by.roles):
        raise Problem(
            FORBIDDEN,
            "Only somebody who speaks for the institution lets it leave. Who leads the group "
            f"removes it and says why: POST /groups/{group_id}/members/{institution.id}/remove.",
        )
    _end(session, group_id, institution.id, Action.LEAVE, by=by, reason=None)


def remove(
    session: Session, group_id: UUID, institution_id: UUID, *, by: Actor, reason: str
) -> None:
    """End the membership of an institution on the wish of the group; otherwise as `leave`."""
    _end(session, group_id, institution_id, Action.REMOVE, by=by, reason=reason)


def confirm(session: Session, group_id: UUID, institution_id: UUID, *, by: Actor) -> Membership:
    """Let a suspended membership go on.

    Raises a Problem: 404 when the institution is no member, 409 when it is not suspended, or not
    verified any more.
    """
    group = groups.lock(session, group_id)
    membership = read(session, group.id, institution_id)
    require_step(Action.CONFIRM, membership.state, by)
    institution = session.get(Institution, institution_id)
    if institution is not None:
        require_verified(institution)
    restore(session, group, membership, Action.CONFIRM, by)
    return membership


def suspend(session: Session, group: Group, membership: Membership, by: Actor, reason: str) -> None:
    """Let an active membership wait until it is confirmed; ``reason`` says what happened."""
    require_step(Action.SUSPEND, membership.state, by)
    membership.state = State.SUSPENDED
    session.add(membership)
    note(session, membership, Action.SUSPEND, State.ACTIVE, by, reason=reason)
    publish(
        session,
        MembershipSuspended(**told(session, group, membership.institution_id), reason=reason),
        subject=subject(group.id, membership.institution_id),
    )


def restore(
    session: Session, group: Group, membership: Membership, action: Action, by: Actor
) -> None:
    """Make a suspended membership active again, confirmed here or reinstated at the registry."""
    require_step(action, membership.state, by)
    membership.state = State.ACTIVE
    session.add(membership)
    note(session, membership, action, State.SUSPENDED, by)
    publish(
        session,
        MembershipConfirmed(**told(session, group, membership.institution_id)),
        subject=subject(group.id, membership.institution_id),
    )


def current(session: Session, group_id: UUID, institution_id: UUID) -> Membership | None:
    """Return the membership that lasts, suspended or not, or ``None``."""
    return session.exec(
        select(Membership).where(
            Membership.group_id == group_id,
            Membership.institution_id == institution_id,
            col(Membership.left_at).is_(None),
        )
    ).first()


def read(session: Session, group_id: UUID, institution_id: UUID) -> Membership:
    """Return the membership that lasts; a Problem (404) when there is none."""
    membership = current(session, group_id, institution_id)
    if membership is None:
        raise Problem(NOT_FOUND, "That institution is not a member of this group.")
    return membership


def require_member(session: Session, group: Group, institution: Institution) -> None:
    """Raise a Problem (409) unless the institution is a member of the group and not suspended."""
    membership = current(session, group.id, institution.id)
    if membership is None:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"{institution.acronym or institution.name} is not a member of “{group.title}”. It "
            f"joins with POST /groups/{group.id}/members.",
        )
    if membership.state == State.SUSPENDED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The membership of {institution.acronym or institution.name} in “{group.title}” is "
            "suspended since something changed at the registry. Who leads the group confirms it "
            f"with POST /groups/{group.id}/members/{institution.id}/confirm.",
        )


def require_no_member(session: Session, group: Group, institution: Institution) -> None:
    """Raise a Problem (409) when the institution is a member of the group already."""
    if current(session, group.id, institution.id) is not None:
        raise Problem(
            CONFLICT,
            f"{institution.acronym or institution.name} is a member of “{group.title}” already. "
            "There is nothing left to do.",
        )


def asked_for(session: Session, group_id: UUID, institution_id: UUID) -> Admission | None:
    """Return the request or invitation of the institution that nobody has answered, or ``None``."""
    return session.exec(
        select(Admission).where(
            Admission.group_id == group_id,
            Admission.institution_id == institution_id,
            col(Admission.decided_at).is_(None),
        )
    ).first()


def told(session: Session, group: Group, institution_id: UUID) -> dict[str, Any]:
    """Return how events name a group and an institution in it."""
    named = names_of(session, [institution_id]).get(institution_id, UNNAMED)
    return {
        "group_id": group.id,
        "group_title": group.title,
        "theme_slug": groups.theme_of(session, group).slug,
        "institution_id": institution_id,
        "institution_name": named.name or "",
        "institution_acronym": named.acronym,
    }


def subject(group_id: UUID, institution_id: UUID) -> str:
    """Return the subject of events about an institution in a group."""
    return f"groups/{group_id}/members/{institution_id}"


def _end(
    session: Session,
    group_id: UUID,
    institution_id: UUID,
    action: Action,
    *,
    by: Actor,
    reason: str | None,
) -> None:
    group = groups.lock(session, group_id)
    membership = read(session, group.id, institution_id)
    transition = require_step(action, membership.state, by, reason)
    owed = session.exec(
        select(ActionItem.number)
        .where(
            ActionItem.group_id == group.id,
            ActionItem.institution_id == institution_id,
            col(ActionItem.state).in_(UNFINISHED),
        )
        .order_by(col(ActionItem.number))
    ).all()
    if owed:
        numbers = ", ".join(str(number) for number in owed)
        named = names_of(session, [institution_id]).get(institution_id, UNNAMED)
        raise Problem(
            NOT_ALLOWED_NOW,
            f"{named.short} still answers for action items of this "
            f"group (number {numbers}). Finish them, or ask a coordinator to cancel them, first.",
        )
    before = membership.state
    membership.state = transition.target or before
    # A clock that was set back must not keep anybody in.
    membership.left_at = max(utc_now(), membership.joined_at)
    session.add(membership)
    note(session, membership, action, before, by, reason=reason)
    publish(
        session,
        MembershipLeft(
            **told(session, group, institution_id), removed=action == Action.REMOVE, reason=reason
        ),
        subject=subject(group.id, institution_id),
    )


def _how_to_join(session: Session, group: Group, institution: Institution) -> str:
    asked = asked_for(session, group.id, institution.id)
    if asked is not None and asked.state == State.INVITED:
        return f"You are invited: accept it with POST /admissions/{asked.id}/accept."
    if asked is not None:
        return "You have asked already: who leads the group will answer."
    if group.admission == Admitting.ON_REQUEST:
        return (
            f"“{group.title}” is joined on request: ask with POST /groups/{group.id}/requests, and "
            "who leads it decides."
        )
    return f"“{group.title}” is joined by invitation: ask who leads it for one."
