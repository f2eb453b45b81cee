"""Deliveries: sent once, tried again as long as that makes sense, and never lost."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from services.notifier import deliveries, feeding
from services.notifier.broker import UnsuitableBrokerError, refuse_cluster
from services.notifier.domains import Limits
from services.notifier.tables import Delivery, Notice, Subscriber
from services.notifier.vocabulary import DeliveryState, Frequency
from shared.columns import utc_now
from shared.database import Database
from tests.notifier.cluster import cluster_server
from tests.notifier.world import World
from tests.redis_server import free_port

HOLD = timedelta(minutes=2)


@pytest.fixture
def delivery_id(world: World) -> UUID:
    """An immediate e-mail that is due."""
    world.open_group()
    world.subscribe("ana@example.org", Frequency.IMMEDIATE)
    world.tell(world.update())
    with world.database.read() as session:
        return session.exec(select(Delivery.id)).one()


def stored(database: Database, delivery_id: UUID) -> Delivery:
    with database.read() as session:
        return session.get_one(Delivery, delivery_id)


def test_eight_workers_on_one_delivery_send_it_once(world: World, delivery_id: UUID) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(world.deliver, [delivery_id] * 16))
    assert len(world.mailbox.messages) == 1
    assert stored(world.database, delivery_id).state is DeliveryState.SENT


def test_a_claim_holds_until_it_lapses(world: World, delivery_id: UUID) -> None:
    now = utc_now()
    assert taken(world.database, delivery_id, now) == 1
    assert taken(world.database, delivery_id, now + HOLD / 2) is None
    assert taken(world.database, delivery_id, now + HOLD) == 2


def test_killed_before_the_answer_was_recorded_it_goes_out_again_as_the_same_message(
    world: World, delivery_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(deliveries, "record", die_after_sending)
        with pytest.raises(KeyboardInterrupt):
            world.deliver(delivery_id, hold=timedelta())
    assert stored(world.database, delivery_id).state is DeliveryState.SENDING
    world.deliver(delivery_id)
    first, second = world.mailbox.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert stored(world.database, delivery_id).doubts == 1
    world.deliver(delivery_id)
    assert len(world.mailbox.messages) == 2


def test_while_the_mail_server_is_away_the_email_waits(world: World, delivery_id: UUID) -> None:
    world.mailbox.port, open_port = free_port(), world.mailbox.port
    world.deliver(delivery_id)
    waiting = stored(world.database, delivery_id)
    assert waiting.state is DeliveryState.DUE
    assert waiting.next_attempt_at > utc_now()
    assert "could not be reached" in (waiting.answer or "")
    world.mailbox.port = open_port
    make_due(world.database, delivery_id)
    world.deliver(delivery_id)
    assert stored(world.database, delivery_id).state is DeliveryState.SENT


def test_what_is_refused_for_now_is_given_up_after_the_last_attempt(
    world: World, delivery_id: UUID
) -> None:
    world.mailbox.refused["ana@example.org"] = "452 4.2.2 Mailbox full"
    for pause in deliveries.BACKOFF:
        before = utc_now()
        world.deliver(delivery_id)
        waiting = stored(world.database, delivery_id)
        assert waiting.state is DeliveryState.DUE
        assert waiting.next_attempt_at >= before + pause
        make_due(world.database, delivery_id)
    world.deliver(delivery_id)
    given_up = stored(world.database, delivery_id)
    assert given_up.state is DeliveryState.FAILED
    assert given_up.answer == "Given up: The mail server answered 452: 4.2.2 Mailbox full"


def test_content_refused_for_good_is_not_sent_again(world: World, delivery_id: UUID) -> None:
    world.mailbox.on_message = lambda _: "554 Looks like spam"
    world.deliver(delivery_id)
    refused = stored(world.database, delivery_id)
    assert refused.state is DeliveryState.FAILED
    assert refused.answer == "The mail server answered 554: Looks like spam"


def test_an_email_that_cant_be_written_keeps_no_other_from_leaving(
    world: World, delivery_id: UUID
) -> None:
    with world.database.write() as session:
        notice = session.exec(select(Notice).where(Notice.kind == "update_posted")).one()
        notice.facts = {"kind": "opportunity"}
        session.add(notice)
    world.tell(world.update("The next one"))
    world.deliver_all()
    (message,) = world.mailbox.messages
    assert "The next one" in message["Subject"]
    parked = stored(world.database, delivery_id)
    assert parked.state is DeliveryState.PARKED
    assert parked.answer == "The e-mail could not be written (KeyError)."


def test_of_two_people_in_a_batch_only_whose_digest_cant_be_written_gets_none(
    world: World,
) -> None:
    world.open_group()
    world.subscribe("ana@example.org")
    world.tell(world.update("The broken one"))
    world.subscribe("bo@example.org")
    world.tell(world.update("The whole one"))
    with world.database.write() as session:
        broken = session.exec(select(Notice).order_by(col(Notice.occurred_at))).all()
        (notice,) = [each for each in broken if each.facts.get("title") == "The broken one"]
        notice.facts = {"kind": "opportunity"}
        session.add(notice)
    world.close_windows()
    world.deliver_all()
    (message,) = world.mailbox.messages
    assert message["To"] == "bo@example.org"
    with world.database.read() as session:
        states = session.exec(
            select(Subscriber.email, Delivery.state).join(
                Delivery, col(Delivery.subscriber_id) == col(Subscriber.id)
            )
        ).all()
    assert sorted(states) == [
        ("ana@example.org", DeliveryState.PARKED),
        ("bo@example.org", DeliveryState.SENT),
    ]


def test_what_the_broker_lost_is_queued_again_once_per_wait(
    world: World, delivery_id: UUID
) -> None:
    wait, now = timedelta(seconds=20), utc_now()

    def missed(seconds: float) -> list[UUID]:
        with world.database.write() as session:
            later = now + timedelta(seconds=seconds)
            return [each for each, _ in feeding.take_unqueued(session, later, wait, 10)]

    assert missed(1) == []
    assert missed(25) == [delivery_id]
    assert missed(30) == []
    assert missed(50) == [delivery_id]
    world.deliver(delivery_id)
    assert missed(100) == []


def test_an_address_in_another_script_gets_its_email(world: World) -> None:
    world.open_group()
    world.subscribe("añá@example.org", Frequency.IMMEDIATE)
    world.tell(world.update("Süd-Süd"))
    world.deliver_all()
    (message,) = world.mailbox.messages
    assert "Süd-Süd" in message["Subject"]


def test_a_redis_cluster_is_refused_as_broker_and_told_what_to_use(tmp_path: Path) -> None:
    with (
        cluster_server(tmp_path) as url,
        pytest.raises(UnsuitableBrokerError, match="single Redis"),
    ):
        refuse_cluster(url)


def test_a_single_redis_is_a_good_broker(redis_url: str) -> None:
    refuse_cluster(redis_url)


def taken(database: Database, delivery_id: UUID, now: datetime) -> int | None:
    """Take the delivery as a worker does; return which attempt that is."""
    with database.write() as session:
        claims = deliveries.due(session, [delivery_id], now, Limits())
        taken = deliveries.take(session, claims, now, HOLD)
    return taken[0].attempt if taken else None


def die_after_sending(_session: Session, outcomes: Sequence[object], _now: datetime) -> None:
    if outcomes:
        raise KeyboardInterrupt


def make_due(database: Database, delivery_id: UUID) -> None:
    with database.write() as session:
        delivery = session.get_one(Delivery, delivery_id)
        delivery.next_attempt_at = utc_now()
        session.add(delivery)
