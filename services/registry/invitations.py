"""Invitations to speak for an institution: nothing changes until the invited person answers."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, func, select

from services.registry import focal_points, outgoing_letters
from services.registry.people import Language, address_key, person_with
from services.registry.tables import FocalPoint, Institution, Invitation, OutgoingLetter
from shared.events.catalogue import FocalPointRole
from shared.problems import CONFLICT, NOT_ALLOWED_NOW, NOT_FOUND, TOO_MANY, FieldError, Problem
from shared.text import EmailAddress, Input, Name
from shared.time_zones import TimeZone

LIFE = timedelta(days=14)
DAY = timedelta(days=1)
PAUSE = timedelta(minutes=10)
"""How long after one e-mail of an invitation the next may be asked for."""
MAILINGS = 5
"""How many e-mails one invitation may cause."""


class State(StrEnum):
    """Where an invitation stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REVOKED = "revoked"
    EXPIRED = "expired"


class InvitationDraft(Input):
    """Who is asked to speak for an institution, and as what."""

    name: Name = Field(examples=["Somchai Prasert"])
    email: EmailAddress = Field(examples=["somchai.prasert@example.org"])
    role: FocalPointRole = Field(
        description="`focal_point` or `alternate`.", examples=["alternate"]
    )
    language: Language = "en"
    time_zone: TimeZone = "UTC"


def state_of(invitation: Invitation, now: datetime) -> State:
    """Return where the invitation stands."""
    if invitation.outcome is not None:
        return State(invitation.outcome)
    return State.EXPIRED if invitation.expires_at <= now else State.OPEN


def invite(
    session: Session,
    institution: Institution,
    draft: InvitationDraft,
    *,
    by: UUID,
    per_day: int,
    now: datetime,
) -> tuple[Invitation, OutgoingLetter]:
    """Ask somebody to speak for the institution, whose row the caller has locked.

    Returns the invitation and its letter. Raises a Problem: 409 for an institution whose
    registration is over or not begun, or an address that speaks for it or is invited already; 429
    when the institution invited ``per_day`` people within a day.
    """
    _require_open(institution)
    _require_new(session, institution, draft.email, now)
    _require_rate(session, institution, per_day, now)
    invitation = Invitation(
        institution_id=institution.id,
        email_key=address_key(draft.email),
        invited_by=by,
        invited_at=now,
        asked_to_mail_at=now,
        expires_at=now + LIFE,
        **draft.model_dump(),
    )
    session.add(invitation)
    session.flush()
    return invitation, outgoing_letters.to_invited(session, invitation, now)


def invitation_of(
    session: Session, institution: Institution, invitation_id: UUID, *, lock: bool = True
) -> Invitation:
    """Return an invitation of the institution; a Problem (404) when it has none such.

    It is locked unless told not to.
    """
    invitation = session.get(Invitation, invitation_id, with_for_update=lock or None)
    if invitation is None or invitation.institution_id != institution.id:
        raise Problem(
            NOT_FOUND,
            "This institution has no invitation of that id. See them at "
            f"/institutions/{institution.id}/invitations.",
        )
    return invitation


def resend(session: Session, invitation: Invitation, now: datetime) -> OutgoingLetter:
    """Send an open or expired invitation again, good for its whole time from now.

    Raises a Problem: 409 when it was answered or revoked, 429 too soon after the last e-mail or
    after the fifth.
    """
    if invitation.outcome is not None:
        raise is_over(invitation)
    if invitation.mailings >= MAILINGS:
        raise Problem(
            TOO_MANY,
            f"This invitation was sent {MAILINGS} times. Ask the person another way, or revoke it "
            "and check the address.",
            headers={"Retry-After": str(int(DAY.total_seconds()))},
        )
    wait = invitation.asked_to_mail_at + PAUSE - now
    if wait > timedelta():
        raise _too_many("This invitation was sent just now.", wait)
    invitation.mailings += 1
    invitation.asked_to_mail_at = now
    invitation.expires_at = now + LIFE
    invitation.delivery = "waiting"
    session.add(invitation)
    return outgoing_letters.to_invited(session, invitation, now)


def revoke(session: Session, invitation: Invitation, now: datetime) -> None:
    """Make the invitation worthless; doing it again changes nothing.

    Raises a Problem (409) when it was answered.
    """
    if invitation.outcome == State.REVOKED:
        return
    if invitation.outcome in {State.ACCEPTED, State.DECLINED}:
        raise is_over(invitation)
    end(session, invitation, State.REVOKED, now)


def end(session: Session, invitation: Invitation, outcome: State, now: datetime) -> None:
    """Note how an invitation ended."""
    invitation.outcome = outcome
    invitation.ended_at = now
    session.add(invitation)
    session.flush()


def _require_open(institution: Institution) -> None:
    if institution.status in focal_points.CLOSED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The registration of {institution.name} is {institution.status}; nobody can be "
            "invited to speak for it.",
        )


def _require_new(session: Session, institution: Institution, email: str, now: datetime) -> None:
    person = person_with(session, email)
    held = session.get(FocalPoint, (person.id, institution.id)) if person else None
    if held is not None and held.confirmed_at is not None:
        raise _at_email("This person speaks for the institution already: change their role.")
    earlier = session.exec(
        select(Invitation).where(
            Invitation.institution_id == institution.id,
            Invitation.email_key == address_key(email),
            col(Invitation.outcome).is_(None),
        )
    ).first()
    if earlier is None:
        return
    if state_of(earlier, now) is State.OPEN:
        raise _at_email("This address is invited already: send that invitation again.")
    end(session, earlier, State.EXPIRED, now)


def _require_rate(session: Session, institution: Institution, per_day: int, now: datetime) -> None:
    lately = select(Invitation.invited_at).where(
        Invitation.institution_id == institution.id, Invitation.invited_at > now - DAY
    )
    if session.exec(select(func.count()).select_from(lately.subquery())).one() < per_day:
        return
    blocking = session.exec(
        lately.order_by(col(Invitation.invited_at).desc()).offset(per_day - 1).limit(1)
    ).one()
    raise _too_many(
        f"{institution.name} invited {per_day} people within a day.", blocking + DAY - now
    )


def _too_many(what: str, wait: timedelta) -> Problem:
    seconds = max(1, int(wait.total_seconds()) + 1)
    return Problem(
        TOO_MANY,
        f"{what} Try again in {-(-seconds // 60)} minutes.",
        headers={"Retry-After": str(seconds)},
    )


def _at_email(detail: str) -> Problem:
    return Problem(CONFLICT, detail, errors=[FieldError(pointer="/email", detail=detail)])


def is_over(invitation: Invitation) -> Problem:
    """Return the Problem (409) of an invitation that can't be used any more."""
    said = {
        State.ACCEPTED: "was accepted already",
        State.DECLINED: "was declined",
        State.REVOKED: "was revoked",
    }.get(State(invitation.outcome) if invitation.outcome else State.EXPIRED, "has expired")
    return Problem(NOT_ALLOWED_NOW, f"This invitation {said}. Ask for a new one if you need it.")
