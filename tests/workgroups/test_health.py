"""What operators look at."""

from sqlmodel import select

from services.workgroups.tables import Parked, RelayState
from shared.columns import utc_now
from shared.events.catalogue import REGISTRY
from shared.ids import new_id
from tests.workgroups.world import Workgroups


def test_it_is_ready_with_a_migrated_database_a_history_and_redis(workgroups: Workgroups) -> None:
    answer = workgroups.client.get("/health/ready")
    assert answer.json() == {"status": "ok", "problems": {}}
    assert answer.status_code == 200


def test_without_a_history_it_is_not_ready_and_says_what_to_do(workgroups: Workgroups) -> None:
    with workgroups.database.write() as session:
        session.delete(session.exec(select(RelayState)).one())
    answer = workgroups.client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["problems"] == {"history": "The event history is not begun: run migrate."}


def test_a_parked_event_is_shown_and_requests_are_still_taken(workgroups: Workgroups) -> None:
    with workgroups.database.write() as session:
        session.add(
            Parked(
                source=REGISTRY,
                position=7,
                event_id=new_id(),
                type="org.southlink.institution.verified.v2",
                subject="institutions/1",
                event="{}",
                error="Unknown version.",
                parked_at=utc_now(),
            )
        )
    answer = workgroups.client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert "parked replay" in answer.json()["problems"]["parked"]
    assert 'southlink_parked_events{source="/registry"} 1.0' in (
        workgroups.client.get("/metrics").text
    )
