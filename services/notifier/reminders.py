"""Reminders: when a digest is made though nothing that its reader follows is new.

It is made when something began to be owed in the window (it is due soon, overdue, or asked for),
and again when something overdue or unanswered still stands a week after the reader's last digest.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.notifier import standing
from services.notifier.owed import owed_by
from services.notifier.owed_entries import Kind, Owed
from services.notifier.tables import Digest
from services.notifier.vocabulary import Frequency

AGAIN_AFTER = timedelta(days=6, hours=12)
"""After how long without a digest one reminds; a clock change may bring the hour sooner."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What one reader owes, and when the last digest said so."""

    owed: list[Owed]
    last_told_at: datetime | None

    def for_digest(self, starts_at: datetime, end: datetime) -> bool:
        """Tell whether the window needs a digest, though it holds nothing new."""
        if any(starts_at <= item.since < end for item in self.owed):
            return True
        is_old = self.last_told_at is None or self.last_told_at <= end - AGAIN_AFTER
        return is_old and any(item.kind is not Kind.DUE_SOON for item in self.owed)


def calls(session: Session, subscriber_ids: Collection[UUID], now: datetime) -> dict[UUID, Calls]:
    """Return what those readers owe who are people of the registry and owe something."""
    people = standing.of_subscribers(session, subscriber_ids)
    stands = standing.standings(session, set(people.values()))
    owed = owed_by(session, stands, standing.speakers(stands), now)
    owing = {each: owed[person] for each, person in people.items() if owed[person]}
    if not owing:
        return {}
    told = dict(
        session.exec(
            select(Digest.subscriber_id, func.max(Digest.window_end))
            .where(
                col(Digest.subscriber_id).in_(owing), col(Digest.frequency) != Frequency.IMMEDIATE
            )
            .group_by(col(Digest.subscriber_id))
        ).all()
    )
    return {each: Calls(items, told.get(each)) for each, items in owing.items()}
