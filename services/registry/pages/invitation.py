"""The page behind the link of an invitation."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from services.registry import invitation_answers
from services.registry.pages.rendering import page, problem_page
from services.registry.tables import Institution, Invitation, Person
from shared.columns import utc_now
from shared.pages.rendering import Form
from shared.problems import INVALID, NOT_ALLOWED_NOW, NOT_FOUND, Problem, responses
from shared.web import Reading, Writing

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)

_PATH = "/invitations/{invitation_id}/page"
_PROBLEMS = responses(NOT_FOUND, NOT_ALLOWED_NOW, INVALID)

InvitationId = Annotated[UUID, Path(description="The invitation's id.")]
Secret = Annotated[str, Query(max_length=100, description="From the link in the e-mail.")]


@router.get(_PATH, summary="Page: look at an invitation", responses=_PROBLEMS)
def look(invitation_id: InvitationId, session: Reading, code: Secret = "") -> HTMLResponse:
    """Return a page that says who asks for what, with two buttons; opening it changes nothing."""
    try:
        found = invitation_answers.answerable(session, invitation_id, code, utc_now())
    except Problem as problem:
        return problem_page(problem)
    return page("invitation.html", **_told(session, found))


@router.post(_PATH, summary="Page: answer an invitation", responses=_PROBLEMS)
def reply(
    invitation_id: InvitationId,
    form: Form,
    session: Writing,
    code: Secret = "",
) -> HTMLResponse:
    """Accept or decline (`answer=accept` or `answer=decline` in the form) and say what follows."""
    answer = form.get("answer")
    try:
        if answer == "accept":
            invitation_answers.accept(session, invitation_id, code, utc_now())
        elif answer == "decline":
            invitation_answers.decline(session, invitation_id, code, utc_now())
        else:
            raise Problem(INVALID, "Press one of the two buttons of the page.")
    except Problem as problem:
        session.rollback()
        return problem_page(problem)
    invitation = session.get_one(Invitation, invitation_id)
    return page("answered.html", accepted=answer == "accept", **_told(session, invitation))


def _told(session: Session, invitation: Invitation) -> dict[str, Any]:
    return {
        "name": invitation.name,
        "role": invitation.role.replace("_", " "),
        "article": "an" if invitation.role == "alternate" else "a",
        "institution": session.get_one(Institution, invitation.institution_id).name,
        "by": session.get_one(Person, invitation.invited_by).name or "Somebody",
        "until": f"{invitation.expires_at:%d %B %Y}",
    }
