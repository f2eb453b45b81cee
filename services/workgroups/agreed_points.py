"""What meetings agreed: worded and numbered, with what it answers and what came of it.

Whoever calls `record` and `change` holds the meeting.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlmodel import Session, col, func, select

from services.workgroups import groups, support, update_permissions
from services.workgroups.agreed_point_permissions import groups_of_meeting
from services.workgroups.institutions import no_such_institution
from services.workgroups.support import Side
from services.workgroups.tables import (
    AgendaItem,
    AgreedPoint,
    AgreedPointChange,
    Institution,
    Meeting,
    Support,
    Update,
)
from shared.columns import utc_now
from shared.events.catalogue import AgreedPointChanged, AgreedPointRecorded, PointFacts
from shared.identity import Caller
from shared.outbox import publish
from shared.problems import incorrect

FIELDS = ("text", "outcome", "raised_by", "update_id", "need_id", "agenda_item_id")


def record(
    session: Session, caller: Caller, meeting: Meeting, said: Mapping[str, Any]
) -> AgreedPoint:
    """Add a point to what the meeting agreed, with the next number.

    ``said`` holds its values by field. Raises a Problem: 404 for an unknown institution, 422 when
    what it answers is not there, or not of the institution that raised it, or when the agenda item
    is of another meeting.
    """
    said = _raised(session, caller, meeting, said)
    _require_on_agenda(session, meeting, said.get("agenda_item_id"))
    highest = session.exec(
        select(func.max(AgreedPoint.number)).where(AgreedPoint.meeting_id == meeting.id)
    ).one()
    point = AgreedPoint(
        meeting_id=meeting.id, number=(highest or 0) + 1, recorded_by=caller.id, **said
    )
    session.add(point)
    session.flush()
    _write(
        session,
        point,
        caller.id,
        {name: [None, value] for name, value in said.items() if value is not None},
    )
    publish(
        session,
        AgreedPointRecorded(point=_facts(session, meeting, point)),
        subject=f"agreed-points/{point.id}",
    )
    return point


def change(session: Session, caller: Caller, point: AgreedPoint, wanted: Mapping[str, Any]) -> None:
    """Change what the point says; equal values change nothing. Raises a Problem as `record`."""
    meeting = session.get_one(Meeting, point.meeting_id)
    before = {name: getattr(point, name) for name in FIELDS}
    after = {**before, **wanted}
    if wanted.keys() & {"update_id", "need_id"} and "raised_by" not in wanted:
        after["raised_by"] = None
    if after.keys() & wanted.keys() & {"raised_by", "update_id", "need_id"}:
        after = _raised(session, caller, meeting, after)
    _require_on_agenda(session, meeting, wanted.get("agenda_item_id"))
    changes = {name: [before[name], after[name]] for name in FIELDS if before[name] != after[name]}
    if not changes:
        return
    for name in changes:
        setattr(point, name, after[name])
    point.version += 1
    point.updated_at = utc_now()
    session.add(point)
    session.flush()
    _write(session, point, caller.id, changes)
    publish(
        session,
        AgreedPointChanged(point=_facts(session, meeting, point)),
        subject=f"agreed-points/{point.id}",
    )


def _raised(
    session: Session, caller: Caller, meeting: Meeting, said: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values with the institution that raised what the point answers."""
    if said.get("update_id") is not None and said.get("need_id") is not None:
        raise incorrect("/need_id", "A point answers an update or a need: give one of them.")
    owner: UUID | None = None
    if said.get("update_id") is not None:
        owner = _challenge(session, caller, meeting, said["update_id"]).institution_id
    elif said.get("need_id") is not None:
        owner = _need(session, caller, said["need_id"]).institution_id
    raised_by = said.get("raised_by")
    if raised_by is not None and session.get(Institution, raised_by) is None:
        raise no_such_institution("/raised_by")
    if owner is not None and raised_by not in (None, owner):
        raise incorrect("/raised_by", "Another institution raised what this answers: leave it out.")
    return {**said, "raised_by": owner or raised_by}


def _require_on_agenda(session: Session, meeting: Meeting, item_id: UUID | None) -> None:
    if item_id is None:
        return
    item = session.get(AgendaItem, item_id)
    if item is None or item.meeting_id != meeting.id:
        raise incorrect(
            "/agenda_item_id",
            "Not an item of this meeting's agenda: "
            f"GET /meetings/{meeting.id}/agenda lists those that are.",
        )


def _challenge(session: Session, caller: Caller, meeting: Meeting, update_id: UUID) -> Update:
    held = [group.id for group in groups_of_meeting(session, meeting.id)]
    update = session.exec(
        select(Update).where(
            Update.id == update_id,
            update_permissions.in_sight(session, caller),
            Update.state == "published",
            col(Update.group_id).in_(held),
        )
    ).first()
    if update is None:
        raise incorrect("/update_id", "Not an update of a group whose meeting it was.")
    if update.kind != "challenge":
        raise incorrect(
            "/update_id", f"Give a challenge; this update is of the kind {update.kind}."
        )
    return update


def _need(session: Session, caller: Caller, need_id: UUID) -> Support:
    need = support.seen(session, caller, [need_id]).get(need_id)
    if need is None or need.side != Side.NEED:
        raise incorrect("/need_id", "Not a need that you see. A new one is known after a moment.")
    return need


def _write(
    session: Session, point: AgreedPoint, by: UUID, changes: Mapping[str, list[Any]]
) -> None:
    session.add(
        AgreedPointChange(
            agreed_point_id=point.id,
            version=point.version,
            by=by,
            changes=to_jsonable_python(changes),
        )
    )
    session.flush()


def _facts(session: Session, meeting: Meeting, point: AgreedPoint) -> PointFacts:
    return PointFacts.model_validate(
        {
            **point.model_dump(),
            "agreed_point_id": point.id,
            "meeting_title": meeting.title,
            "groups": [
                groups.reference(session, group)
                for group in groups_of_meeting(session, point.meeting_id)
            ],
        }
    )
