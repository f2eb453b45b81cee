"""Invitations to speak for an institution: by its people, and answered by the invited person."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.registry import invitation_answers, invitations
from services.registry.invitations import InvitationDraft, State
from services.registry.routes.letters import LettersByMail
from services.registry.routes.people_permitted import InstitutionToInviteTo, InstitutionWithPeople
from services.registry.settings import Settings
from services.registry.tables import Institution, Invitation
from shared.columns import utc_now
from shared.events.catalogue import FocalPointRole
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    CONFLICT,
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    TOO_MANY,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Line, Output
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(tags=["people"])

InvitationId = Annotated[UUID, Path(description="The invitation's id.")]
_OF_INSTITUTION = "/institutions/{institution_id}/invitations"


class InvitationOut(Output):
    """An invitation, as those see it who may invite."""

    id: UUID
    name: str = Field(examples=["Somchai Prasert"])
    email: str = Field(examples=["somchai.prasert@example.org"])
    role: FocalPointRole
    language: str = Field(examples=["en"])
    time_zone: str = Field(examples=["Asia/Bangkok"])
    state: State
    delivery: Literal["waiting", "sent", "refused"] = Field(
        description="Of its newest e-mail. `waiting`: the mail server has not taken it yet, and it "
        "is tried again; `refused`: it won't be, so check the address."
    )
    invited_by: UUID
    hands_over_from: UUID | None = Field(
        description="The focal point who leaves once it is accepted."
    )
    invited_at: datetime
    expires_at: datetime
    ended_at: datetime | None = Field(description="When it was answered or revoked.")


class InvitationAnswer(Input):
    """The secret from the e-mail."""

    code: Annotated[str, Line(100)] = Field(
        description="The code in the link of the newest e-mail.",
        examples=["aRVxKGc4v0V2sJ8kLq3nD7yTzW5bE1hU9mPfXoCiNdg"],
    )


class Accepted(Output):
    """Who speaks for which institution now."""

    person_id: UUID
    institution_id: UUID
    institution: str
    role: FocalPointRole


@router.post(
    _OF_INSTITUTION,
    status_code=201,
    summary="Invite somebody to speak for it",
    response_model=InvitationOut,
    responses=responses(
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        CONFLICT,
        NOT_ALLOWED_NOW,
        INVALID,
        IDEMPOTENCY_MISMATCH,
        TOO_MANY,
    ),
)
def invite(
    *,
    institution: InstitutionToInviteTo,
    caller: CurrentCaller,
    body: InvitationDraft,
    session: Writing,
    letters: LettersByMail,
    once: Once,
    request: Request,
) -> Response:
    """Send an invitation by e-mail; by a focal point or coordinator.

    Nothing changes until the person accepts, within 14 days. When the mail server can't be reached
    now, `delivery` stays `waiting` and the e-mail is tried again for three days.
    """
    settings: Settings = request.app.state.settings

    def create() -> Answer:
        now = utc_now()
        invitation, letter = invitations.invite(
            session,
            institution,
            body,
            by=caller.id,
            per_day=settings.invitations_per_day,
            now=now,
        )
        letters.send(session, [letter])
        return Answer(
            _described(invitation, now),
            headers={"Location": f"/institutions/{institution.id}/invitations/{invitation.id}"},
        )

    return once.answer(session, create)


@router.get(
    _OF_INSTITUTION,
    summary="List the invitations",
    response_model=Page[InvitationOut],
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_invitations(
    institution: InstitutionWithPeople, session: Reading, page: PageQuery
) -> Page[InvitationOut]:
    """Return the institution's invitations, oldest first, with what became of each."""
    found = paginate(
        session,
        select(Invitation).where(Invitation.institution_id == institution.id),
        col(Invitation.id),
        page,
    )
    now = utc_now()
    return Page(
        items=[_described(invitation, now) for invitation in found.items],
        next_cursor=found.next_cursor,
    )


@router.get(
    _OF_INSTITUTION + "/{invitation_id}",
    summary="Read an invitation",
    response_model=InvitationOut,
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_invitation(
    institution: InstitutionWithPeople, invitation_id: InvitationId, session: Reading
) -> InvitationOut:
    """Return an invitation, with whether its e-mail went out."""
    found = invitations.invitation_of(session, institution, invitation_id, lock=False)
    return _described(found, utc_now())


@router.post(
    _OF_INSTITUTION + "/{invitation_id}/resend",
    summary="Send an invitation again",
    response_model=InvitationOut,
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, TOO_MANY),
)
def resend(
    institution: InstitutionToInviteTo,
    invitation_id: InvitationId,
    session: Writing,
    letters: LettersByMail,
) -> InvitationOut:
    """Send an open or expired invitation again; it is good for 14 days from now.

    Only the link of the newest e-mail works. It may be sent five times, ten minutes apart.
    """
    now = utc_now()
    found = invitations.invitation_of(session, institution, invitation_id)
    letters.send(session, [invitations.resend(session, found, now)])
    return _described(found, now)


@router.delete(
    _OF_INSTITUTION + "/{invitation_id}",
    status_code=204,
    summary="Revoke an invitation",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW),
)
def revoke(
    institution: InstitutionToInviteTo, invitation_id: InvitationId, session: Writing
) -> None:
    """Make an invitation worthless; by a focal point or coordinator."""
    found = invitations.invitation_of(session, institution, invitation_id)
    invitations.revoke(session, found, utc_now())


@router.post(
    "/invitations/{invitation_id}/accept",
    summary="Accept an invitation",
    response_model=Accepted,
    responses=responses(NOT_FOUND, NOT_ALLOWED_NOW, INVALID),
)
def accept(invitation_id: InvitationId, body: InvitationAnswer, session: Writing) -> Accepted:
    """Speak for the institution from now on; by whoever got the e-mail, without signing in.

    It confirms the address, and signs nobody in: for that, ask for a code.
    """
    person = invitation_answers.accept(session, invitation_id, body.code, utc_now())
    return accepted(session, session.get_one(Invitation, invitation_id), person.id)


@router.post(
    "/invitations/{invitation_id}/decline",
    status_code=204,
    summary="Decline an invitation",
    responses=responses(NOT_FOUND, NOT_ALLOWED_NOW, INVALID),
)
def decline(invitation_id: InvitationId, body: InvitationAnswer, session: Writing) -> None:
    """End an invitation that you got; those who invited you see it."""
    invitation_answers.decline(session, invitation_id, body.code, utc_now())


def accepted(session: Session, invitation: Invitation, person_id: UUID) -> Accepted:
    """Return what the invited person is told."""
    institution = session.get_one(Institution, invitation.institution_id)
    return Accepted.model_validate(
        {
            "person_id": person_id,
            "institution_id": institution.id,
            "institution": institution.name,
            "role": invitation.role,
        }
    )


def _described(invitation: Invitation, now: datetime) -> InvitationOut:
    return InvitationOut.model_validate(
        {**invitation.model_dump(), "state": invitations.state_of(invitation, now)}
    )
