"""A digest that has nothing left to say when it is written is cancelled, and that is said."""

from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from sqlmodel import select

from services.notifier import deliveries, digest_runs
from services.notifier.tables import Delivery, DigestRun, Participant
from services.notifier.vocabulary import DeliveryState, Frequency, RunState
from shared.columns import utc_now
from shared.events.catalogue import UpdateWithdrawn
from shared.ids import new_id
from tests.notifier.callers import coordinator
from tests.notifier.partners import has_role, hide, person
from tests.notifier.test_inquiries import asked
from tests.notifier.world import World

ANA, BO = "ana@example.org", "bo@example.org"


def withdraw(world: World, subject: str) -> None:
    world.tell(
        UpdateWithdrawn(
            update_id=new_id(),
            group_id=world.group_id,
            institution_id=world.institution_id,
            by_group=False,
            reason="It was wrong.",
            update_version=2,
        ),
        subject=subject,
    )


def test_a_digest_whose_every_notice_was_taken_back_is_cancelled_not_parked(
    world: World, client: TestClient, signing_key: OKPKey
) -> None:
    world.open_group()
    caller = coordinator(world, signing_key)
    world.subscribe(ANA)
    world.tell(world.update(), subject="updates/1")
    run = world.close_windows()
    withdraw(world, "updates/1")
    world.deliver_all()
    assert not world.mailbox.messages
    with world.database.read() as session:
        (delivery,) = session.exec(select(Delivery))
        tally = digest_runs.tally(session, run.id)
        done = session.get_one(DigestRun, run.id)
        assert done.state is RunState.DONE
    assert (delivery.state, delivery.attempts) == (DeliveryState.CANCELLED, 0)
    assert (tally.digests, tally.cancelled, tally.parked, tally.failed) == (1, 1, 0, 0)
    said = asked(client, caller, ANA, "updates/1")["answer"]
    assert said.startswith("Not sent: cancelled on ")
    assert "There is nothing to tell any more" in said
    with world.database.write() as session:
        assert deliveries.put_parked_through(session, utc_now()) == 0
    world.deliver_all()
    assert not world.mailbox.messages


def test_an_immediate_email_that_its_reader_may_not_hear_of_any_more_is_cancelled(
    world: World,
) -> None:
    world.open_group()
    hide(world, "members")
    world.subscribe(ANA, Frequency.IMMEDIATE)
    has_role(world, person(world, ANA))
    world.tell(world.update("A secret of the group"))
    with world.database.write() as session:
        session.delete(session.exec(select(Participant)).one())
    world.deliver_all()
    assert not world.mailbox.messages
    with world.database.read() as session:
        (delivery,) = session.exec(select(Delivery))
    assert delivery.state is DeliveryState.CANCELLED


def test_of_one_batch_only_the_emptied_digest_is_cancelled(world: World) -> None:
    world.open_group()
    world.subscribe(ANA)
    world.tell(world.update(), subject="updates/1")
    world.subscribe(BO)
    world.tell(world.update("Another one"), subject="updates/2")
    run = world.close_windows()
    withdraw(world, "updates/2")
    world.deliver_all()
    assert [message["To"] for message in world.mailbox.messages] == [ANA]
    with world.database.read() as session:
        tally = digest_runs.tally(session, run.id)
    assert (tally.sent, tally.cancelled) == (1, 1)
