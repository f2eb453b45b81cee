"""Answers to invitations: accepted or declined by whoever has the secret of the newest e-mail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from services.registry import credentials, focal_points
from services.registry.invitations import State, end, is_over, state_of
from services.registry.people import confirm_address, person_with
from services.registry.tables import FocalPoint, Institution, Invitation, Person
from shared.events.catalogue import FocalPointRole
from shared.problems import NOT_ALLOWED_NOW, NOT_FOUND, Problem


def answerable(session: Session, invitation_id: UUID, secret: str, now: datetime) -> Invitation:
    """Return the invitation whose newest e-mail holds the secret.

    Raises a Problem: 404 when there is none such, 409 when it is over.
    """
    invitation = session.get(Invitation, invitation_id)
    digest = invitation.secret_digest if invitation else None
    if (
        invitation is None
        or digest is None
        or not credentials.same(digest, credentials.digest(secret))
    ):
        raise Problem(
            NOT_FOUND,
            "There is no such invitation. Use the link of the newest e-mail, or ask for another.",
        )
    if state_of(invitation, now) is not State.OPEN:
        raise is_over(invitation)
    institution = session.get_one(Institution, invitation.institution_id)
    if institution.status in focal_points.CLOSED:
        raise Problem(
            NOT_ALLOWED_NOW,
            f"The registration of {institution.name} is {institution.status}, so nobody can speak "
            "for it now. Ask who invited you.",
        )
    return invitation


def accept(session: Session, invitation_id: UUID, secret: str, now: datetime) -> Person:
    """Let the invited person speak for the institution, and return them.

    Whoever has the secret reads mail at the address, so it is confirmed by this. The facts of
    somebody who is known here already stay as they are. Raises a Problem as `answerable` does.
    """
    found = answerable(session, invitation_id, secret, now)
    institution = session.exec(
        select(Institution).where(Institution.id == found.institution_id).with_for_update()
    ).one()
    session.refresh(found, with_for_update=True)
    invitation = answerable(session, invitation_id, secret, now)
    person = _person_of(session, invitation)
    confirm_address(session, person, now)
    invitation.accepted_by = person.id
    end(session, invitation, State.ACCEPTED, now)
    held = session.get(FocalPoint, (person.id, institution.id))
    role: FocalPointRole = "focal_point" if invitation.role == "focal_point" else "alternate"
    if held is None or held.confirmed_at is None or role == "focal_point":
        focal_points.give(
            session, institution, person, role, action="accepted", by=person.id, now=now
        )
    leaver = invitation.hands_over_from
    if leaver is not None and leaver != person.id:
        held = session.get(FocalPoint, (leaver, institution.id))
        if held is not None:
            focal_points.take(
                session,
                institution,
                leaver,
                action="handed_over",
                by=leaver,
                reason=invitation.hand_over_reason,
                now=now,
            )
    return person


def decline(session: Session, invitation_id: UUID, secret: str, now: datetime) -> None:
    """End the invitation as the invited person wishes; a Problem as `answerable` raises."""
    invitation = answerable(session, invitation_id, secret, now)
    session.refresh(invitation, with_for_update=True)
    end(session, answerable(session, invitation_id, secret, now), State.DECLINED, now)


def _person_of(session: Session, invitation: Invitation) -> Person:
    person = person_with(session, invitation.email)
    if person is not None:
        if person.confirmed_at is None:
            person.name = invitation.name
            person.language = invitation.language
            person.time_zone = invitation.time_zone
            session.add(person)
        return person
    person = Person(
        name=invitation.name,
        email=invitation.email,
        email_key=invitation.email_key,
        language=invitation.language,
        time_zone=invitation.time_zone,
    )
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError:
        # Another transaction named the same address a moment ago.
        found = person_with(session, invitation.email)
        if found is None:
            raise
        return found
    return person
