"""A group as it stood at an earlier moment: its charter, what it said, met about and owed.

Most of it is computed from what is there now: every later change is taken back, newest first. What
was stored before histories were kept is taken as it is now.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups.action_item_log import COLUMNS as ITEM_FIELDS
from services.workgroups.action_item_people import people_of
from services.workgroups.charters import FIELDS as CHARTER_FIELDS
from services.workgroups.due_dates import is_overdue
from services.workgroups.tables import (
    ActionItem,
    ActionItemEntry,
    AgreedPoint,
    AgreedPointChange,
    Group,
    GroupHistory,
    Meeting,
    MeetingChange,
    MeetingGroup,
    Update,
    UpdateVersion,
)
from shared.problems import NOT_FOUND, Problem

Values = dict[str, Any]
"""What something was, by field."""

GROUP_FIELDS = (
    *("slug", "title", "purpose", "scope", "results", "review_date", "time_zone"),
    *("visibility", "admission", "replaced_by"),
)
MEETING_FIELDS = (
    *("title", "description", "status", "held_on", "begins_at", "ends_at", "place", "time_zone"),
    *("mode", "capacity", "participants_in_person", "participants_online", "convenor_id"),
)
POINT_FIELDS = ("text", "outcome", "raised_by", "update_id", "need_id")


def group_as_of(session: Session, group: Group, moment: datetime) -> Values:
    """Return the group with its charter and state at ``moment``, and the step that made it so.

    Raises a Problem (404) when it wasn't there by then.
    """
    steps = session.exec(
        select(GroupHistory)
        .where(GroupHistory.group_id == group.id)
        .order_by(col(GroupHistory.version).desc())
    )
    values: Values = {name: getattr(group, name) for name in GROUP_FIELDS}
    charter = group.charter
    for step in steps:
        if step.at <= moment:
            return {
                **values,
                "charter": charter,
                "status": step.to_status,
                "version": step.version,
                "action": step.action,
                "reason": step.reason,
                "at": step.at,
            }
        _take_back(values, step.changes)
        if step.changes and not step.changes.keys().isdisjoint(CHARTER_FIELDS):
            charter -= 1
    raise Problem(
        NOT_FOUND,
        "This group was not there by then. Ask for a later day.",
    )


def updates_as_of(session: Session, group_id: UUID, moment: datetime) -> list[Values]:
    """Return what was published in the group at ``moment``, in the order of publication."""
    versions = session.exec(
        select(UpdateVersion)
        .join(Update, col(Update.id) == col(UpdateVersion.update_id))
        .where(Update.group_id == group_id, col(UpdateVersion.at) <= moment)
        .order_by(col(UpdateVersion.version))
    )
    newest = {version.update_id: version for version in versions}
    posted = session.exec(
        select(Update)
        .where(
            Update.group_id == group_id,
            col(Update.state) != "draft",
            col(Update.posted_at) <= moment,
        )
        .order_by(col(Update.place))
    )
    found = []
    for update in posted:
        version = newest.get(update.id)
        if version is not None and version.action == "withdraw":
            continue
        said = version.said if version is not None else update.model_dump()
        found.append(
            {
                "id": update.id,
                "institution_id": update.institution_id,
                "posted_at": update.posted_at,
                **{name: said[name] for name in ("kind", "title", "language")},
                "pinned": bool(said.get("pinned", False)),
                "version": version.version if version is not None else 1,
                "withdrawn_since": update.state == "withdrawn",
            }
        )
    return found


def meetings_as_of(session: Session, group_id: UUID, moment: datetime) -> list[Values]:
    """Return the group's meetings that were known at ``moment``, the first recorded first."""
    meetings = session.exec(
        select(Meeting)
        .join(MeetingGroup, col(MeetingGroup.meeting_id) == col(Meeting.id))
        .where(MeetingGroup.group_id == group_id, col(Meeting.recorded_at) <= moment)
        .order_by(col(Meeting.id))
    ).all()
    known = {
        meeting.id: _values(meeting, MEETING_FIELDS, id=meeting.id, version=meeting.version)
        for meeting in meetings
    }
    changes = session.exec(
        select(MeetingChange)
        .where(col(MeetingChange.meeting_id).in_(known), col(MeetingChange.changed_at) > moment)
        .order_by(col(MeetingChange.version).desc())
    )
    for change in changes:
        values = known[change.meeting_id]
        before = json.loads(change.before)
        values.update({name: before[name] for name in before if name in values})
        values["version"] = change.version - 1
    return list(known.values())


def points_as_of(session: Session, group_id: UUID, moment: datetime) -> list[Values]:
    """Return what the group's meetings had agreed by ``moment``."""
    points = session.exec(
        select(AgreedPoint)
        .join(MeetingGroup, col(MeetingGroup.meeting_id) == col(AgreedPoint.meeting_id))
        .where(MeetingGroup.group_id == group_id, col(AgreedPoint.recorded_at) <= moment)
        .order_by(col(AgreedPoint.meeting_id), col(AgreedPoint.number))
    ).all()
    known = {
        point.id: _values(
            point,
            POINT_FIELDS,
            id=point.id,
            meeting_id=point.meeting_id,
            number=point.number,
            version=point.version,
        )
        for point in points
    }
    changes = session.exec(
        select(AgreedPointChange)
        .where(
            col(AgreedPointChange.agreed_point_id).in_(known), col(AgreedPointChange.at) > moment
        )
        .order_by(col(AgreedPointChange.version).desc())
    )
    for change in changes:
        _take_back(known[change.agreed_point_id], change.changes)
        known[change.agreed_point_id]["version"] = change.version - 1
    return list(known.values())


def action_items_as_of(
    session: Session, group_id: UUID, moment: datetime, time_zone: str
) -> list[Values]:
    """Return the group's action items as they stood at ``moment``, in the order of their numbers.

    ``time_zone`` is the group's at that moment: by it they were overdue, or not.
    """
    items = session.exec(
        select(ActionItem)
        .where(ActionItem.group_id == group_id, col(ActionItem.assigned_at) <= moment)
        .order_by(col(ActionItem.number))
    ).all()
    people = people_of(session, [item.id for item in items])
    known = {
        item.id: _values(
            item,
            ITEM_FIELDS,
            id=item.id,
            number=item.number,
            version=item.version,
            person_ids=people[item.id],
        )
        for item in items
    }
    entries = session.exec(
        select(ActionItemEntry)
        .where(
            col(ActionItemEntry.action_item_id).in_(known),
            col(ActionItemEntry.at) > moment,
            col(ActionItemEntry.kind).in_(("changed", "reassigned")),
        )
        .order_by(col(ActionItemEntry.version).desc())
    )
    for entry in entries:
        _take_back(known[entry.action_item_id], entry.changes)
        known[entry.action_item_id]["version"] = entry.version - 1
    for values in known.values():
        due = values["due_date"]
        day = due if not isinstance(due, str) else datetime.fromisoformat(due).date()
        values["due_date"] = day
        values["overdue"] = is_overdue(values["state"], day, time_zone, moment)
    return list(known.values())


def _values(row: Any, fields: Iterable[str], **more: Any) -> Values:
    return {**more, **{name: getattr(row, name) for name in fields}}


def _take_back(values: Values, changes: Mapping[str, list[Any]] | None) -> None:
    for name, (before, _after) in (changes or {}).items():
        if name in values:
            values[name] = before
