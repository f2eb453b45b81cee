"""How one thing of a trace leads to another: where each such link is stored."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, true
from sqlmodel import Session, col, select

from services.workgroups.support import Side
from services.workgroups.tables import (
    ActionItem,
    ActionItemSupport,
    AgreedPoint,
    Introduction,
    Update,
    UpdateLink,
)
from services.workgroups.trace_sight import Kind, Ref, Sight

TOGETHER = ("accepted", "agreed", "delivered")
"""The states of an introduction in which both sides work together, or did."""


class Relation(StrEnum):
    """How one thing leads to another."""

    ANSWERED_BY = "answered_by"
    """What an institution raised is answered by what a meeting agreed."""
    AGREED = "agreed"
    """A meeting agreed on a point."""
    LED_TO = "led_to"
    """A point, or a meeting without one, led to an action item."""
    HAS_PART = "has_part"
    """An action item has another as its part."""
    IS_ABOUT = "is_about"
    """An action item or an update is about a need or an offer."""
    INTRODUCED_TO = "introduced_to"
    """The registry brought a need to an offer."""


class Link(NamedTuple):
    """That one thing leads to another."""

    source: Ref
    target: Ref
    relation: Relation


@dataclass(frozen=True)
class Links:
    """Links, and whether they are all."""

    found: Collection[Link]
    complete: bool


@dataclass(frozen=True)
class _Stored:
    """The columns that hold both ends of a kind of link."""

    source: Kind
    target: Kind
    relation: Relation
    source_id: Any
    target_id: Any
    condition: ColumnElement[bool]


def links_at(session: Session, seen: Sight, refs: Collection[Ref], most: int) -> Links:
    """Return the links of these things, in a few questions for all of them together.

    ``most`` bounds the answer of each question.
    """
    ids = {kind: {ref.id for ref in refs if ref.kind is kind} for kind in Kind}
    found: set[Link] = set()
    complete = True
    for each in _stored(seen):
        for end, some in (
            (each.source_id, ids[each.source]),
            (each.target_id, ids[each.target]),
        ):
            if not some:
                continue
            rows = session.exec(
                select(each.source_id, each.target_id)
                .where(col(end).in_(some), col(each.source_id).is_not(None), each.condition)
                .order_by(each.source_id, each.target_id)
                .limit(most + 1)
            ).all()
            complete = complete and len(rows) <= most
            found |= {
                Link(Ref(each.source, source), Ref(each.target, target), each.relation)
                for source, target in rows[:most]
            }
    return Links(found, complete)


def _stored(seen: Sight) -> list[_Stored]:
    # What was withdrawn says nothing any more, and a draft nothing to others.
    said = select(Update.id).where(
        or_(col(Update.state) == "published", and_(col(Update.state) == "draft", seen.updates))
    )
    return [
        _Stored(
            Kind.NEED,
            Kind.AGREED_POINT,
            Relation.ANSWERED_BY,
            AgreedPoint.need_id,
            AgreedPoint.id,
            true(),
        ),
        _Stored(
            Kind.UPDATE,
            Kind.AGREED_POINT,
            Relation.ANSWERED_BY,
            AgreedPoint.update_id,
            AgreedPoint.id,
            true(),
        ),
        _Stored(
            Kind.MEETING,
            Kind.AGREED_POINT,
            Relation.AGREED,
            AgreedPoint.meeting_id,
            AgreedPoint.id,
            true(),
        ),
        _Stored(
            Kind.AGREED_POINT,
            Kind.ACTION_ITEM,
            Relation.LED_TO,
            ActionItem.agreed_point_id,
            ActionItem.id,
            true(),
        ),
        _Stored(
            Kind.MEETING,
            Kind.ACTION_ITEM,
            Relation.LED_TO,
            ActionItem.meeting_id,
            ActionItem.id,
            col(ActionItem.agreed_point_id).is_(None),
        ),
        _Stored(
            Kind.ACTION_ITEM,
            Kind.ACTION_ITEM,
            Relation.HAS_PART,
            ActionItem.parent_id,
            ActionItem.id,
            true(),
        ),
        _Stored(
            Kind.NEED,
            Kind.OFFER,
            Relation.INTRODUCED_TO,
            Introduction.need_id,
            Introduction.offer_id,
            and_(col(Introduction.state).in_(TOGETHER), seen.introductions),
        ),
        *(
            stored
            for side in Side
            for stored in (
                _Stored(
                    Kind.ACTION_ITEM,
                    Kind(side),
                    Relation.IS_ABOUT,
                    ActionItemSupport.action_item_id,
                    ActionItemSupport.support_id,
                    col(ActionItemSupport.side) == side,
                ),
                _Stored(
                    Kind.UPDATE,
                    Kind(side),
                    Relation.IS_ABOUT,
                    UpdateLink.update_id,
                    UpdateLink.support_id,
                    and_(col(UpdateLink.side) == side, col(UpdateLink.update_id).in_(said)),
                ),
            )
        ),
    ]
