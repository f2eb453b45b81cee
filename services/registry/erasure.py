"""Erasing a person (GDPR, article 17): what goes, and what stays without a name.

The person's row stays with its id alone, so that the history of an institution still says that one
and the same person took its steps. Roles end and are told; the name leaves the stored events.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import Table, delete, or_
from sqlmodel import Session, col, select

from services.registry import credentials, focal_points
from services.registry.people import address_key
from services.registry.personal_data import columns_of_people
from services.registry.tables import (
    Coordinator,
    FocalPoint,
    IdempotencyRecord,
    Institution,
    Invitation,
    OutgoingLetter,
    Person,
    SignIn,
)
from shared import outbox
from shared.database import after_commit
from shared.events.catalogue import REGISTRY, CoordinatorRemoved, PersonErased
from shared.problems import CONFLICT, Problem
from shared.redaction import redact_history

log = structlog.get_logger(__name__)

DELETED = ("outgoing_letter", "own_code", "sign_in", "signed_in_session", "api_key")
"""The tables whose rows about a person are deleted, in the order in which they must be."""

KEPT: Mapping[str, str] = {
    "coordinator": "the role is taken before, and told",
    "focal_point": "each role is taken before, and told",
    "institution_history": "accountability: the step stays, its actor has no name",
    "verification": "accountability, and never changed: who verified has no name",
    "institution_flag": "accountability, and never changed: who raised it has no name",
    "flag_lifting": "accountability, and never changed: who lifted it has no name",
    "duplicate_decision": "accountability: the decision stays, who took it has no name",
    "support_history": "accountability: the step stays, its actor has no name",
    "introduction_history": "accountability: the step stays, its actor has no name",
    "import": "accountability: the import stays, who made it has no name",
    "institution_merge": "accountability: the merge stays, who made or undid it has no name",
    "role_change": "accountability: the change stays, its people have no name",
    "invitation": "those to the person are deleted, those by them stay without their name",
}
"""The other tables that refer to a person, each with what becomes of its rows."""


def erase(
    session: Session,
    person: Person,
    *,
    by: UUID,
    now: datetime,
    reason: str | None = None,
    leave_without_focal_point: bool = False,
) -> list[OutgoingLetter]:
    """Erase the person, whose row the caller has locked; return letters to coordinators.

    ``reason`` stays with the roles that end. ``leave_without_focal_point`` says that institutions
    may be left without anybody to speak for them. Raises a Problem (409), and changes nothing, when
    the person is the last coordinator, or the last focal point of an institution that may not.
    """
    roles = _roles_of(session, person.id)
    last_of = [
        institution
        for institution, _ in roles
        if focal_points.is_last_focal_point(session, institution, person.id)
    ]
    _require_replaceable(session, person, [] if leave_without_focal_point else last_of)
    coordinated = session.get(Coordinator, person.id)
    if coordinated is not None:
        session.delete(coordinated)
        outbox.publish(
            session, CoordinatorRemoved(person_id=person.id), subject=f"people/{person.id}"
        )
    letters: list[OutgoingLetter] = []
    for institution, role in roles:
        if role.confirmed_at is None:
            session.delete(role)
            continue
        focal_points.take(
            session, institution, person.id, action="erased", by=by, reason=reason, now=now
        )
        if institution in last_of:
            letters += focal_points.tell_left_without(
                session, institution, by=by, reason=reason or "", now=now
            )
    _forget(session, person)
    _make_nameless(session, person, now)
    redact_history(session, REGISTRY, person.id)
    outbox.publish(session, PersonErased(person_id=person.id), subject=f"people/{person.id}")
    # Who restores a backup finds here whom to erase again.
    after_commit(session, partial(log.info, "person_erased", person_id=str(person.id)))
    return letters


def _roles_of(session: Session, person_id: UUID) -> list[tuple[Institution, FocalPoint]]:
    # In the order of ids, so that two erasures don't wait for each other.
    ids = session.exec(
        select(FocalPoint.institution_id)
        .where(FocalPoint.person_id == person_id)
        .order_by(col(FocalPoint.institution_id))
    ).all()
    institutions = session.exec(
        select(Institution)
        .where(col(Institution.id).in_(ids))
        .order_by(col(Institution.id))
        .with_for_update()
    ).all()
    return [
        (institution, role)
        for institution in institutions
        if (role := session.get(FocalPoint, (person_id, institution.id))) is not None
    ]


def _require_replaceable(session: Session, person: Person, last_of: list[Institution]) -> None:
    coordinators = session.exec(
        select(Coordinator.person_id).order_by(col(Coordinator.person_id)).with_for_update()
    ).all()
    if coordinators == [person.id]:
        raise Problem(
            CONFLICT,
            "This is the last coordinator. Make another first, so that somebody can verify.",
        )
    if last_of:
        names = "; ".join(institution.name for institution in last_of)
        raise Problem(
            CONFLICT,
            f"This is the last focal point of: {names}. Hand over there first (POST "
            "/institutions/{id}/hand-over), or let a coordinator confirm that nobody shall speak "
            "for it.",
        )


def _forget(session: Session, person: Person) -> None:
    """Delete what is only the person's: how they came in, what waits to be sent, answers kept."""
    invitations = session.exec(
        select(Invitation).where(
            or_(
                col(Invitation.email_key) == person.email_key,
                col(Invitation.accepted_by) == person.id,
            )
        )
    ).all()
    invited = [invitation.id for invitation in invitations]
    addresses = {person.email, *(invitation.email for invitation in invitations)}
    mentions = [
        # An answer that names the person holds their address or their id as well.
        col(IdempotencyRecord.body).contains(_as_in_json(text), autoescape=True)
        for text in (*addresses, str(person.id))
    ]
    session.execute(
        delete(OutgoingLetter).where(
            or_(
                col(OutgoingLetter.invitation_id).in_(invited),
                col(OutgoingLetter.email) == person.email,
            )
        )
    )
    for name in DELETED:
        table: Table = Person.metadata.tables[name]
        session.execute(
            delete(table).where(or_(*(column == person.id for column in columns_of_people(table))))
        )
    session.execute(
        delete(SignIn).where(
            col(SignIn.address_digest) == credentials.digest(address_key(person.email))
        )
    )
    session.execute(delete(Invitation).where(col(Invitation.id).in_(invited)))
    session.execute(
        delete(IdempotencyRecord).where(
            or_(col(IdempotencyRecord.caller) == str(person.id), *mentions)
        )
    )


def _as_in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _make_nameless(session: Session, person: Person, now: datetime) -> None:
    person.name = ""
    person.email = ""
    person.email_key = f"erased:{person.id}"
    person.language = "en"
    person.time_zone = "UTC"
    person.confirmed_at = None
    person.erased_at = now
    person.contact_told = None
    person.version += 1
    session.add(person)
    session.flush()
