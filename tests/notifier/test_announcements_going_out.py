"""Announcements on their way: workers that die, come twice, or work side by side."""

import threading
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import select

from services.notifier.announcements import going_out, readers
from services.notifier.links import Purpose
from services.notifier.tables import Delivery
from services.notifier.vocabulary import AnnouncementState, DeliveryState
from shared.columns import utc_now
from tests.notifier.announcing import Desk

BATCH = 4


class WorkerDiedError(Exception):
    """What ends a worker of these tests before its transaction is committed."""


@pytest.fixture
def approved(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """An approved announcement to eleven, whose e-mails are made four at a time."""
    monkeypatch.setattr(readers, "BATCH", BATCH)
    desk.set_limit(5)
    author, second = desk.lead("author@example.org"), desk.coordinator("second@example.org")
    desk.followers(10)
    announcement = desk.act(second, desk.submitted(author), "approval")
    return UUID(announcement["id"])


def step(desk: Desk, announcement_id: UUID) -> int | None:
    with desk.world.database.write() as session:
        made = going_out.step(session, announcement_id, desk.limit, utc_now())
    return None if made is None else len(made.to_readers)


def step_and_die(desk: Desk, announcement_id: UUID) -> None:
    with desk.world.database.write() as session:
        going_out.step(session, announcement_id, desk.limit, utc_now())
        raise WorkerDiedError


def recipients(desk: Desk, announcement_id: UUID) -> Counter[UUID | None]:
    with desk.world.database.read() as session:
        return Counter(
            session.exec(
                select(Delivery.subscriber_id).where(Delivery.announcement_id == announcement_id)
            ).all()
        )


def test_emails_are_made_batch_by_batch(desk: Desk, approved: UUID) -> None:
    sizes = []
    while (made := step(desk, approved)) is not None:
        sizes.append(made)
    assert sizes == [0, 4, 4, 3, 0]


@pytest.mark.parametrize("at", range(5))
def test_a_worker_that_dies_in_a_batch_leaves_it_to_the_next_one(
    desk: Desk, approved: UUID, at: int
) -> None:
    for _ in range(at):
        step(desk, approved)
    before = recipients(desk, approved)
    with pytest.raises(WorkerDiedError):
        step_and_die(desk, approved)
    assert recipients(desk, approved) == before
    desk.send(approved)
    assert len(desk.received()) == len(set(desk.received())) == 11


def test_an_announcement_whose_worker_died_is_taken_up_when_it_made_no_progress(
    desk: Desk, approved: UUID
) -> None:
    step(desk, approved)
    step(desk, approved)
    with desk.world.database.write() as session:
        assert going_out.take_due(session, utc_now()) == []
    later = utc_now() + going_out.STALLED_AFTER * 2
    with desk.world.database.write() as session:
        assert going_out.take_due(session, later) == [approved]
    with desk.world.database.write() as session:
        assert going_out.take_due(session, later) == []


def test_workers_side_by_side_make_one_email_for_each(desk: Desk, approved: UUID) -> None:
    together = threading.Barrier(3)

    def work() -> None:
        together.wait(20)
        desk.make(approved)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    made = recipients(desk, approved)
    assert len(made) == 11
    assert set(made.values()) == {1}


def test_a_step_that_comes_late_or_again_makes_nothing(desk: Desk, approved: UUID) -> None:
    assert desk.send(approved) is AnnouncementState.SENT
    assert step(desk, approved) is None
    assert step(desk, UUID(int=0)) is None
    assert len(desk.received()) == 11


def test_who_comes_to_follow_while_it_goes_out_gets_it_once_too(desk: Desk, approved: UUID) -> None:
    step(desk, approved)
    step(desk, approved)
    desk.follower("late@example.org")
    assert desk.send(approved) is AnnouncementState.SENT
    assert desk.received().count("late@example.org") == 1
    assert len(desk.received()) == 12


def test_who_leaves_before_their_batch_gets_none(desk: Desk, approved: UUID) -> None:
    leaves = desk.follower("leaves@example.org")
    step(desk, approved)
    step(desk, approved)
    token = desk.world.links().token(Purpose.UNSUBSCRIBE, leaves.subscriber_id)
    assert desk.client.post(f"/unsubscribe?token={token}").status_code == 200
    assert desk.send(approved) is AnnouncementState.SENT
    assert leaves.subscriber_id not in recipients(desk, approved)
    assert len(desk.received()) == 11


def test_a_cancellation_between_two_batches_ends_them(desk: Desk, approved: UUID) -> None:
    step(desk, approved)
    step(desk, approved)
    second = desk.coordinator("second@example.org")
    path = f"/announcements/{approved}/cancellation"
    assert desk.call(second, "POST", path, {"reason": "Called off."}).status_code == 200
    assert step(desk, approved) is None
    assert desk.send(approved) is AnnouncementState.CANCELLED
    assert desk.received() == []
    assert len(recipients(desk, approved)) == BATCH


def test_a_batch_of_many_asks_the_database_no_more_often_than_one_of_few(
    desk: Desk, approved: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    step(desk, approved)
    monkeypatch.setattr(readers, "BATCH", 2)
    few = statements(desk, approved)
    monkeypatch.setattr(readers, "BATCH", 9)
    assert statements(desk, approved) <= few
    assert len(recipients(desk, approved)) == 11


def statements(desk: Desk, announcement_id: UUID) -> int:
    """Return how many statements a step takes."""
    seen: list[str] = []

    def note(*said: object) -> None:
        seen.append(str(said[2]))

    with desk.world.database.write() as session:
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        try:
            going_out.step(session, announcement_id, desk.limit, utc_now())
            session.flush()
        finally:
            event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_it_counts_as_sent_when_no_email_of_it_can_leave_any_more(
    desk: Desk, approved: UUID
) -> None:
    desk.world.mailbox.refused = {"reader003@example.org": "450 Later"}
    assert desk.send(approved) is AnnouncementState.SENDING
    desk.world.mailbox.refused.clear()
    with desk.world.database.write() as session:
        waits = session.exec(select(Delivery).where(Delivery.state == DeliveryState.DUE)).one()
        waits.next_attempt_at = utc_now()
    assert desk.send(approved) is AnnouncementState.SENT
    assert len(desk.received()) == 11
