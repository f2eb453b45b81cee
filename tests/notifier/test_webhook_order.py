"""Of one subject an endpoint is told in order, whatever fails, is replayed or dies meanwhile."""

import json
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import col, select, update

from services.notifier.tables import WebhookEndpoint, WebhookMessage
from services.notifier.vocabulary import OUTSTANDING, MessageState
from services.notifier.webhooks import attempts, endpoints, messages
from services.notifier.webhooks.attempts import Claim
from services.notifier.webhooks.posting import Answer
from shared.columns import utc_now
from tests.notifier.receiver import Receiver, Reply, take
from tests.notifier.rows import wipe
from tests.notifier.webhook_world import deliver, hurry, listens, messages_of
from tests.notifier.world import World

ON_SQLITE = pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)

SUBJECTS = ("updates/1", "updates/2", "updates/3")
HOLD = timedelta(seconds=60)
FOR_EVER = timedelta(days=10_000)


class Sending(RuleBasedStateMachine):
    """One endpoint, workers that claim and answer or die, and a clock."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        wipe(world.database)
        world.open_group()
        self.endpoint = listens(world, "https://receiver.example.org/hook")
        self.now: datetime = utc_now() + timedelta(minutes=1)
        self.on_the_wire: Claim | None = None
        self.held_until = self.now
        self.sent: list[UUID] = []

    @rule(subject=st.sampled_from(SUBJECTS))
    def something_happens(self, subject: str) -> None:
        self.world.tell(self.world.update(), subject=subject)

    @rule()
    def a_worker_claims(self) -> None:
        before = self._outstanding()
        with self.world.database.write() as session:
            claim = attempts.take_next(session, self.endpoint.id, self.now, HOLD)
        if claim is None:
            return
        assert self.on_the_wire is None or self.held_until <= self.now
        (subject,) = {message.subject for message in before if message.id == claim.message_id}
        of_subject = [message.id for message in before if message.subject == subject]
        # Nothing earlier of the subject may still come.
        assert claim.message_id == of_subject[0]
        self.on_the_wire, self.held_until = claim, self.now + HOLD
        self.sent.append(claim.message_id)

    @rule(status=st.sampled_from([200, 204, 400, 404, 500, 503, None]))
    def the_answer_comes(self, status: int | None) -> None:
        if self.on_the_wire is None:
            return
        answer = Answer(duration_ms=7, status=status, error=None if status else "It broke.")
        with self.world.database.write() as session:
            attempts.record(session, self.on_the_wire, answer, self.now, FOR_EVER)
        self.on_the_wire = None

    @rule()
    def the_worker_dies(self) -> None:
        self.on_the_wire = None

    @rule(hours=st.sampled_from([0.01, 0.1, 1, 6, 30]))
    def time_passes(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def what_failed_is_replayed(self) -> None:
        with self.world.database.write() as session:
            endpoint = endpoints.locked(session, self.endpoint.id)
            assert endpoint is not None
            messages.replay_failed(
                session, endpoint, datetime.min.replace(tzinfo=self.now.tzinfo), self.now
            )

    @invariant()
    def one_at_most_is_on_the_wire(self) -> None:
        with self.world.database.read() as session:
            held = session.exec(
                select(WebhookMessage.id).where(
                    col(WebhookMessage.state) == MessageState.SENDING,
                    col(WebhookMessage.next_attempt_at) > self.now,
                )
            ).all()
        assert len(held) <= 1

    def teardown(self) -> None:
        """In the end, when the endpoint takes what comes, everything is told."""
        for _ in range(60):
            self.now += timedelta(hours=30)
            while True:
                self.on_the_wire = None
                self.a_worker_claims()
                if self.on_the_wire is None:
                    break
                self.the_answer_comes(204)
        assert self._outstanding() == []
        states = {message.state for message in messages_of(self.world, self.endpoint)}
        assert states <= {MessageState.DELIVERED, MessageState.FAILED}
        every = {message.id for message in messages_of(self.world, self.endpoint)}
        assert set(self.sent) == every

    def _outstanding(self) -> list[WebhookMessage]:
        found = messages_of(self.world, self.endpoint)
        return [message for message in found if message.state in OUTSTANDING]


@ON_SQLITE
def test_of_one_subject_nothing_overtakes_whatever_happens(world: World) -> None:
    class OfThisWorld(Sending):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(
        OfThisWorld,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_what_follows_a_failure_of_its_subject_waits_and_other_subjects_do_not(
    world: World,
) -> None:
    world.open_group()
    with Receiver() as receiver:
        endpoint = listens(world, receiver.url)
        for title, subject in (("1a", "updates/1"), ("1b", "updates/1"), ("2a", "updates/2")):
            world.tell(world.update(title), subject=subject)
        receiver.on_request = lambda received: Reply(500) if b'"1a"' in received.body else Reply()
        deliver(world, endpoint)
        assert titles(receiver) == ["1a", "2a"]
        receiver.on_request = take
        hurry(world)
        deliver(world, endpoint)
        assert titles(receiver) == ["1a", "2a", "1a", "1b"]


def test_what_follows_a_message_that_was_given_up_is_sent(world: World) -> None:
    world.open_group()
    with Receiver() as receiver:
        endpoint = listens(world, receiver.url)
        for title in ("1a", "1b"):
            world.tell(world.update(title), subject="updates/1")
        first, _second = messages_of(world, endpoint)
        with world.database.write() as session:
            session.exec(
                update(WebhookMessage)
                .where(col(WebhookMessage.id) == first.id)
                .values(attempts=len(attempts.BACKOFF))
            )
        receiver.on_request = lambda received: Reply(500) if b'"1a"' in received.body else Reply()
        deliver(world, endpoint)
        assert titles(receiver) == ["1a", "1b"]
        states = [message.state for message in messages_of(world, endpoint)]
        assert states == [MessageState.FAILED, MessageState.DELIVERED]


def titles(receiver: Receiver) -> list[str]:
    return [json.loads(received.body)["data"]["title"] for received in receiver.requests]


def test_endpoints_do_not_wait_for_each_other(world: World) -> None:
    world.open_group()
    with Receiver() as receiver, Receiver() as failing:
        failing.on_request = lambda _received: Reply(500)
        bad, good = listens(world, failing.url), listens(world, receiver.url)
        for title in ("1a", "1b"):
            world.tell(world.update(title), subject="updates/1")
        for endpoint in (bad, good):
            deliver(world, endpoint)
        assert titles(receiver) == ["1a", "1b"]
        assert titles(failing) == ["1a"]
        with world.database.read() as session:
            states = session.exec(select(WebhookEndpoint.failures)).all()
        assert sorted(states) == [0, 1]
