"""Meetings as requests and answers: their fields, and how a meeting is shown to a caller."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, Field, NaiveDatetime
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from services.workgroups import meeting_access, meeting_plans, meetings, sight
from services.workgroups.attached_files import documents_of
from services.workgroups.meeting_states import MeetingStatus
from services.workgroups.routes.update_out import AttachmentOut
from services.workgroups.tables import Group, Meeting
from shared.events.catalogue import MeetingMode
from shared.identity import Caller
from shared.text import Line, Output

TITLE = "South-South and triangular cooperation focal points retreat"
AGREED = "Listen closely to the demands of recipient countries, to support them better."


def each_once(ids: list[UUID]) -> list[UUID]:
    """Return the ids when none is named twice."""
    if len(set(ids)) != len(ids):
        raise PydanticCustomError("repeated", "Name each group once.")
    return ids


def _on_the_minute(value: datetime) -> datetime:
    if value.second or value.microsecond:
        raise PydanticCustomError("minute", "Give the time to the minute, without seconds.")
    if not datetime(1990, 1, 1) <= value < datetime(2101, 1, 1):  # noqa: DTZ001
        raise PydanticCustomError("year", "Give a time between the years 1990 and 2100.")
    return value


def _https(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "@" in parts.netloc or any(character in value for character in ' "<>\\^`{|}'):
        raise PydanticCustomError(
            "https", "Give a whole address that begins with https://, without a user name in it."
        )
    return value


GroupIds = Annotated[
    list[UUID],
    Field(min_length=1, max_length=50, description="The groups whose meeting it is."),
    AfterValidator(each_once),
]

LocalTime = Annotated[
    NaiveDatetime,
    Field(
        description="What clocks in the time zone show, without an offset.",
        examples=["2027-03-15T09:30"],
    ),
    AfterValidator(_on_the_minute),
]

Fold = Annotated[
    Literal[0, 1] | None,
    Field(description="Where clocks show that time twice: 0 for the first, 1 for the second."),
]

HttpsLink = Annotated[
    str,
    Line(2000),
    AfterValidator(_https),
    Field(
        description="Where to join online. Shown to those who belong to a group of the meeting.",
        examples=["https://meet.example.org/south-south"],
    ),
]

Capacity = Annotated[
    int, Field(ge=1, le=100_000, strict=True, description="How many may come.", examples=[40])
]

Participants = Annotated[int, Field(ge=0, le=100_000, strict=True)]


_Day = date | None


class MeetingGroupOut(Output):
    """A group whose meeting it is."""

    id: UUID
    title: str


class AgreedPointOut(Output):
    """What a meeting agreed."""

    id: UUID
    number: int = Field(description="Its number within the meeting, from 1.", examples=[3])
    text: str = Field(examples=[AGREED])


class MeetingOut(Output):
    """A meeting, planned or held."""

    id: UUID
    title: str = Field(examples=[TITLE])
    description: str | None
    status: MeetingStatus
    date: _Day = Field(description="The day on which it was held, in its time zone.")
    begins: datetime | None = Field(
        description="What clocks in its time zone show.", examples=["2027-03-15T09:30:00"]
    )
    begins_at: datetime | None = Field(description="The same moment in UTC.")
    ends: datetime | None = Field(examples=["2027-03-15T12:00:00"])
    ends_at: datetime | None
    place: str | None = Field(examples=["Bangkok, Thailand"])
    link: str | None = Field(description="Shown to those who belong to a group of the meeting.")
    time_zone: str = Field(examples=["Asia/Bangkok"])
    mode: MeetingMode
    capacity: int | None
    participants_in_person: int = Field(examples=[19])
    participants_online: int = Field(examples=[16])
    convenor_id: UUID | None
    groups: list[MeetingGroupOut] = Field(description="Those that you see.")
    agreed_points: list[AgreedPointOut]
    documents: list[AttachmentOut] = Field(
        description="Files; whoever sees the meeting fetches them."
    )
    recorded_at: datetime
    updated_at: datetime
    version: int = Field(description="Grows with each change; the ETag of this meeting.")
    sequence: int = Field(description="Rises when time, place or link move (RFC 5545).")
    series_id: UUID | None = Field(description="The series that it is a meeting of.")
    occurrence: datetime | None = Field(
        description="When the series has it begin, as clocks show it (its RECURRENCE-ID)."
    )
    warnings: list[str] = Field(
        description="What you should know, such as another meeting of a group at that time; in "
        "lists always empty."
    )


def shown(session: Session, caller: Caller | None, found: Sequence[Meeting]) -> list[MeetingOut]:
    """Return the meetings as the caller may see them."""
    ids = [meeting.id for meeting in found]
    all_groups = meetings.groups_of(session, ids)
    points = meetings.agreed_points_of(session, ids)
    documents = documents_of(session, ids)
    named = {group.id for each in all_groups.values() for group in each}
    seen = set(
        session.exec(
            select(Group.id).where(col(Group.id).in_(named), sight.in_sight(session, caller))
        )
    )
    joins = meeting_access.joinable(
        session, caller, {key: [group.id for group in each] for key, each in all_groups.items()}
    )
    answers = []
    for meeting in found:
        groups = all_groups[meeting.id]
        answers.append(
            MeetingOut.model_validate(
                {
                    **meeting.model_dump(exclude={"link"}),
                    "date": meeting.held_on,
                    "begins": meeting.begins_local,
                    "ends": meeting.ends_local,
                    "link": meeting.link if meeting.id in joins else None,
                    "groups": [
                        MeetingGroupOut.model_validate(group)
                        for group in groups
                        if group.id in seen
                    ],
                    "agreed_points": [
                        AgreedPointOut.model_validate(point) for point in points[meeting.id]
                    ],
                    "documents": [
                        AttachmentOut.model_validate(file) for file in documents.get(meeting.id, [])
                    ],
                    "warnings": [],
                }
            )
        )
    return answers


def shown_alone(session: Session, caller: Caller | None, meeting: Meeting) -> MeetingOut:
    """Return the meeting as the caller may see it, with warnings about its groups' others."""
    [answer] = shown(session, caller, [meeting])
    seen = [group.id for group in answer.groups]
    return answer.model_copy(
        update={
            "warnings": [
                f"“{overlap.meeting.title}” of the group “{overlap.group.title}” is at the same "
                f"time, from {overlap.meeting.begins_local:%Y-%m-%d %H:%M} in "
                f"{overlap.meeting.time_zone} (/meetings/{overlap.meeting.id})."
                for overlap in meeting_plans.overlaps(session, meeting, seen)
            ]
        }
    )
