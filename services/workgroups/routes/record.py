"""A group as it stood on a day."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.workgroups import past, past_members, permissions
from services.workgroups.action_item_permissions import groups_from_within
from services.workgroups.group_lifecycle import Status
from services.workgroups.institutions import UNNAMED, names_of
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.people import names_of_people
from services.workgroups.routes.people_out import PersonOut
from services.workgroups.routes.permitted import VisibleGroup
from services.workgroups.transitions import State
from services.workgroups.update_permissions import written_for
from shared.columns import utc_now
from shared.events.catalogue import ActionPriority, MeetingMode, UpdateKind
from shared.moments import PastMoment
from shared.problems import INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import MaybeCaller, Reading

router = APIRouter(prefix="/groups/{group_id}/record", tags=["groups"])


class PastGroupOut(Output):
    """A group with its charter as it was."""

    slug: str
    title: str
    purpose: str
    scope: str | None
    results: str | None
    review_date: date | None
    charter: int = Field(description="The number of the charter's version.")
    time_zone: str
    visibility: str
    admission: str
    replaced_by: UUID | None
    status: Status
    version: int
    action: str = Field(description="The step that made it so.", examples=["open"])
    reason: str | None
    at: datetime = Field(description="When that step was taken.")


class PastMemberOut(Output):
    """An institution that belonged to the group."""

    institution_id: UUID
    institution_name: str | None = Field(description="As it is called now.")
    state: str = Field(examples=["active"])
    joined_at: datetime


class PastRoleOut(Output):
    """A person's role in the group."""

    person: PersonOut
    role: str = Field(examples=["coordinator"])
    state: str = Field(examples=["active"])
    institution_id: UUID | None = Field(
        description="Through which it was given or last confirmed by then."
    )


class PastUpdateOut(Output):
    """An update that was published."""

    id: UUID
    institution_id: UUID
    institution_name: str | None
    kind: UpdateKind
    title: str | None = Field(description="Null: it was withdrawn since.")
    language: str | None
    pinned: bool
    posted_at: datetime
    version: int
    withdrawn_since: bool


class PastMeetingOut(Output):
    """A meeting as it was known."""

    id: UUID
    title: str
    description: str | None
    status: MeetingStatus
    held_on: date | None = Field(description="The day on which it was held.")
    begins_at: datetime | None
    ends_at: datetime | None
    place: str | None
    time_zone: str
    mode: MeetingMode
    capacity: int | None
    participants_in_person: int
    participants_online: int
    convenor_id: UUID | None
    version: int


class PastPointOut(Output):
    """What a meeting had agreed."""

    id: UUID
    meeting_id: UUID
    number: int
    text: str
    outcome: str | None
    raised_by: UUID | None
    version: int


class PastActionItemOut(Output):
    """Who answered for what until when."""

    id: UUID
    number: int
    title: str
    description: str | None
    institution_id: UUID
    institution_name: str | None = Field(description="As it is called now.")
    person_ids: list[UUID] = Field(
        description="Who saw to it; shown to the group's own people and to coordinators."
    )
    priority: ActionPriority
    start_date: date | None
    due_date: date
    state: State
    overdue: bool = Field(description="Whether it was overdue then.")
    reason: str | None
    result: str | None
    result_links: list[str]
    parent_id: UUID | None
    meeting_id: UUID | None
    agreed_point_id: UUID | None
    version: int


class GroupRecord(Output):
    """A group and everything in it, as it stood at a moment."""

    group_id: UUID
    as_of: datetime
    group: PastGroupOut
    members: list[PastMemberOut]
    roles: list[PastRoleOut] = Field(description="Shown to who is signed in.")
    updates: list[PastUpdateOut]
    meetings: list[PastMeetingOut]
    agreed_points: list[PastPointOut]
    action_items: list[PastActionItemOut]


@router.get(
    "",
    summary="Read a group as it stood on a day",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_record(
    *,
    group: VisibleGroup,
    caller: MaybeCaller,
    session: Reading,
    as_of: Annotated[
        PastMoment | None,
        Query(
            description="A day (meaning its end, in UTC) or a date-time with its offset; now "
            "without it."
        ),
    ] = None,
) -> GroupRecord:
    """Return a group that you see now as it stood then: its charter and state, who belonged to it,
    what was published, which meetings were known, what was agreed, and who owed what.

    Before the group was there, the answer is 404. Institutions and people are called as they are
    now. What was withdrawn since has its title only for its institution and who leads the group.
    """
    moment = as_of or utc_now()
    then = past.group_as_of(session, group, moment)
    members = past_members.members_as_of(session, group.id, moment)
    roles = past_members.roles_as_of(session, group.id, moment) if caller is not None else []
    updates = past.updates_as_of(session, group.id, moment)
    items = past.action_items_as_of(session, group.id, moment, then["time_zone"])
    names = names_of(
        session,
        [
            *(member.institution_id for member in members),
            *(_id(values["institution_id"]) for values in (*updates, *items)),
        ],
    )

    def named(values: dict[str, Any]) -> dict[str, Any]:
        name = names.get(_id(values["institution_id"]), UNNAMED).name
        return {**values, "institution_name": name}

    people = names_of_people(session, (role.person_id for role in roles))
    within = group.id in groups_from_within(session, caller)
    looks_back = set(written_for(session, caller))
    leads = caller is not None and permissions.may_steer(session, caller, group.id)
    return GroupRecord(
        group_id=group.id,
        as_of=moment,
        group=PastGroupOut.model_validate(then),
        members=[PastMemberOut.model_validate(named(vars(member))) for member in members],
        roles=[
            PastRoleOut(
                person=PersonOut(id=role.person_id, name=people.get(role.person_id)),
                role=role.role,
                state=role.state,
                institution_id=role.institution_id,
            )
            for role in roles
        ],
        updates=[
            PastUpdateOut.model_validate(
                named(
                    values
                    if leads
                    or not values["withdrawn_since"]
                    or values["institution_id"] in looks_back
                    else {**values, "title": None}
                )
            )
            for values in updates
        ],
        meetings=[
            PastMeetingOut.model_validate(values)
            for values in past.meetings_as_of(session, group.id, moment)
        ],
        agreed_points=[
            PastPointOut.model_validate(values)
            for values in past.points_as_of(session, group.id, moment)
        ],
        action_items=[
            PastActionItemOut.model_validate(
                named(values if within else {**values, "person_ids": []})
            )
            for values in items
        ],
    )


def _id(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
