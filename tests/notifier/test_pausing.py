"""The pause of all sending: nothing leaves, nothing is lost, and the backlog goes on after."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from sqlmodel import func, select
from typer.testing import CliRunner

from services.notifier import feeding, pausing
from services.notifier.__main__ import app as commands
from services.notifier.settings import settings
from services.notifier.tables import Delivery, Notice
from services.notifier.vocabulary import DeliveryState, Frequency
from shared.columns import utc_now
from shared.ids import new_id
from tests.notifier.callers import bearer, coordinator
from tests.notifier.world import World

ON_SQLITE = pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)


def test_while_paused_nothing_leaves_and_afterwards_everything_does(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    caller = coordinator(world, signing_key)
    world.open_group()
    world.subscribe("ana@example.org", Frequency.IMMEDIATE)
    world.tell(world.update())
    paused = client.post("/sending/pause", json={"reason": "A wrong text"}, headers=caller)
    assert paused.status_code == 200
    assert (paused.json()["reason"], paused.json()["waiting"]) == ("A wrong text", 1)
    world.deliver_all()
    with world.database.write() as session:
        later = utc_now() + timedelta(minutes=5)
        assert feeding.take_unqueued(session, later, timedelta(), 10) == []
    assert world.mailbox.messages == []
    again = client.post("/sending/pause", json={"reason": "Another"}, headers=caller)
    assert again.json()["reason"] == "A wrong text"
    assert client.post("/sending/resume", headers=caller).json()["paused"] is False
    assert client.post("/sending/resume", headers=caller).json()["paused"] is False
    world.deliver_all()
    assert len(world.mailbox.messages) == 1


@ON_SQLITE
def test_a_pause_stops_a_batch_that_is_under_way(world: World) -> None:
    world.open_group()
    for name in ("ana", "bo", "cy"):
        world.subscribe(f"{name}@example.org", Frequency.IMMEDIATE)
    world.tell(world.update())

    def pause(_envelope: object) -> str:
        with world.database.write() as session:
            pausing.pause(session, "Stop", None, utc_now())
        return "250 OK"

    world.mailbox.on_message = pause
    world.deliver_all()
    assert len(world.mailbox.messages) == 1
    with world.database.write() as session:
        assert pausing.waiting(session) == 2
        assert pausing.resume(session)
    world.deliver_all()
    assert len(world.mailbox.messages) == 3


@ON_SQLITE
def test_only_coordinators_pause_and_they_say_why(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    anybody = bearer(signing_key, new_id())
    for path in ("/sending/pause", "/sending/resume"):
        assert client.post(path, json={"reason": "x"}, headers=anybody).status_code == 403
    assert client.get("/sending", headers=anybody).status_code == 403
    empty = client.post(
        "/sending/pause", json={"reason": " "}, headers=coordinator(world, signing_key)
    )
    assert empty.status_code == 422
    assert empty.json()["errors"][0]["pointer"] == "/reason"
    with world.database.read() as session:
        assert pausing.current(session) is None


@ON_SQLITE
def test_an_operator_pauses_and_resumes_with_one_command(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", world.database.url)
    settings.cache_clear()
    run = CliRunner()
    paused = run.invoke(commands, ["pause", "--reason", "Wrong text"])
    assert "Wrong text" in paused.stdout
    assert '"paused": true' in run.invoke(commands, ["status", "--json"]).stdout
    assert run.invoke(commands, ["resume"]).stdout.startswith("Sending.")
    settings.cache_clear()


@ON_SQLITE
def test_a_parked_email_goes_with_one_call_once_it_can_be_written(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    caller = coordinator(world, signing_key)
    world.open_group()
    world.subscribe("ana@example.org", Frequency.IMMEDIATE)
    world.tell(world.update())
    with world.database.write() as session:
        notice = session.exec(select(Notice).where(Notice.kind == "update_posted")).one()
        good, notice.facts = notice.facts, {"kind": "opportunity"}
        session.add(notice)
    world.deliver_all()
    listed = client.get("/deliveries", params={"state": "parked"}, headers=caller).json()["items"]
    assert [item["state"] for item in listed] == ["parked"]
    with world.database.write() as session:
        notice = session.exec(select(Notice).where(Notice.kind == "update_posted")).one()
        notice.facts = good
        session.add(notice)
    path = f"/deliveries/{listed[0]['id']}/retry"
    assert client.post(path, headers=caller).json()["state"] == "due"
    world.deliver_all()
    assert len(world.mailbox.messages) == 1
    assert client.post(path, headers=caller).status_code == 409
    assert client.post(f"/deliveries/{new_id()}/retry", headers=caller).status_code == 404
    with world.database.read() as session:
        sent = select(func.count()).where(Delivery.state == DeliveryState.SENT)
        assert session.exec(sent).one() == 1
