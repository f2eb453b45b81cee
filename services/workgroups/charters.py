"""The charter of a group as it was: every version, and what differs between two of them."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from html import escape
from uuid import UUID

from sqlmodel import Session, col, select

from services.workgroups.due_dates import day_in
from services.workgroups.group_lifecycle import OPEN
from services.workgroups.tables import Charter, Group, Theme
from shared.events.catalogue import GroupReviewDue
from shared.outbox import publish
from shared.problems import NOT_FOUND, Problem

FIELDS = ("purpose", "scope", "results", "review_date")
"""What a charter says."""

_PIECES = re.compile(r"\s+|\w+|[^\w\s]")


class Change(StrEnum):
    """What became of a piece of text."""

    EQUAL = "equal"
    DELETE = "delete"
    INSERT = "insert"


@dataclass(frozen=True)
class Piece:
    """Some text, and whether it was there before, is there now, or both."""

    change: Change
    text: str


def write(session: Session, group: Group, by: UUID | None, reason: str | None) -> None:
    """Keep the charter that the group has now as its version ``group.charter``."""
    session.add(
        Charter(
            group_id=group.id,
            number=group.charter,
            **{name: getattr(group, name) for name in FIELDS},
            written_by=by,
            reason=reason,
        )
    )
    session.flush()


def read(session: Session, group_id: UUID, number: int) -> Charter:
    """Return a version of a group's charter; a Problem (404) when there is none of that number."""
    found = session.get(Charter, (group_id, number))
    if found is None:
        newest = session.exec(
            select(Charter.number)
            .where(Charter.group_id == group_id)
            .order_by(col(Charter.number).desc())
        ).first()
        raise Problem(
            NOT_FOUND, f"The charter has no version {number}. Its versions are 1 to {newest}."
        )
    return found


def difference(before: Charter, after: Charter) -> dict[str, list[Piece]]:
    """Return what differs between two versions, by field, word by word."""
    return {
        name: _difference(_text(getattr(before, name)), _text(getattr(after, name)))
        for name in FIELDS
        if getattr(before, name) != getattr(after, name)
    }


def as_html(pieces: list[Piece]) -> str:
    """Return the pieces as HTML: what went in ``del``, what came in ``ins``, all of it escaped."""
    shown = {
        Change.EQUAL: "{}",
        Change.DELETE: "<del>{}</del>",
        Change.INSERT: "<ins>{}</ins>",
    }
    return "".join(shown[piece.change].format(escape(piece.text)) for piece in pieces)


def tell_of_reviews(session: Session, now: datetime) -> int:
    """Tell once of each open group whose review date has come in its time zone."""
    candidates = session.exec(
        select(Group)
        .where(
            col(Group.status).in_(OPEN),
            col(Group.review_date).is_not(None),
            col(Group.review_told).is_(False),
        )
        .order_by(col(Group.id))
        .with_for_update(skip_locked=True)
    ).all()
    due = [
        group
        for group in candidates
        if group.review_date is not None and group.review_date <= day_in(group.time_zone, now)
    ]
    for group in due:
        group.review_told = True
        session.add(group)
        publish(
            session,
            GroupReviewDue(
                group_id=group.id,
                group_title=group.title,
                theme_slug=session.get_one(Theme, group.theme_id).slug,
                charter=group.charter,
                review_date=group.review_date,
            ),
            subject=f"groups/{group.id}",
        )
    return len(due)


def _text(value: str | date | None) -> str:
    return "" if value is None else str(value)


def _difference(before: str, after: str) -> list[Piece]:
    # In C and linear in memory: two long texts of one word again and again take difflib minutes.
    from rapidfuzz.distance import Indel

    known: dict[str, int] = {}
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    numbered = [[known.setdefault(piece, len(known)) for piece in text] for text in (old, new)]
    pieces: list[Piece] = []
    out, into = "", ""
    for op in Indel.opcodes(*numbered):
        if op.tag == Change.EQUAL:
            pieces += _changed(out, into)
            pieces.append(Piece(Change.EQUAL, "".join(old[op.src_start : op.src_end])))
            out, into = "", ""
        out += "".join(old[op.src_start : op.src_end]) if op.tag == Change.DELETE else ""
        into += "".join(new[op.dest_start : op.dest_end]) if op.tag == Change.INSERT else ""
    return pieces + _changed(out, into)


def _changed(out: str, into: str) -> list[Piece]:
    both = (Piece(Change.DELETE, out), Piece(Change.INSERT, into))
    return [piece for piece in both if piece.text]
