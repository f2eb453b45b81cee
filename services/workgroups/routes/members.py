"""Members of a group: joining, listing, leaving."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import membership, permissions
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.routes.permitted import GroupId, InstitutionId, VisibleGroup
from services.workgroups.tables import Membership
from shared.idempotency import Answer, Once
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    CONFLICT,
    IDEMPOTENCY_MISMATCH,
    INVALID,
    NOT_ALLOWED_NOW,
    NOT_FOUND,
    UNAUTHENTICATED,
    responses,
)
from shared.text import Input, Output
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(prefix="/groups/{group_id}/members", tags=["members"])


class NewMember(Input):
    """The institution that joins."""

    institution_id: UUID = Field(
        description="A verified institution.", examples=["018f4e2a-0000-7000-8000-000000000000"]
    )


class MemberOut(Output):
    """An institution in a group."""

    group_id: UUID
    institution_id: UUID
    institution_name: str | None = Field(examples=["United Nations Volunteers"])
    institution_acronym: str | None = Field(examples=["UNV"])
    joined_at: datetime


@router.post(
    "",
    status_code=201,
    summary="Join a group",
    response_model=MemberOut,
    responses=responses(
        UNAUTHENTICATED, NOT_FOUND, CONFLICT, NOT_ALLOWED_NOW, INVALID, IDEMPOTENCY_MISMATCH
    ),
)
def join_group(
    group_id: GroupId, body: NewMember, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Let a verified institution join; by its focal point or a coordinator.

    A member that joins again is answered 409, and nothing changes. A retry with the same
    `Idempotency-Key` gets the first answer again.
    """
    institution = permissions.institution_to_enrol(
        session, caller, body.institution_id, "/institution_id"
    )

    def create() -> Answer:
        member = membership.join(session, group_id, institution, by=caller.id)
        return Answer(
            _shown(session, [member])[0],
            headers={"Location": f"/groups/{group_id}/members/{institution.id}"},
        )

    return once.answer(session, create)


@router.get(
    "",
    summary="List the members of a group",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_members(group: VisibleGroup, session: Reading, page: PageQuery) -> Page[MemberOut]:
    """Return the institutions in the group now, in the order of their joining."""
    found = paginate(
        session,
        select(Membership).where(
            Membership.group_id == group.id, col(Membership.left_at).is_(None)
        ),
        col(Membership.id),
        page,
    )
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.get(
    "/{institution_id}",
    summary="Read a membership",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_member(group: VisibleGroup, institution_id: InstitutionId, session: Reading) -> MemberOut:
    """Return the membership of an institution that is in the group now."""
    return _shown(session, [membership.read(session, group.id, institution_id)])[0]


@router.delete(
    "/{institution_id}",
    status_code=204,
    summary="Leave a group",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, NOT_ALLOWED_NOW),
)
def leave_group(
    group_id: GroupId, institution_id: InstitutionId, caller: CurrentCaller, session: Writing
) -> None:
    """End a membership; by the institution's focal point or a coordinator.

    Not while the institution answers for unfinished action items of the group.
    """
    institution = permissions.institution_to_enrol(session, caller, institution_id, None)
    membership.leave(session, group_id, institution)


def _shown(session: Session, members: Sequence[Membership]) -> list[MemberOut]:
    names = names_of(session, [member.institution_id for member in members])
    return [
        MemberOut(
            **member.model_dump(include={"group_id", "institution_id", "joined_at"}),
            institution_name=names.get(member.institution_id, UNNAMED).name,
            institution_acronym=names.get(member.institution_id, UNNAMED).acronym,
        )
        for member in members
    ]
