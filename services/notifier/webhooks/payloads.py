"""Payloads: what a webhook message says, made of its notice at the moment of sending.

A payload holds what is named here and nothing else, so a field that an event gains later stays
inside until somebody adds it. Left out are links to meetings, which are for those who come, and who
did or is meant by something: people hear that for themselves.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.notifier.tables import Notice, WebhookEndpoint, WebhookMessage
from services.notifier.vocabulary import NoticeKind

Shape = Mapping[str, "Shape | None"]
"""The fields that are told; one whose value has fields of its own names those."""

TEST = "webhook.test"
"""The type of a message that only shows that the endpoint is reached."""


def _fields(names: str, **nested: Shape) -> Shape:
    return {**dict.fromkeys(names.split()), **nested}


_GROUP = _fields("group_id title theme_slug")
_IN_GROUP = "group_id group_title theme_slug"
_INSTITUTION = "institution_id institution_name institution_acronym"

_MEMBERSHIP = _fields(f"{_IN_GROUP} {_INSTITUTION}")
_GROUP_FACTS = _fields(
    "", group=_fields("group_id slug title purpose theme_slug theme_title status version")
)
_ACTION = _fields(
    "",
    action=_fields(
        f"action_item_id {_IN_GROUP} {_INSTITUTION} number title due_date state priority "
        "time_zone meeting_id agreed_point_id version"
    ),
)
_WHEN = (
    "title status begins_at ends_at begins_local ends_local time_zone mode place convenor_id "
    "version sequence"
)
_MEETING = _fields(
    "reason previously_began_at previously_ended_at",
    meeting=_fields(f"meeting_id series_id occurrence {_WHEN}", groups=_GROUP),
)
_SERIES = _fields(
    "reason previously_began_local",
    series=_fields(
        "series_id title rule begins_local ends_local time_zone mode place convenor_id version "
        "sequence",
        groups=_GROUP,
    ),
    occurrences=_fields(
        "meeting_id occurrence status begins_at ends_at begins_local ends_local sequence"
    ),
)
_SUPPORT = _fields(
    f"item_id {_INSTITUTION} title text kind themes sdgs countries languages starts_on ends_on "
    "state version",
    volume=_fields("amount unit currency"),
)

SHAPES: Mapping[NoticeKind, Shape] = {
    NoticeKind.INSTITUTION_VERIFIED: _fields(
        "",
        institution=_fields(
            "institution_id name acronym organisation_type subtype country website version"
        ),
    ),
    NoticeKind.GROUP_OPENED: _GROUP_FACTS,
    NoticeKind.GROUP_ARCHIVED: _GROUP_FACTS,
    NoticeKind.GROUP_REOPENED: _GROUP_FACTS,
    NoticeKind.MEMBER_JOINED: _MEMBERSHIP,
    NoticeKind.MEMBER_LEFT: _MEMBERSHIP,
    NoticeKind.MEETING_RECORDED: _fields(
        "meeting_id title date place time_zone mode participants_in_person participants_online "
        "convenor_id",
        groups=_GROUP,
        agreed_points=_fields("agreed_point_id number text"),
    ),
    NoticeKind.UPDATE_POSTED: _fields(
        f"update_id {_IN_GROUP} {_INSTITUTION} kind title text language needs offers update_version"
    ),
    NoticeKind.ACTION_ITEM_ASSIGNED: _ACTION,
    NoticeKind.ACTION_ITEM_CHANGED: _ACTION,
    NoticeKind.MEETING_SCHEDULED: _MEETING,
    NoticeKind.MEETING_RESCHEDULED: _MEETING,
    NoticeKind.MEETING_CANCELLED: _MEETING,
    NoticeKind.MINUTES_AGREED: _fields("meeting_id meeting_title minutes_version", groups=_GROUP),
    NoticeKind.AGREED_POINT_RECORDED: _fields(
        "",
        point=_fields(
            "agreed_point_id meeting_id meeting_title number text update_id need_id version",
            groups=_GROUP,
        ),
    ),
    NoticeKind.COMMENT_POSTED: _fields(
        f"comment_id parent_id update_id update_title {_IN_GROUP} {_INSTITUTION} text language "
        "comment_version"
    ),
    NoticeKind.NEED_PUBLISHED: _fields("", need=_SUPPORT),
    NoticeKind.NEED_UNANSWERED: _fields("days", need=_SUPPORT),
    NoticeKind.OFFER_PUBLISHED: _fields("", offer=_SUPPORT),
}
"""What is told of each kind of notice that somebody may follow."""


def type_of(notice: Notice) -> str:
    """Return the event type: ``update.posted``, ``action_item.changed``, ``meeting_series.…``."""
    subject, _, what = notice.kind.rpartition("_")
    return f"{'meeting_series' if 'series' in notice.facts else subject}.{what}"


def of_notice(notice: Notice) -> str:
    """Return the body that tells the notice."""
    shape = _SERIES if "series" in notice.facts else SHAPES[notice.kind]
    data = {"subject": notice.subject, "event_id": str(notice.event_id)}
    return _body(type_of(notice), notice.occurred_at, {**data, **_told(notice.facts, shape)})


def of_test(endpoint: WebhookEndpoint, message: WebhookMessage) -> str:
    """Return the body of a test message."""
    data = {"endpoint_id": str(endpoint.id), "name": endpoint.name}
    return _body(TEST, message.created_at, data)


def _told(facts: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    told = {}
    for name, within in shape.items():
        if name not in facts:
            continue
        value = facts[name]
        if within is not None and isinstance(value, list):
            value = [_told(each, within) for each in value]
        elif within is not None and value is not None:
            value = _told(value, within)
        told[name] = value
    return told


def _body(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    payload = {"type": kind, "timestamp": moment, "data": data}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
