"""What an event of the registry does to memberships, it does once."""

from sqlmodel import Session

from services.workgroups.followed_events import first_time
from services.workgroups.tables import Checkpoint, FollowedSince
from shared.columns import utc_now
from shared.database import Database
from shared.events.catalogue import REGISTRY, CoordinatorRemoved
from shared.events.envelope import Event
from shared.ids import new_id


def event(position: int) -> Event:
    return Event.of(CoordinatorRemoved(person_id=new_id()), subject="people/x").at(position)


def test_an_event_is_followed_the_first_time_only(database: Database) -> None:
    one, other = event(1), event(2)
    with Session(database.engine) as session:
        assert [first_time(session, each) for each in (one, other, one)] == [True, True, False]
        session.rollback()
        assert first_time(session, one), "what was rolled back did not happen"
        session.rollback()


def test_what_was_applied_before_events_were_followed_has_no_effect(database: Database) -> None:
    epoch = new_id()
    with Session(database.engine) as session:
        session.add(FollowedSince(source=REGISTRY, epoch=epoch, position=7))
        session.flush()
        assert not first_time(session, event(7)), "as when read models are rebuilt"
        assert first_time(session, event(8))
        session.add(
            Checkpoint(
                source=REGISTRY, epoch=epoch, position=9, head=9, skipped=0, updated_at=utc_now()
            )
        )
        session.flush()
        assert not first_time(session, event(6))
        session.get_one(Checkpoint, REGISTRY).epoch = new_id()
        session.flush()
        assert first_time(session, event(6)), "positions count anew in another history"
        session.rollback()
