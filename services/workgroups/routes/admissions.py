"""Requests to join a group, and invitations to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import admissions, permissions, sight
from services.workgroups import institutions as partners
from services.workgroups.admissions import Kind
from services.workgroups.groups import no_such_group
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.membership_lifecycle import Actor, State
from services.workgroups.people import names_of_people
from services.workgroups.routes.people_out import PersonOut, person_out
from services.workgroups.routes.permitted import GroupId, GroupToConfirm, VisibleGroup
from services.workgroups.tables import Admission, Group, Institution
from shared.idempotency import Answer, Once
from shared.identity import Caller
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    CONFLICT,
    FORBIDDEN,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Output, Reason
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(tags=["members"])

AdmissionId = Annotated[UUID, Path(description="The id of the request or invitation.")]

ASKING = responses(
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    CONFLICT,
    NOT_ALLOWED_NOW,
    INVALID,
    IDEMPOTENCY_MISMATCH,
)
ANSWERING = responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, CONFLICT, NOT_ALLOWED_NOW)


class NewRequest(Input):
    """Who wants to join, and a word to who decides."""

    institution_id: UUID = Field(
        description="A verified institution that you speak for.",
        examples=["018f4e2a-0000-7000-8000-000000000000"],
    )
    message: Reason | None = Field(None, examples=["We run the training that the group looks for."])


class NewInvitation(Input):
    """Whom the group wants in it, and a word to them."""

    institution_id: UUID = Field(
        description="A verified institution.", examples=["018f4e2a-0000-7000-8000-000000000000"]
    )
    message: Reason | None = Field(None, examples=["Your volunteers would help us much."])


class Decline(Input):
    """Why not; the other side reads it."""

    reason: Reason = Field(examples=["The group is full until the next retreat."])


class AdmissionOut(Output):
    """A request or an invitation."""

    id: UUID
    group_id: UUID
    group_title: str = Field(examples=["Digital transformation follow-up group"])
    institution_id: UUID
    institution_name: str | None = Field(examples=["United Nations Volunteers"])
    institution_acronym: str | None = Field(examples=["UNV"])
    kind: Kind = Field(description="Who asks: the institution (`request`) or the group.")
    state: State = Field(description="`active` once it was approved or accepted.")
    message: str | None
    asked_by: PersonOut | None
    asked_at: datetime
    decided_by: PersonOut | None
    decided_at: datetime | None
    reason: str | None = Field(description="Why it was declined.")


@router.post(
    "/groups/{group_id}/requests",
    status_code=201,
    summary="Ask to join a group",
    response_model=AdmissionOut,
    responses=ASKING,
)
def request_admission(
    group_id: GroupId, body: NewRequest, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Ask for an institution to join a group that is joined on request; by who speaks for it."""
    sight.require_in_sight(session, caller, group_id, no_such_group())
    institution = permissions.institution_to_speak_for(
        session, caller, body.institution_id, "/institution_id"
    )

    def create() -> Answer:
        by = permissions.actor_for(session, caller, group_id, institution.id)
        made = admissions.request(session, group_id, institution, by, body.message)
        return Answer(_shown(session, [made])[0], headers={"Location": f"/admissions/{made.id}"})

    return once.answer(session, create)


@router.post(
    "/groups/{group_id}/invitations",
    status_code=201,
    summary="Invite an institution to a group",
    response_model=AdmissionOut,
    responses=ASKING,
)
def invite_institution(
    group_id: GroupToConfirm,
    body: NewInvitation,
    caller: CurrentCaller,
    once: Once,
    session: Writing,
) -> Response:
    """Ask an institution to join; by who leads the group. It joins once it accepts."""
    institution = session.get(Institution, body.institution_id)
    if institution is None or not permissions.may_see(session, caller, institution):
        raise partners.no_such_institution("/institution_id")

    def create() -> Answer:
        by = permissions.actor_for(session, caller, group_id, None)
        made = admissions.invite(session, group_id, institution, by, body.message)
        return Answer(_shown(session, [made])[0], headers={"Location": f"/admissions/{made.id}"})

    return once.answer(session, create)


