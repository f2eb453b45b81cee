"""The people who speak for an institution."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field
from sqlmodel import Session, col, select

from services.registry import focal_points
from services.registry.permissions import institution_to_remove_from
from services.registry.routes.actors import Actor, actors
from services.registry.routes.letters import LettersByMail
from services.registry.routes.people_permitted import (
    InstitutionToChangeRolesIn,
    InstitutionToHandOver,
    InstitutionWithPeople,
)
from services.registry.routes.permitted import InstitutionId
from services.registry.tables import FocalPoint, Person, RoleChange
from shared.columns import utc_now
from shared.etags import IfMatch, etag, require_version
from shared.events.catalogue import FocalPointRole
from shared.pagination import Page, PageQuery, paginate
from shared.problems import (
    CONFLICT,
    FORBIDDEN,
    INVALID,
    NOT_FOUND,
    UNAUTHENTICATED,
    VERSION_CONFLICT,
    VERSION_REQUIRED,
    responses,
)
from shared.text import Input, Output, Reason
from shared.web import CurrentCaller, Reading, Writing

router = APIRouter(prefix="/institutions/{institution_id}", tags=["people"])

PersonId = Annotated[UUID, Path(description="The person's id.")]

_READ = responses(UNAUTHENTICATED, NOT_FOUND, INVALID)
_CHANGE = responses(UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, CONFLICT, INVALID)


class SpeakerOut(Output):
    """Somebody who speaks for an institution, with a confirmed address."""

    id: UUID
    name: str = Field(examples=["Ana Souza"])
    email: str = Field(examples=["ana.souza@example.org"])
    language: str = Field(examples=["en"])
    time_zone: str = Field(examples=["Asia/Bangkok"])
    role: FocalPointRole
    since: datetime = Field(description="When the person confirmed that they speak for it.")
    version: int = Field(description="Grows with each change of the role; its ETag.")


class RoleWanted(Input):
    """The role to have from now on."""

    role: FocalPointRole = Field(examples=["focal_point"])
    reason: Reason | None = Field(None, examples=["Ana Souza is on leave until May."])


class Removal(Input):
    """Why the person no longer speaks for the institution."""

    reason: Reason = Field(examples=["Works for another ministry now."])
    leave_without_focal_point: bool = Field(
        False,
        description="By a coordinator: that nobody shall speak for the institution for now.",
    )


class HandOver(Input):
    """Who takes your place, and why."""

    to: UUID = Field(
        description="The id of another person of the institution, or of an open invitation."
    )
    reason: Reason = Field(examples=["I retire at the end of the month."])


class HandedOver(Output):
    """What became of a hand-over."""

    state: Literal["done", "waiting"] = Field(
        description="`waiting`: done once the invitation is accepted; until then you stay."
    )
    to: UUID


class RoleChangeOut(Output):
    """One change of who speaks for the institution."""

    id: UUID
    person: Actor
    action: Literal["accepted", "changed", "handed_over", "removed", "erased"]
    role: FocalPointRole | None = Field(description="From then on; null when it was taken.")
    by: Actor
    reason: str | None
    at: datetime


@router.get(
    "/people", summary="List who speaks for it", response_model=Page[SpeakerOut], responses=_READ
)
def list_people(
    institution: InstitutionWithPeople, session: Reading, page: PageQuery
) -> Page[SpeakerOut]:
    """Return the focal points and alternates, to each other and to coordinators."""
    found = paginate(
        session,
        select(FocalPoint).where(
            FocalPoint.institution_id == institution.id,
            col(FocalPoint.confirmed_at).is_not(None),
        ),
        col(FocalPoint.person_id),
        page,
    )
    return Page(
        items=[_described(session, held) for held in found.items], next_cursor=found.next_cursor
    )


@router.get(
    "/people/{person_id}",
    summary="Read who speaks for it",
    response_model=SpeakerOut,
    responses=_READ,
)
def read_speaker(
    institution: InstitutionWithPeople, person_id: PersonId, session: Reading, response: Response
) -> SpeakerOut:
    """Return one of its people with the ETag of their role."""
    held = focal_points.role_in(session, institution, person_id)
    response.headers["ETag"] = etag(held.version)
    return _described(session, held)


@router.patch(
    "/people/{person_id}",
    summary="Change somebody's role",
    response_model=SpeakerOut,
    responses={**_CHANGE, **responses(VERSION_CONFLICT, VERSION_REQUIRED)},
)
def change_role(
    *,
    institution: InstitutionToChangeRolesIn,
    person_id: PersonId,
    caller: CurrentCaller,
    expected: IfMatch,
    body: RoleWanted,
    session: Writing,
    response: Response,
) -> SpeakerOut:
    """Make a focal point an alternate or the other way round; by a focal point or coordinator."""
    held = focal_points.role_in(session, institution, person_id)
    require_version(held.version, expected)
    focal_points.change_role(
        session,
        institution,
        held,
        body.role,
        by=caller.id,
        now=utc_now(),
        reason=body.reason,
    )
    response.headers["ETag"] = etag(held.version)
    return _described(session, held)


@router.post(
    "/people/{person_id}/remove",
    status_code=204,
    summary="Let somebody no longer speak for it",
    responses=_CHANGE,
)
def remove_speaker(
    *,
    institution_id: InstitutionId,
    person_id: PersonId,
    body: Removal,
    caller: CurrentCaller,
    session: Writing,
    letters: LettersByMail,
) -> None:
    """Take a role: your own, or as a focal point or coordinator somebody else's, who is told.

    The last focal point is not removed: they hand over first. A coordinator may say that the
    institution shall be left without one; then all coordinators are told.
    """
    institution = institution_to_remove_from(
        session,
        caller,
        institution_id,
        person_id,
        leave_without_focal_point=body.leave_without_focal_point,
    )
    letters.send(
        session,
        focal_points.remove(
            session,
            institution,
            person_id,
            by=caller.id,
            reason=body.reason,
            now=utc_now(),
            leave_without_focal_point=body.leave_without_focal_point,
        ),
    )


@router.post(
    "/hand-over",
    summary="Hand over and leave",
    response_model=HandedOver,
    responses=_CHANGE,
)
def hand_over(
    institution: InstitutionToHandOver, caller: CurrentCaller, body: HandOver, session: Writing
) -> HandedOver:
    """Give your place as a focal point to somebody else and leave.

    A person of the institution takes it at once; an invited one once they accept.
    """
    leaver = focal_points.role_in(session, institution, caller.id)
    waiting = focal_points.hand_over(
        session, institution, leaver, body.to, reason=body.reason, now=utc_now()
    )
    return HandedOver(state="waiting" if waiting else "done", to=body.to)


@router.get(
    "/role-changes",
    summary="Read who spoke for it when",
    response_model=Page[RoleChangeOut],
    responses=_READ,
)
def list_role_changes(
    institution: InstitutionWithPeople, session: Reading, page: PageQuery
) -> Page[RoleChangeOut]:
    """Return each role that was accepted, changed, handed over or taken, oldest first, and why."""
    found = paginate(
        session,
        select(RoleChange).where(RoleChange.institution_id == institution.id),
        col(RoleChange.id),
        page,
    )
    people = actors(
        session,
        (person for change in found.items for person in (change.person_id, change.actor_id)),
    )
    return Page(
        items=[
            RoleChangeOut.model_validate(
                {
                    **change.model_dump(),
                    "person": people[change.person_id],
                    "by": people[change.actor_id],
                }
            )
            for change in found.items
        ],
        next_cursor=found.next_cursor,
    )


def _described(session: Session, held: FocalPoint) -> SpeakerOut:
    person = session.get_one(Person, held.person_id)
    return SpeakerOut.model_validate(
        {
            **person.model_dump(),
            "role": held.role,
            "since": held.confirmed_at,
            "version": held.version,
        }
    )
