"""Requests to join a group, and invitations to it: asking, answering, taking back."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.workgroups import groups, membership
from services.workgroups.institutions import require_verified
from services.workgroups.membership import Admitting
from services.workgroups.membership_lifecycle import Action, Actor, State, note, require_step
from services.workgroups.tables import Admission, Group, Institution
from shared.columns import utc_now
from shared.events.catalogue import (
    MembershipAskedNoMore,
    MembershipDeclined,
    MembershipInvited,
    MembershipRequested,
)
from shared.outbox import publish
from shared.problems import CONFLICT, NOT_ALLOWED_NOW, NOT_FOUND, Problem


class Kind(StrEnum):
    """Who asks whom."""

    REQUEST = "request"
    """An institution asks the group."""
    INVITATION = "invitation"
    """The group asks an institution."""


class Answer(StrEnum):
    """What becomes of a request or an invitation."""

    ADMIT = "admit"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


ACTIONS: dict[tuple[Kind, Answer], Action] = {
    (Kind.REQUEST, Answer.ADMIT): Action.APPROVE,
    (Kind.REQUEST, Answer.DECLINE): Action.DECLINE_REQUEST,
    (Kind.REQUEST, Answer.WITHDRAW): Action.WITHDRAW_REQUEST,
    (Kind.INVITATION, Answer.ADMIT): Action.ACCEPT,
    (Kind.INVITATION, Answer.DECLINE): Action.DECLINE_INVITATION,
    (Kind.INVITATION, Answer.WITHDRAW): Action.WITHDRAW_INVITATION,
}
"""The step that an answer is."""


def request(
    session: Session, group_id: UUID, institution: Institution, by: Actor, message: str | None
) -> Admission:
    """Ask for the institution to join a group that is joined on request.

    Raises a Problem (409) when the group is closed, open or by invitation, the institution is not
    verified or a member, or one of both sides has asked already.
    """
    group = groups.lock(session, group_id)
    groups.require_open(group)
    if group.admission == Admitting.OPEN:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"“{group.title}” is open: join with POST /groups/{group.id}/members, without asking.",
        )
    if group.admission == Admitting.INVITATION:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"“{group.title}” is joined by invitation: ask who leads it for one.",
        )
    return _ask(session, group, institution, Action.REQUEST, by=by, message=message)


def invite(
    session: Session, group_id: UUID, institution: Institution, by: Actor, message: str | None
) -> Admission:
    """Ask an institution to join the group; 409 as in `request`, but in any way of admission."""
    group = groups.lock(session, group_id)
    groups.require_open(group)
    return _ask(session, group, institution, Action.INVITE, by=by, message=message)


def answer(
    session: Session, admission: Admission, given: Answer, by: Actor, reason: str | None = None
) -> None:
    """Admit the institution, decline, or take the request or invitation back.

    Raises a Problem: 403 when the other side must do it, 409 when it was answered already, the
    group is closed or the institution not verified, 422 without the reason of a decline.
    """
    group = groups.lock(session, admission.group_id)
    session.refresh(admission)
    action = ACTIONS[Kind(admission.kind), given]
    before = admission.state
    transition = require_step(action, before, by, reason)
    admission.state = transition.target or before
    admission.decided_by, admission.decided_at = by.id, max(utc_now(), admission.asked_at)
    admission.reason = reason
    session.add(admission)
    note(session, admission, action, before, by, reason=reason)
    if given == Answer.ADMIT:
        groups.require_open(group)
        institution = _institution(session, admission)
        require_verified(institution)
        membership.require_no_member(session, group, institution)
        membership.admit(session, group, institution, by.id)
        return
    event = (
        MembershipDeclined(**_told(session, group, admission), reason=reason or "")
        if given == Answer.DECLINE
        else MembershipAskedNoMore(**_told(session, group, admission))
    )
    publish(session, event, subject=_subject(admission))


def require_kind(admission: Admission, kind: Kind) -> None:
    """Raise a Problem (409) when the step is for the other kind."""
    if admission.kind != kind:
        step = "accept" if admission.kind == Kind.INVITATION else "approve"
        raise Problem(
            NOT_ALLOWED_NOW,
            f"This is an {admission.kind}: use POST /admissions/{admission.id}/{step}.".replace(
                "an request", "a request"
            ),
        )


def no_such_admission() -> Problem:
    """Return the Problem (404) for what is unknown or foreign to the caller."""
    return Problem(
        NOT_FOUND,
        "There is no request or invitation of that id that concerns you. Who leads the group and "
        "who speaks for the institution see it.",
    )


def _ask(
    session: Session,
    group: Group,
    institution: Institution,
    action: Action,
    *,
    by: Actor,
    message: str | None,
) -> Admission:
    transition = require_step(action, None, by)
    membership.require_no_member(session, group, institution)
    require_verified(institution)
    asked = membership.asked_for(session, group.id, institution.id)
    if asked is not None:
        there = "request" if asked.kind == Kind.REQUEST else "invitation"
        raise Problem(
            CONFLICT,
            f"There is an open {there} of {institution.acronym or institution.name} already: "
            f"/admissions/{asked.id}. Answer that one.",
        )
    if by.id is None:
        raise ValueError("Somebody asks.")
    invited = action == Action.INVITE
    admission = Admission(
        group_id=group.id,
        institution_id=institution.id,
        kind=Kind.INVITATION if invited else Kind.REQUEST,
        state=transition.target or State.REQUESTED,
        message=message,
        asked_by=by.id,
    )
    session.add(admission)
    session.flush()
    note(session, admission, action, None, by, reason=message)
    event = MembershipInvited if invited else MembershipRequested
    publish(session, event(**_told(session, group, admission)), subject=_subject(admission))
    return admission


def _institution(session: Session, admission: Admission) -> Institution:
    institution = session.get(Institution, admission.institution_id)
    if institution is None:
        raise no_such_admission()
    return institution


def _told(session: Session, group: Group, admission: Admission) -> dict[str, Any]:
    return {
        "admission_id": admission.id,
        "kind": admission.kind,
        **membership.told(session, group, admission.institution_id),
    }


def _subject(admission: Admission) -> str:
    return f"admissions/{admission.id}"
