"""The roles of people in a group."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.workgroups import group_roles, permissions, sight
from services.workgroups.groups import no_such_group
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.people import names_of_people
from services.workgroups.permissions import GroupRole
from services.workgroups.routes.people_out import PersonOut
from services.workgroups.routes.permitted import GroupId, GroupToConfirm, VisibleGroup
from services.workgroups.tables import Participant
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

router = APIRouter(prefix="/groups/{group_id}/roles", tags=["members"])

ParticipantId = Annotated[UUID, Path(description="The id of the role.")]


class RoleState(StrEnum):
    """Where a role stands."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class NewRole(Input):
    """Who shall have which role, through which institution."""

    person_id: UUID = Field(
        description="Somebody who speaks for a verified institution, or coordinates the platform.",
        examples=["018f4e2a-0000-7000-8000-000000000000"],
    )
    role: GroupRole = Field(examples=["rapporteur"])
    institution_id: UUID | None = Field(
        None, description="Needed when the person speaks for several that could be meant."
    )


class RoleEnd(Input):
    """Why the role ends."""

    reason: Reason | None = Field(
        None,
        description="Needed unless it is your own role.",
        examples=["She has moved to another post."],
    )
    leave_without_coordinator: bool = Field(
        False, description="Say so to take the role from the last coordinator."
    )


class RoleOut(Output):
    """A person in a role."""

    id: UUID
    group_id: UUID
    person: PersonOut
    institution_id: UUID | None = Field(description="Null for a coordinator of the platform.")
    institution_name: str | None = Field(examples=["United Nations Volunteers"])
    role: GroupRole
    state: RoleState = Field(description="A suspended role waits to be confirmed.")
    since: datetime
    ended_at: datetime | None


@router.post(
    "",
    status_code=201,
    summary="Give a person a role",
    response_model=RoleOut,
    responses=responses(
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        CONFLICT,
        NOT_ALLOWED_NOW,
        INVALID,
        IDEMPOTENCY_MISMATCH,
    ),
)
def give_role(
    group_id: GroupId, body: NewRole, caller: CurrentCaller, once: Once, session: Writing
) -> Response:
    """Give a person a role in the group; by who leads it.

    A member institution names its own focal point, alternate and members. A group may have several
    people in each role. Observers and advisers may come from institutions that are no members.
    """
    sight.require_in_sight(session, caller, group_id, no_such_group())
    permissions.require_role_giving(session, caller, group_id, body.role, body.institution_id)

    def create() -> Answer:
        by = permissions.actor_for(session, caller, group_id, body.institution_id)
        made = group_roles.give(
            session,
            group_id,
            body.person_id,
            body.role,
            institution_id=body.institution_id,
            by=by,
        )
        return Answer(
            _shown(session, [made])[0],
            headers={"Location": f"/groups/{group_id}/roles/{made.id}"},
        )

    return once.answer(session, create)


@router.get(
    "",
    summary="List the roles of people",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def list_roles(
    *,
    group: VisibleGroup,
    _caller: CurrentCaller,
    session: Reading,
    page: PageQuery,
    role: Annotated[list[GroupRole] | None, Query(description="Only these roles.")] = None,
    state: Annotated[
        list[RoleState] | None,
        Query(description="Only those in one of these states; by default those that last."),
    ] = None,
    person_id: Annotated[UUID | None, Query(description="Only those of this person.")] = None,
) -> Page[RoleOut]:
    """Return who has which role in the group, the first given first.

    Who speaks for a member institution belongs to the group without a role of their own.
    """
    statement = select(Participant).where(Participant.group_id == group.id)
    wanted = set(state or (RoleState.ACTIVE, RoleState.SUSPENDED))
    if RoleState.ENDED not in wanted:
        statement = statement.where(col(Participant.ended_at).is_(None))
    lasting = wanted - {RoleState.ENDED}
    if not lasting:
        statement = statement.where(col(Participant.ended_at).is_not(None))
    elif len(lasting) == 1:
        statement = statement.where(
            (col(Participant.ended_at).is_not(None)) | (col(Participant.state).in_(lasting))
        )
    if role:
        statement = statement.where(col(Participant.role).in_(role))
    if person_id is not None:
        statement = statement.where(Participant.person_id == person_id)
    found = paginate(session, statement, col(Participant.id), page)
    return Page(items=_shown(session, found.items), next_cursor=found.next_cursor)


@router.get(
    "/{participant_id}", summary="Read a role", responses=responses(UNAUTHENTICATED, NOT_FOUND)
)
def read_role(
    group: VisibleGroup, participant_id: ParticipantId, _caller: CurrentCaller, session: Reading
) -> RoleOut:
    """Return a person in a role, also one that has ended."""
    found = session.get(Participant, participant_id)
    if found is None or found.group_id != group.id:
        raise group_roles.no_such_role()
    return _shown(session, [found])[0]


@router.post(
    "/{participant_id}/end",
    summary="Take a role from a person",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID),
)
def end_role(
    group_id: GroupId,
    participant_id: ParticipantId,
    body: RoleEnd,
    caller: CurrentCaller,
    session: Writing,
) -> RoleOut:
    """End a role, or decline one that is suspended; by who leads the group or whose role it is.

    A member institution takes the roles that it gives. The last coordinator of a group isn't lost
    silently.
    """
    sight.require_in_sight(session, caller, group_id, no_such_group())
    participant = group_roles.lock(session, group_id, participant_id)
    permissions.require_role_taking(session, caller, participant, body.reason)
    by = permissions.actor_for(session, caller, group_id, participant.institution_id)
    group_roles.end(
        session,
        participant,
        by,
        body.reason,
        leave_without_coordinator=body.leave_without_coordinator,
    )
    return _shown(session, [participant])[0]


@router.post(
    "/{participant_id}/confirm",
    summary="Confirm a suspended role",
    responses=responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NOT_ALLOWED_NOW, INVALID),
)
def confirm_role(
    group_id: GroupToConfirm,
    participant_id: ParticipantId,
    caller: CurrentCaller,
    session: Writing,
) -> RoleOut:
    """Let a role go on that was suspended since something changed; by who leads the group."""
    participant = group_roles.lock(session, group_id, participant_id)
    by = permissions.actor_for(session, caller, group_id, participant.institution_id)
    group_roles.confirm(session, participant, by)
    return _shown(session, [participant])[0]


def _shown(session: Session, rows: Sequence[Participant]) -> list[RoleOut]:
    people = names_of_people(session, (row.person_id for row in rows))
    institutions = names_of(session, [row.institution_id for row in rows if row.institution_id])
    return [
        RoleOut(
            **row.model_dump(exclude={"person_id", "state"}),
            state=RoleState.ENDED if row.ended_at else RoleState(row.state),
            person=PersonOut(id=row.person_id, name=people.get(row.person_id)),
            institution_name=(
                institutions.get(row.institution_id, UNNAMED).name if row.institution_id else None
            ),
        )
        for row in rows
    ]