@router.get(
    "/groups/{group_id}/admissions",
    summary="List requests and invitations",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_admissions(
    *,
    group: VisibleGroup,
    caller: CurrentCaller,
    session: Reading,
    page: PageQuery,
    kind: Annotated[Kind | None, Query(description="Only those of this kind.")] = None,
    state: Annotated[
        list[State] | None, Query(description="Only those in one of these states.")
    ] = None,
) -> Page[AdmissionOut]:
    """Return the requests and invitations of a group, the first one first.

    Who leads the group sees all of them; others those of the institutions they speak for.
    """
    statement = select(Admission).where(Admission.group_id == group.id)
    if not permissions.may_steer(session, caller, group.id):
        own = permissions.institutions_of(session, caller)
        statement = statement.where(col(Admission.institution_id).in_(own))
    if kind is not None:
        statement = statement.where(Admission.kind == kind)
    if state:
        statement = statement.where(col(Admission.state).in_(state))
    found = paginate(session, statement, col(Admission.id), page)
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.get(
    "/admissions/{admission_id}",
    summary="Read a request or an invitation",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_admission(
    admission_id: AdmissionId, caller: CurrentCaller, session: Reading
) -> AdmissionOut:
    """Return it to who leads the group and who speaks for the institution."""
    return _shown(session, [_concerning(session, caller, admission_id)[0]])[0]


@router.post("/admissions/{admission_id}/approve", summary="Approve a request", responses=ANSWERING)
def approve_request(
    admission_id: AdmissionId, caller: CurrentCaller, session: Writing
) -> AdmissionOut:
    """Let an institution that asked take part; by who leads the group."""
    return _admitted(session, caller, admission_id, Kind.REQUEST)


@router.post(
    "/admissions/{admission_id}/accept", summary="Accept an invitation", responses=ANSWERING
)
def accept_invitation(
    admission_id: AdmissionId, caller: CurrentCaller, session: Writing
) -> AdmissionOut:
    """Take part in a group that asked for it; by who speaks for the institution."""
    return _admitted(session, caller, admission_id, Kind.INVITATION)


@router.post(
    "/admissions/{admission_id}/decline",
    summary="Decline a request or an invitation",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, CONFLICT, NOT_ALLOWED_NOW, INVALID),
)
def decline_admission(
    admission_id: AdmissionId, body: Decline, caller: CurrentCaller, session: Writing
) -> AdmissionOut:
    """Say no, and why; by the side that was asked."""
    admission, by = _concerning(session, caller, admission_id)
    admissions.answer(session, admission, admissions.Answer.DECLINE, by, body.reason)
    return _shown(session, [admission])[0]


@router.post(
    "/admissions/{admission_id}/withdraw",
    summary="Withdraw a request or an invitation",
    responses=ANSWERING,
)
def withdraw_admission(
    admission_id: AdmissionId, caller: CurrentCaller, session: Writing
) -> AdmissionOut:
    """Take it back before it is answered; by the side that asked."""
    admission, by = _concerning(session, caller, admission_id)
    admissions.answer(session, admission, admissions.Answer.WITHDRAW, by)
    return _shown(session, [admission])[0]


def _concerning(session: Session, caller: Caller, admission_id: UUID) -> tuple[Admission, Actor]:
    admission = session.get(Admission, admission_id)
    if admission is None:
        raise admissions.no_such_admission()
    by = permissions.actor_for(session, caller, admission.group_id, admission.institution_id)
    if not by.roles:
        raise admissions.no_such_admission()
    return admission, by


def _admitted(session: Session, caller: Caller, admission_id: UUID, kind: Kind) -> AdmissionOut:
    admission, by = _concerning(session, caller, admission_id)
    admissions.require_kind(admission, kind)
    admissions.answer(session, admission, admissions.Answer.ADMIT, by)
    return _shown(session, [admission])[0]


def _shown(session: Session, rows: Sequence[Admission]) -> list[AdmissionOut]:
    institutions = names_of(session, [row.institution_id for row in rows])
    people = names_of_people(
        session, (each for row in rows for each in (row.asked_by, row.decided_by))
    )
    return [
        AdmissionOut(
            **row.model_dump(exclude={"asked_by", "decided_by"}),
            group_title=session.get_one(Group, row.group_id).title,
            institution_name=institutions.get(row.institution_id, UNNAMED).name,
            institution_acronym=institutions.get(row.institution_id, UNNAMED).acronym,
            asked_by=person_out(row.asked_by, people),
            decided_by=person_out(row.decided_by, people),
        )
        for row in rows
    ]
