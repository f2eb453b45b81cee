"""What coordinators do and see: runs, deliveries, figures."""

from uuid import UUID

from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from sqlalchemy import event as listener
from sqlmodel import select

from services.notifier.tables import Coordinator
from shared.events.catalogue import CoordinatorRemoved, FocalPointConfirmed
from shared.ids import new_id
from tests.notifier.callers import bearer, coordinator
from tests.notifier.world import World


def test_a_coordinator_closes_windows_and_sees_what_came_of_it(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.subscribe("bo@example.org")
    world.tell(world.update())
    headers = coordinator(world, signing_key)
    started = client.post("/digest-runs", json={"frequency": "daily"}, headers=headers)
    assert started.status_code == 202
    run = started.json()
    assert run["state"] == "collecting"
    assert run["trigger"] == "coordinator"
    world.collect(UUID(run["id"]))
    world.mailbox.refused["bo@example.org"] = "550 No"
    world.deliver_all()
    shown = client.get(started.headers["location"], headers=headers).json()
    assert (shown["state"], shown["subscribers"], shown["digests"]) == ("done", 2, 2)
    assert (shown["sent"], shown["failed"], shown["waiting"]) == (1, 1, 0)
    listed = client.get("/digest-runs", headers=headers).json()
    assert listed == {"items": [shown], "next_cursor": None}


def test_deliveries_show_masked_addresses_only(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    headers = coordinator(world, signing_key)
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update())
    world.close_windows()
    client.post(
        "/subscriptions",
        json={"email": "bo@example.org", "frequency": "daily", "target": {"kind": "everything"}},
    )
    answer = client.get("/deliveries", headers=headers)
    assert {item["recipient"] for item in answer.json()["items"]} == {
        "a***@example.org",
        "b***@example.org",
    }
    assert "ana@" not in answer.text
    world.deliver_all()
    assert client.get("/deliveries?state=due", headers=headers).json()["items"] == []
    sent = client.get("/deliveries?state=sent&limit=1", headers=headers).json()
    assert len(sent["items"]) == 1
    rest = client.get(
        f"/deliveries?state=sent&limit=1&cursor={sent['next_cursor']}", headers=headers
    ).json()
    assert rest["items"][0]["id"] != sent["items"][0]["id"]
    assert rest["next_cursor"] is None


def test_a_removed_coordinator_is_refused_at_the_next_request(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    headers = coordinator(world, signing_key)
    assert client.get("/digest-runs", headers=headers).status_code == 200
    with world.database.read() as session:
        person_id = session.exec(select(Coordinator.person_id)).one()
    world.tell(CoordinatorRemoved(person_id=person_id))
    assert client.get("/digest-runs", headers=headers).status_code == 403


def test_me_shows_the_callers_roles(world: World, client: TestClient, signing_key: OKPKey) -> None:
    person_id, institution_id = new_id(), new_id()
    world.tell(
        FocalPointConfirmed(
            person_id=person_id,
            institution_id=institution_id,
            person_name="Shahbaz Khan",
            role="focal_point",
        )
    )
    assert client.get("/me", headers=bearer(signing_key, person_id)).json() == {
        "id": str(person_id),
        "kind": "person",
        "coordinator": False,
        "institutions": [str(institution_id)],
    }


def test_metrics_show_deliveries_by_state_runs_and_ages(world: World, client: TestClient) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update())
    world.close_windows()
    waiting = client.get("/metrics").text
    assert 'southlink_deliveries{kind="digest",state="due"} 1.0' in waiting
    assert 'southlink_digest_runs{state="sending"} 1.0' in waiting
    assert "southlink_oldest_due_delivery_seconds" in waiting
    world.deliver_all()
    done = client.get("/metrics").text
    assert 'southlink_deliveries{kind="digest",state="sent"} 1.0' in done
    assert 'southlink_digests{frequency="daily"} 1.0' in done
    assert 'southlink_parked_events{source="/registry"} 0.0' in done
    assert "southlink_oldest_due_delivery_seconds 0.0" in done


def test_readiness_names_what_is_away(client: TestClient) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert "database" not in answer.json()["problems"]
    assert "mail server" in answer.json()["problems"]["smtp"]


def test_a_request_for_a_run_takes_one_connection(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    # A second one while the first is held is what requests would wait for in a circle.
    headers = coordinator(world, signing_key)
    taken: list[str] = []
    for engine in {world.database.engine, world.database.reader}:
        listener.listen(engine, "begin", lambda _connection: taken.append("taken"))
    answer = client.post("/digest-runs", json={"frequency": "daily"}, headers=headers)
    assert answer.status_code == 202
    assert len(taken) == 1
