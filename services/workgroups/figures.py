"""What `/metrics` shows of workgroups."""

from collections.abc import Iterable

from sqlmodel import Session, col, func, select

from services.workgroups.due_dates import overdue_condition
from services.workgroups.group_lifecycle import Status
from services.workgroups.projections import REGISTRY_PROJECTION
from services.workgroups.tables import ActionItem, Group, Meeting, Membership, Update
from services.workgroups.transitions import State
from shared.columns import utc_now
from shared.events.catalogue import WORKGROUPS
from shared.outbox import outbox_figures
from shared.projection import projection_figures
from shared.telemetry import Figure, counted


def collect(session: Session) -> Iterable[Figure]:
    """Yield the figures of workgroups, of its relay and of its consumer."""
    yield from counted(session, "groups", "Follow-up groups.", Group.status, Status)
    members = _count(session, Membership, col(Membership.left_at).is_(None))
    yield Figure("members", "Memberships of institutions in groups.", members)
    posted = _count(session, Update, col(Update.state) == "published")
    yield Figure("updates", "Updates posted.", posted)
    yield Figure("meetings", "Meetings recorded.", _count(session, Meeting))
    yield from counted(
        session, "action_items", "Action items by their state.", ActionItem.state, State
    )
    yield Figure(
        "action_items_overdue",
        "Unfinished action items whose due date is over in their group's time zone.",
        overdue(session),
    )
    yield from outbox_figures(WORKGROUPS, session)
    yield from projection_figures(REGISTRY_PROJECTION, session)


def overdue(session: Session) -> int:
    """Return how many action items are overdue now, over all groups."""
    now = utc_now()
    zones = session.exec(select(Group.time_zone).distinct()).all()
    return sum(
        _count(
            session,
            ActionItem,
            overdue_condition(zone, now),
            col(ActionItem.group_id).in_(select(Group.id).where(Group.time_zone == zone)),
        )
        for zone in zones
    )


def _count(session: Session, table: type, *conditions: object) -> int:
    return session.exec(select(func.count()).select_from(table).where(*conditions)).one()  # type: ignore[arg-type]
