"""Announcements that wait for their time, rest, or are stopped on their way."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from services.notifier import pausing
from services.notifier.announcements import going_out
from services.notifier.tables import Delivery
from services.notifier.vocabulary import (
    AnnouncementState,
    DeliveryState,
)
from shared.columns import utc_now
from tests.notifier.announcing import ENGLISH, Desk


def test_what_is_scheduled_waits_for_its_time(desk: Desk) -> None:
    lead = desk.lead()
    at = utc_now() + timedelta(hours=1)
    announcement = desk.submitted(lead, send_at=at.isoformat())
    assert desk.send(announcement["id"]) is AnnouncementState.SCHEDULED
    later = at + timedelta(seconds=1)
    with desk.world.database.write() as session:
        assert going_out.take_due(session, utc_now() + timedelta(minutes=30)) == []
    with desk.world.database.write() as session:
        assert going_out.take_due(session, later) == [UUID(announcement["id"])]
        made = going_out.step(session, UUID(announcement["id"]), desk.limit, later)
    assert made is not None
    assert len(made.to_readers) == 1


def test_a_cancellation_stops_what_has_not_left_and_counts_what_is_on_the_wire(
    desk: Desk,
) -> None:
    lead = desk.lead()
    desk.followers(30)
    announcement = desk.submitted(lead)
    desk.make(announcement["id"])
    on_the_wire, cancelled = threading.Event(), threading.Event()

    def hold_the_first(_envelope: object) -> str:
        on_the_wire.set()
        cancelled.wait(20)
        return "250 OK"

    desk.world.mailbox.on_message = hold_the_first
    worker = threading.Thread(target=desk.world.deliver_all)
    worker.start()
    assert on_the_wire.wait(20)
    stopped = desk.act(lead, announcement, "cancellation", {"reason": "It was called off."})
    left = stopped["deliveries"]["sending"]
    assert stopped["state"] == "cancelled"
    assert left >= 1
    assert stopped["deliveries"]["cancelled"] == 31 - left
    cancelled.set()
    worker.join()
    desk.world.deliver_all()
    assert 1 <= len(desk.received()) <= left
    shown = desk.call(lead, "GET", f"/announcements/{announcement['id']}").json()
    assert shown["deliveries"]["sent"] == len(desk.received())
    assert shown["deliveries"]["sent"] + shown["deliveries"]["cancelled"] == 31
    assert desk.act(lead, announcement, "cancellation", {})["version"] == stopped["version"]


def test_what_a_mail_server_deferred_is_not_tried_again_after_a_cancellation(desk: Desk) -> None:
    lead = desk.lead()
    announcement = desk.submitted(lead)
    desk.make(announcement["id"])
    desk.world.mailbox.refused = {"lead@example.org": "450 Later"}
    desk.world.deliver_all()
    desk.act(lead, announcement, "cancellation", {})
    desk.world.mailbox.refused.clear()
    with desk.world.database.read() as session:
        assert session.exec(select(Delivery)).one().state is DeliveryState.CANCELLED


def test_an_email_whose_worker_died_is_cancelled_as_one_in_doubt(desk: Desk) -> None:
    lead = desk.lead()
    announcement = desk.submitted(lead)
    desk.make(announcement["id"])
    with desk.world.database.write() as session:
        delivery = session.exec(select(Delivery)).one()
        delivery.state = DeliveryState.SENDING
        delivery.next_attempt_at = utc_now() + timedelta(seconds=60)
    stopped = desk.act(lead, announcement, "cancellation", {})
    assert stopped["deliveries"]["sending"] == 1
    with desk.world.database.write() as session:
        session.exec(select(Delivery)).one().next_attempt_at = utc_now()
    desk.world.deliver_all()
    assert desk.received() == []
    shown = desk.call(lead, "GET", f"/announcements/{announcement['id']}").json()
    assert (shown["deliveries"]["cancelled"], shown["in_doubt"]) == (1, 1)


@pytest.mark.parametrize("act", ["submission", "approval", "refusal", "change"])
def test_what_has_gone_out_or_was_stopped_stays_so(desk: Desk, act: str) -> None:
    author, second = desk.lead(), desk.coordinator()
    announcement = desk.submitted(author)
    desk.send(announcement["id"])
    path = f"/announcements/{announcement['id']}"
    version = desk.call(author, "GET", path).json()["version"]
    body = {"reason": "No."} if act == "refusal" else {"texts": {"en": ENGLISH}}
    if act == "change":
        answer = desk.call(author, "PATCH", path, body, version=version)
    else:
        sent = body if act == "refusal" else None
        answer = desk.call(second, "POST", f"{path}/{act}", sent, version=version)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-allowed-now")
    assert desk.call(author, "POST", f"{path}/cancellation", {}).status_code == 409
    assert len(desk.received()) == 1


def test_the_pause_of_all_sending_holds_announcements_too(desk: Desk) -> None:
    lead = desk.lead()
    announcement = desk.submitted(lead)
    with desk.world.database.write() as session:
        pausing.pause(session, "A wrong text went out.", None, utc_now())
    assert desk.send(announcement["id"]) is AnnouncementState.SCHEDULED
    with desk.world.database.write() as session:
        pausing.resume(session)
    assert desk.send(announcement["id"]) is AnnouncementState.SENT


def test_one_that_would_reach_nobody_is_not_submitted(desk: Desk) -> None:
    coordinator = desk.coordinator()
    announcement = desk.draft(coordinator)
    path = f"/announcements/{announcement['id']}/submission"
    answer = desk.call(coordinator, "POST", path, version=1)
    assert answer.status_code == 409
    assert "Nobody would get it" in answer.json()["detail"]
