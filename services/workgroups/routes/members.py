"""Members of a group: joining, listing, confirming, leaving, removing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlmodel import Session, col, or_, select

from services.workgroups import membership, permissions, sight
from services.workgroups.groups import no_such_group
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.members_in_bulk import NewMember
from services.workgroups.membership_lifecycle import LASTING, State
from services.workgroups.people import names_of_people
from services.workgroups.routes.people_out import PersonOut, person_out
from services.workgroups.routes.permitted import (
    GroupId,
    GroupToConfirm,
    InstitutionId,
    VisibleGroup,
)
from services.workgroups.tables import Membership, MembershipHistory
from shared.idempotency import Answer, Once
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

router = APIRouter(prefix="/groups/{group_id}", tags=["members"])


class Removal(Input):
    """Why the group goes on without the institution."""

    reason: Reason = Field(examples=["It has sent nobody for two years and asked for this."])


class MemberOut(Output):
    """An institution in a group."""

    group_id: UUID
    institution_id: UUID
    institution_name: str | None = Field(examples=["United Nations Volunteers"])
    institution_acronym: str | None = Field(examples=["UNV"])
    state: State = Field(description="A suspended member takes no part until it is confirmed.")
    joined_at: datetime
    left_at: datetime | None = Field(description="Null while it belongs to the group.")


class MembershipHistoryOut(Output):
    """A step of an institution's membership or of a person's role."""

    id: UUID
    institution_id: UUID | None
    institution_name: str | None
    person: PersonOut | None = Field(
        description="Whose role it is; null for an institution's step."
    )
    role: str | None
    action: str = Field(examples=["approve"])
    from_state: str | None
    to_state: str
    by: PersonOut | None = Field(description="Null where the registry told of it.")
    reason: str | None
    at: datetime


@router.post(
    "/members",
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
    """Let a verified institution join an open group; by who speaks for it.

    A coordinator of the platform enrols any institution, in any group. Other groups are joined with
    a request or by invitation. A member that joins again is answered 409, and nothing changes. A
    retry with the same `Idempotency-Key` gets the first answer again.
    """
    sight.require_in_sight(session, caller, group_id, no_such_group())
    institution = permissions.institution_to_enrol(
        session, caller, body.institution_id, "/institution_id"
    )

    def create() -> Answer:
        by = permissions.actor_for(session, caller, group_id, institution.id)
        member = membership.join(session, group_id, institution, by=by)
        return Answer(
            shown(session, [member])[0],
            headers={"Location": f"/groups/{group_id}/members/{institution.id}"},
        )

    return once.answer(session, create)


@router.get(
    "/members",
    summary="List the members of a group",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_members(
    group: VisibleGroup,
    session: Reading,
    page: PageQuery,
    state: Annotated[
        list[State] | None,
        Query(description="Only those in one of these states; by default who belongs to it now."),
    ] = None,
) -> Page[MemberOut]:
    """Return the institutions in the group, in the order of their joining."""
    found = paginate(
        session,
        select(Membership).where(
            Membership.group_id == group.id, col(Membership.state).in_(state or LASTING)
        ),
        col(Membership.id),
        page,
    )
    return Page(items=shown(session, found.items), next_cursor=found.next_cursor)


@router.get(
    "/members/{institution_id}",
    summary="Read a membership",
    responses=responses(UNAUTHENTICATED, NOT_FOUND),
)
def read_member(group: VisibleGroup, institution_id: InstitutionId, session: Reading) -> MemberOut:
    """Return the membership of an institution that belongs to the group now."""
    return shown(session, [membership.read(session, group.id, institution_id)])[0]


@router.delete(
    "/members/{institution_id}",
    status_code=204,
    summary="Leave a group",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW),
)
def leave_group(
    group_id: GroupId, institution_id: InstitutionId, caller: CurrentCaller, session: Writing
) -> None:
    """End a membership; by who speaks for the institution.

    Not while the institution answers for unfinished action items of the group. Who leads the group
    removes it, with a reason.
    """
    institution = permissions.institution_to_enrol(session, caller, institution_id, None)
    by = permissions.actor_for(session, caller, group_id, institution_id)
    membership.leave(session, group_id, institution, by=by)


@router.post(
    "/members/{institution_id}/remove",
    status_code=204,
    summary="Remove a member, or decline a suspended one",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID),
)
def remove_member(
    group_id: GroupToConfirm,
    institution_id: InstitutionId,
    body: Removal,
    caller: CurrentCaller,
    session: Writing,
) -> None:
    """End a membership on the wish of the group; by who leads it.

    Not while the institution answers for unfinished action items of the group.
    """
    by = permissions.actor_for(session, caller, group_id, institution_id)
    membership.remove(session, group_id, institution_id, by=by, reason=body.reason)


@router.post(
    "/members/{institution_id}/confirm",
    summary="Confirm a suspended member",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW),
)
def confirm_member(
    group_id: GroupToConfirm,
    institution_id: InstitutionId,
    caller: CurrentCaller,
    session: Writing,
) -> MemberOut:
    """Let a membership go on that was suspended since something changed; by who leads the group."""
    by = permissions.actor_for(session, caller, group_id, institution_id)
    return shown(session, [membership.confirm(session, group_id, institution_id, by=by)])[0]


@router.get(
    "/membership-history",
    summary="Read the history of memberships",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_membership_history(
    *,
    group: VisibleGroup,
    caller: CurrentCaller,
    session: Reading,
    page: PageQuery,
    institution_id: Annotated[
        UUID | None, Query(description="Only what concerns this institution.")
    ] = None,
    person_id: Annotated[UUID | None, Query(description="Only the roles of this person.")] = None,
) -> Page[MembershipHistoryOut]:
    """Return who came, went and had which role, and why, the first step first.

    Who leads the group reads all of it; others what concerns themselves or their institutions.
    """
    statement = select(MembershipHistory).where(MembershipHistory.group_id == group.id)
    if not permissions.may_steer(session, caller, group.id):
        own = permissions.institutions_of(session, caller)
        statement = statement.where(
            or_(
                col(MembershipHistory.institution_id).in_(own),
                MembershipHistory.person_id == caller.id,
            )
        )
    if institution_id is not None:
        statement = statement.where(MembershipHistory.institution_id == institution_id)
    if person_id is not None:
        statement = statement.where(MembershipHistory.person_id == person_id)
    found = paginate(session, statement, col(MembershipHistory.id), page)
    people = names_of_people(
        session, (each for row in found.items for each in (row.person_id, row.actor_id))
    )
    institutions = names_of(
        session, [row.institution_id for row in found.items if row.institution_id]
    )
    return Page(
        items=[
            MembershipHistoryOut(
                **row.model_dump(exclude={"group_id", "person_id", "actor_id"}),
                institution_name=(
                    institutions.get(row.institution_id, UNNAMED).name
                    if row.institution_id
                    else None
                ),
                person=person_out(row.person_id, people),
                by=person_out(row.actor_id, people),
            )
            for row in found.items
        ],
        next_cursor=found.next_cursor,
    )


def shown(session: Session, members: Sequence[Membership]) -> list[MemberOut]:
    """Return memberships as they are answered."""
    names = names_of(session, [member.institution_id for member in members])
    return [
        MemberOut(
            **member.model_dump(exclude={"id", "joined_by"}),
            institution_name=names.get(member.institution_id, UNNAMED).name,
            institution_acronym=names.get(member.institution_id, UNNAMED).acronym,
        )
        for member in members
    ]
