"""Who the caller is, as workgroups knows them."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import col, select

from services.workgroups.group_lifecycle import Status
from services.workgroups.permissions import (
    GroupRole,
    institutions_of,
    is_coordinator,
    roles_in,
)
from services.workgroups.sight import groups_of
from services.workgroups.tables import Group, Membership
from services.workgroups.waiting import Wait, waiting_for
from shared.identity import CallerKind
from shared.pagination import Page, PageQuery, paginate
from shared.problems import INVALID, UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import CurrentCaller, Reading

router = APIRouter(tags=["identity"])


class MeOut(Output):
    """The caller's roles here."""

    id: UUID
    kind: CallerKind = Field(description="A person, or a system with a key of its own.")
    coordinator: bool
    institutions: list[UUID] = Field(description="Those that the caller speaks for.")


class OwnGroupOut(Output):
    """A group that the caller belongs to, and as what."""

    id: UUID
    slug: str = Field(examples=["digital-transformation"])
    title: str = Field(examples=["Digital transformation follow-up group"])
    status: Status
    roles: list[GroupRole] = Field(description="The caller's own roles, the leading ones first.")
    institutions: list[UUID] = Field(description="The members that the caller speaks for.")


class WaitingOut(Output):
    """Something that waits for the caller."""

    kind: Wait
    id: UUID = Field(
        description="Of the request or invitation (`/admissions/{id}`), the membership or the role."
    )
    group_id: UUID
    group_title: str
    institution_id: UUID | None
    person_id: UUID | None
    since: datetime


class WaitingList(Output):
    """What waits, the oldest first."""

    items: list[WaitingOut]


@router.get("/me", summary="Show your own roles", responses=responses(UNAUTHENTICATED))
def me(caller: CurrentCaller, session: Reading) -> MeOut:
    """Return the caller's roles; a change at the registry shows here within moments."""
    return MeOut(
        id=caller.id,
        kind=caller.kind,
        coordinator=is_coordinator(session, caller),
        institutions=institutions_of(session, caller),
    )


@router.get("/me/groups", summary="List your groups", responses=responses(UNAUTHENTICATED, INVALID))
def my_groups(caller: CurrentCaller, session: Reading, page: PageQuery) -> Page[OwnGroupOut]:
    """Return the groups that you belong to by a role or an institution, closed ones too."""
    own = institutions_of(session, caller)
    found = paginate(
        session,
        select(Group).where(col(Group.id).in_(groups_of(session, caller))),
        col(Group.id),
        page,
    )
    members = session.exec(
        select(Membership.group_id, Membership.institution_id).where(
            col(Membership.group_id).in_([group.id for group in found.items]),
            col(Membership.institution_id).in_(own),
            Membership.state == "active",
        )
    ).all()
    return Page(
        items=[
            OwnGroupOut(
                **group.model_dump(),
                roles=sorted(roles_in(session, caller, group.id), key=list(GroupRole).index),
                institutions=[there for group_id, there in members if group_id == group.id],
            )
            for group in found.items
        ],
        next_cursor=found.next_cursor,
    )


@router.get("/me/waiting", summary="List what waits for you", responses=responses(UNAUTHENTICATED))
def my_waiting(caller: CurrentCaller, session: Reading) -> WaitingList:
    """Return requests, invitations, memberships and roles that wait for your decision.

    At most 200 of each kind, the oldest first. A group without a coordinator or co-chair of its own
    waits for the coordinators of the platform.
    """
    return WaitingList(
        items=[WaitingOut.model_validate(waiting) for waiting in waiting_for(session, caller)]
    )
