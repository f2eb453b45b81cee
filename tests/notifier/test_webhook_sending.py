"""What becomes of a webhook message, by what its endpoint answers."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest
from sqlmodel import select

from services.notifier import pausing, retention
from services.notifier.tables import WebhookEndpoint
from services.notifier.vocabulary import EndpointState, MessageState
from services.notifier.webhooks import attempts, endpoints
from services.notifier.webhooks.posting import ANSWER_BYTES, Answer
from shared.columns import utc_now
from shared.events.catalogue import UpdateWithdrawn
from tests.notifier.receiver import Received, Receiver, Reply, take
from tests.notifier.webhook_world import (
    COURIER,
    attempts_of,
    deliver,
    hurry,
    listens,
    lost,
    messages_of,
    now_of,
    slow,
)
from tests.notifier.world import World

ON_SQLITE = pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)
"""For what doesn't depend on the kind of database."""

SCHEDULE = [5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24))]
"""Seconds from an attempt to the next, as the specification suggests."""


@pytest.fixture
def receiver(world: World) -> Iterator[Receiver]:
    world.open_group()
    with Receiver() as receiver:
        yield receiver


def refuse(receiver: Receiver, status: int, **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    receiver.on_request = lambda _received: Reply(status, named, b"No.")


def test_a_message_that_was_answered_with_2xx_is_delivered_once(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    event = world.tell(world.update("Online volunteers"), subject="updates/1")
    deliver(world, endpoint)
    deliver(world, endpoint)
    (received,) = receiver.requests
    payload = received.verified(endpoint.secret)
    assert payload["type"] == "update.posted"
    assert payload["timestamp"] == event.time.isoformat(timespec="milliseconds").replace(
        "+00:00", "Z"
    )
    assert payload["data"]["subject"] == "updates/1"
    assert payload["data"]["event_id"] == str(event.id)
    assert payload["data"]["title"] == "Online volunteers"
    (message,) = messages_of(world, endpoint)
    assert (message.state, str(message.id)) == (MessageState.DELIVERED, received.id)
    (attempt,) = attempts_of(world, endpoint)
    assert attempt.status_code == 204
    assert attempt.duration_ms is not None


def test_an_event_that_is_applied_again_makes_no_second_message(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    event = world.tell(world.update())
    world.apply(event)
    assert len(messages_of(world, endpoint)) == 1


@ON_SQLITE
def test_a_message_is_tried_as_the_specification_suggests_and_then_failed(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    refuse(receiver, 500)
    world.tell(world.update())
    for wait in SCHEDULE:
        begun = utc_now()
        deliver(world, endpoint)
        (message,) = messages_of(world, endpoint)
        assert message.state is MessageState.DUE
        assert message.reason == "It answered 500."
        waits = (message.next_attempt_at - begun).total_seconds()
        assert wait <= waits <= wait * 1.1 + 60
        hurry(world)
    deliver(world, endpoint)
    (message,) = messages_of(world, endpoint)
    assert message.state is MessageState.FAILED
    assert message.reason == "Given up. It answered 500."
    assert len(receiver.requests) == 10
    assert {received.id for received in receiver.requests} == {str(message.id)}


@ON_SQLITE
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(world: World, receiver: Receiver, status: int) -> None:
    endpoint = listens(world, receiver.url)
    with Receiver() as elsewhere:
        refuse(receiver, status, Location=elsewhere.url)
        world.tell(world.update())
        deliver(world, endpoint)
        assert elsewhere.begun == []
    (message,) = messages_of(world, endpoint)
    assert (message.state, message.reason) == (MessageState.DUE, f"It answered {status}.")


def test_an_endpoint_that_is_gone_is_disabled_at_once_and_gets_nothing_more(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    refuse(receiver, 410)
    world.tell(world.update("First"))
    world.tell(world.update("Second"))
    deliver(world, endpoint)
    world.tell(world.update("Third"))
    disabled = now_of(world, endpoint)
    assert disabled.state is EndpointState.DISABLED
    assert disabled.disabled_because == "It answered 410 (gone)."
    assert len(receiver.requests) == 1
    assert [message.state for message in messages_of(world, endpoint)] == [
        MessageState.FAILED,
        MessageState.FAILED,
    ]


@ON_SQLITE
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_an_endpoint_that_names_a_time_is_left_alone_until_then(
    world: World, receiver: Receiver, status: int, form: str
) -> None:
    endpoint = listens(world, receiver.url)
    asked = utc_now() + timedelta(hours=1)
    refuse(receiver, status, Retry_After="3600" if form == "seconds" else format_datetime(asked))
    world.tell(world.update("First"))
    world.tell(world.update("Second"))
    deliver(world, endpoint)
    assert len(receiver.requests) == 1
    rests_until = now_of(world, endpoint).rests_until
    assert rests_until is not None
    assert abs(rests_until - asked) < timedelta(minutes=1)
    assert messages_of(world, endpoint)[0].next_attempt_at >= rests_until - timedelta(minutes=1)
    assert lost(world) == []
    assert lost(world, asked + timedelta(minutes=2)) == [endpoint.id]


@ON_SQLITE
@pytest.mark.parametrize("nonsense", ["soon", "-5", "9" * 5_000, "Tue, 99 Foo 2026", "", "١٢"])
def test_a_time_that_is_nonsense_changes_nothing(
    world: World, receiver: Receiver, nonsense: str
) -> None:
    endpoint = listens(world, receiver.url)
    raw = f"HTTP/1.1 429 Many\r\nRetry-After: {nonsense}\r\nContent-Length: 0\r\n\r\n".encode()
    receiver.on_request = lambda _received: Reply(raw=[raw])
    world.tell(world.update())
    deliver(world, endpoint)
    (message,) = messages_of(world, endpoint)
    assert message.state is MessageState.DUE
    assert message.next_attempt_at <= utc_now() + timedelta(hours=24, minutes=1)


@ON_SQLITE
@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x00\xff\xfe garbage",
        b"HTTP/1.1 9999 What\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200\x00OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_garbage_is_a_failure_that_is_tried_again(
    world: World, receiver: Receiver, garbage: bytes
) -> None:
    endpoint = listens(world, receiver.url)
    receiver.on_request = lambda _received: Reply(raw=[garbage])
    world.tell(world.update())
    deliver(world, endpoint)
    (message,) = messages_of(world, endpoint)
    assert message.state is MessageState.DUE
    assert message.reason
    receiver.on_request = take
    hurry(world)
    deliver(world, endpoint)
    assert [message.state for message in messages_of(world, endpoint)] == [MessageState.DELIVERED]


@ON_SQLITE
def test_of_a_long_answer_the_first_part_is_kept_and_the_rest_not_even_read(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    sent: list[int] = []

    def for_ever() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n" + "No\x00\u202eé".encode()
        for _ in range(5_000):
            sent.append(1)
            yield b"a" * 65_536

    receiver.on_request = lambda _received: Reply(raw=for_ever())
    world.tell(world.update())
    deliver(world, endpoint)
    (attempt,) = attempts_of(world, endpoint)
    assert attempt.answer is not None
    assert attempt.answer.startswith("Noéaaa")
    assert len(attempt.answer.encode()) <= ANSWER_BYTES
    assert len(sent) < 5_000


@ON_SQLITE
@pytest.mark.parametrize("part", ["status", "headers", "body"])
def test_an_answer_that_trickles_in_ends_with_the_time_it_may_take(
    world: World, receiver: Receiver, part: str
) -> None:
    endpoint = listens(world, receiver.url)
    begun = {
        "status": b"HTTP/1.1 ",
        "headers": b"HTTP/1.1 500 No\r\nX-Slow: ",
        "body": b"HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n",
    }[part]

    sent: list[int] = []

    def trickle() -> Iterator[bytes]:
        yield begun
        for _ in range(900):
            time.sleep(0.05)
            sent.append(1)
            yield b"1"

    receiver.on_request = lambda _received: Reply(raw=trickle())
    world.tell(world.update())
    deliver(world, endpoint, slow())
    (attempt,) = attempts_of(world, endpoint)
    assert len(sent) < 900
    assert attempt.duration_ms is not None
    assert attempt.error == ("It took too long." if part != "body" else None)


@ON_SQLITE
def test_an_endpoint_that_is_not_there_rests_and_its_messages_wait(
    world: World, receiver: Receiver
) -> None:
    receiver.__exit__()
    endpoint = listens(world, receiver.url)
    for number in range(3):
        world.tell(world.update(f"Update {number}"))
    deliver(world, endpoint)
    (attempt,) = attempts_of(world, endpoint)
    assert attempt.error == "The connection failed: ConnectError."
    resting = now_of(world, endpoint)
    assert resting.rests_until is not None
    assert resting.failures == 1


@ON_SQLITE
def test_an_endpoint_with_nothing_but_failures_for_days_is_disabled(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    refuse(receiver, 500)
    world.tell(world.update())
    deliver(world, endpoint)
    with world.database.write() as session:
        failing = session.exec(select(WebhookEndpoint)).one()
        failing.failing_since = utc_now() - timedelta(days=5)
        session.add(failing)
    hurry(world)
    deliver(world, endpoint)
    disabled = now_of(world, endpoint)
    assert disabled.state is EndpointState.DISABLED
    assert disabled.disabled_because is not None
    assert disabled.disabled_because.endswith("The last time: It answered 500.")


@ON_SQLITE
def test_one_success_begins_the_days_of_failures_anew(world: World, receiver: Receiver) -> None:
    endpoint = listens(world, receiver.url)
    refuse(receiver, 500)
    world.tell(world.update())
    deliver(world, endpoint)
    assert now_of(world, endpoint).failing_since is not None
    receiver.on_request = take
    hurry(world)
    deliver(world, endpoint)
    recovered = now_of(world, endpoint)
    assert (recovered.failing_since, recovered.failures) == (None, 0)


def test_while_all_sending_is_paused_no_webhook_leaves(world: World, receiver: Receiver) -> None:
    endpoint = listens(world, receiver.url)
    with world.database.write() as session:
        pausing.pause(session, "A wrong text", None, utc_now())
    world.tell(world.update())
    deliver(world, endpoint)
    assert lost(world) == []
    assert receiver.begun == []
    with world.database.write() as session:
        pausing.resume(session)
    assert lost(world) == [endpoint.id]
    deliver(world, endpoint)
    assert len(receiver.requests) == 1


def test_a_paused_endpoint_keeps_its_messages_until_it_goes_on(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    change(world, endpoint, EndpointState.PAUSED)
    world.tell(world.update())
    deliver(world, endpoint)
    assert lost(world) == []
    assert receiver.begun == []
    change(world, endpoint, EndpointState.ENABLED)
    deliver(world, endpoint)
    assert len(receiver.requests) == 1


def test_what_was_taken_back_before_it_left_is_not_told(world: World, receiver: Receiver) -> None:
    endpoint = listens(world, receiver.url)
    update = world.update()
    subject = f"updates/{update.update_id}"
    world.tell(update, subject=subject)
    world.tell(
        UpdateWithdrawn(
            update_id=update.update_id,
            group_id=world.group_id,
            institution_id=world.institution_id,
            by_group=False,
            reason="A mistake",
            update_version=2,
        ),
        subject=subject,
    )
    deliver(world, endpoint)
    (message,) = messages_of(world, endpoint)
    assert message.state is MessageState.CANCELLED
    assert receiver.begun == []


def test_a_claim_is_taken_by_one_worker_and_after_its_hold_by_another_with_the_same_id(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    world.tell(world.update())
    now, hold = utc_now(), timedelta(seconds=30)
    with world.database.write() as session:
        first = attempts.take_next(session, endpoint.id, now, hold)
    with world.database.write() as session:
        assert attempts.take_next(session, endpoint.id, now, hold) is None
    with world.database.write() as session:
        later = now + hold + timedelta(seconds=1)
        second = attempts.take_next(session, endpoint.id, later, hold)
    assert first is not None
    assert second is not None
    assert first.message_id == second.message_id
    assert first.body == second.body
    lost_one, _held = attempts_of(world, endpoint)
    # Nobody learned how it ended.
    assert (lost_one.duration_ms, lost_one.status_code) == (None, None)


def test_an_endpoint_has_one_request_on_the_wire_at_a_time(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    world.tell(world.update("First"))
    world.tell(world.update("Second"))
    now, hold = utc_now(), timedelta(seconds=30)
    with world.database.write() as session:
        assert attempts.take_next(session, endpoint.id, now, hold) is not None
    with world.database.write() as session:
        assert attempts.take_next(session, endpoint.id, now, hold) is None


def test_a_late_answer_to_a_claim_that_another_took_over_fails_nothing(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    world.tell(world.update())
    hold = timedelta(seconds=30)
    with world.database.write() as session:
        late = attempts.take_next(session, endpoint.id, utc_now() - 2 * hold, hold)
        assert late is None  # It is not due yet, then.
        late = attempts.take_next(session, endpoint.id, utc_now(), timedelta(0))
    assert late is not None
    deliver(world, endpoint)
    refused = replace(answer_of(world, endpoint), status=500)
    with world.database.write() as session:
        attempts.record(session, late, refused, utc_now(), COURIER.give_up_after)
    (message,) = messages_of(world, endpoint)
    assert message.state is MessageState.DELIVERED


def test_an_endpoint_that_is_deleted_while_a_message_is_on_the_wire_stays_deleted(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    world.tell(world.update())

    def delete(_received: Received) -> Reply:
        with world.database.write() as session:
            endpoints.remove(session, endpoint.id)
        return Reply()

    receiver.on_request = delete
    deliver(world, endpoint)
    assert messages_of(world, endpoint) == []
    with world.database.read() as session:
        assert session.get(WebhookEndpoint, endpoint.id) is None


@ON_SQLITE
def test_old_messages_are_deleted_with_their_attempts(world: World, receiver: Receiver) -> None:
    endpoint = listens(world, receiver.url)
    world.tell(world.update())
    deliver(world, endpoint)
    now = utc_now()
    with world.database.write() as session:
        assert retention.forget_webhooks(session, now - timedelta(days=30)) == 0
        assert retention.forget_webhooks(session, now + timedelta(seconds=1)) == 1
    assert messages_of(world, endpoint) == []
    assert attempts_of(world, endpoint) == []


@ON_SQLITE
def test_the_sweep_asks_once_for_what_waits_and_again_when_that_was_lost(
    world: World, receiver: Receiver
) -> None:
    endpoint = listens(world, receiver.url)
    assert lost(world) == []
    world.tell(world.update())
    assert lost(world) == [endpoint.id]
    assert lost(world) == []
    assert lost(world, utc_now() + timedelta(seconds=21)) == [endpoint.id]
    deliver(world, endpoint)
    assert lost(world, utc_now() + timedelta(seconds=60)) == []


def change(world: World, endpoint: WebhookEndpoint, state: EndpointState) -> None:
    with world.database.write() as session:
        locked = endpoints.locked(session, endpoint.id)
        assert locked is not None
        endpoints.change(session, locked, state=state)


def answer_of(world: World, endpoint: WebhookEndpoint) -> Answer:
    last = attempts_of(world, endpoint)[-1]
    return Answer(duration_ms=last.duration_ms or 0, status=last.status_code)
