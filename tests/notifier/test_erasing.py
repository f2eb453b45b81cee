"""After an erasure no row of any table holds the address, and a complaint still holds."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey
from sqlmodel import select

from services.notifier import erasing, feeds, subscriptions, suppressions
from services.notifier.subscribers import Hours
from services.notifier.subscriptions import Wish
from services.notifier.tables import Parked, Subscriber, Subscription
from services.notifier.targets import EVERYTHING
from services.notifier.vocabulary import Frequency, SuppressionReason
from shared.columns import utc_now
from shared.events.catalogue import REGISTRY, PersonErased, PersonReachable
from shared.events.envelope import Event
from shared.ids import new_id
from tests.notifier import reports
from tests.notifier.callers import coordinator
from tests.notifier.partners import person, speaks_for
from tests.notifier.returned import report, send_to
from tests.notifier.rows import holders
from tests.notifier.world import World

ANA, OTHERWISE, BO = "ana@reader.example", "Ana@reader.example", "bo@reader.example"


def ask(world: World, address: str) -> None:
    with world.database.write() as session:
        wish = Wish(address, EVERYTHING, Frequency.DAILY, Hours())
        subscriptions.ask(session, wish, utc_now(), per_minute=1_000)


def reader_id(world: World, address: str) -> Any:
    with world.database.read() as session:
        return session.exec(select(Subscriber.id).where(Subscriber.email == address)).one()


@pytest.fixture
def lived(world: World, client: TestClient, signing_key: OKPKey) -> World:
    """A world in which Ana got e-mails, which came back, asked for more and complained."""
    world.open_group()
    sent = send_to(world, ANA)
    report(world, reports.postfix(sent, code="4.2.2", reply="452", action="delayed"))
    world.subscribe(BO, Frequency.IMMEDIATE)
    world.subscribe(OTHERWISE, Frequency.DAILY)
    ask(world, OTHERWISE)
    with world.database.write() as session:
        subscription = session.exec(
            select(Subscription).where(Subscription.subscriber_id == reader_id(world, ANA))
        ).one()
        feeds.make_address(session, subscription)
    listed = client.post(
        "/suppressions",
        json={"address": ANA, "note": f"The owner of {ANA} phoned."},
        headers={**coordinator(world, signing_key), "Idempotency-Key": "one"},
    )
    assert listed.status_code == 201
    report(world, reports.complaint(sent))
    return world


def test_after_a_reader_erased_everything_no_row_holds_the_address(lived: World) -> None:
    known = reader_id(lived, ANA)
    assert {"subscriber", "subscription_request", "suppression", "idempotency_record"} <= holders(
        lived, ANA
    )
    with lived.database.write() as session:
        erasing.erase_on_wish(session, known)
    assert holders(lived, ANA, "ana@", str(known), known.hex) == set()
    assert holders(lived, BO) == {"subscriber", "subscription_request"}


def test_after_the_registry_erased_a_person_no_row_holds_the_address(lived: World) -> None:
    ana = person(lived, ANA)
    speaks_for(lived, ana, lived.institution_id)
    reachable = PersonReachable(
        person_id=ana, email=ANA, language="en", time_zone="UTC", contact_version=2
    )
    parked = Event.of(reachable, subject=f"people/{ana}")
    with lived.database.write() as session:
        session.add(
            Parked(
                source=REGISTRY,
                position=1,
                event_id=parked.id,
                type=parked.type,
                subject=parked.subject,
                event=parked.to_json(),
                error="It could not be applied.",
                parked_at=utc_now(),
            )
        )
    lived.tell(PersonErased(person_id=ana))
    assert holders(lived, ANA, "ana@") == set()
    assert holders(lived, str(ana), ana.hex) == {"parked_event"}, "as an id without an address"


def test_who_complained_still_gets_no_email_after_the_erasure(lived: World) -> None:
    with lived.database.write() as session:
        erasing.erase_on_wish(session, reader_id(lived, ANA))
    lived.mailbox.messages.clear()
    with lived.database.read() as session:
        kept = suppressions.of_address(session, ANA)
    assert kept is not None
    assert kept.reason is SuppressionReason.COMPLAINT
    ask(lived, ANA)
    lived.deliver_all()
    assert lived.mailbox.to(ANA) == []


def test_a_person_on_the_list_who_never_read_anything_is_taken_out_of_it(world: World) -> None:
    ana = person(world, ANA)
    with world.database.write() as session:
        suppressions.suppress(session, OTHERWISE, SuppressionReason.BY_HAND, utc_now(), note="Ana")
    world.tell(PersonErased(person_id=ana))
    assert holders(world, ANA, "ana") == set()
    with world.database.read() as session:
        assert suppressions.of_address(session, ANA) is not None


def test_another_person_with_the_same_address_written_otherwise_stays(world: World) -> None:
    world.open_group()
    other = world.subscribe(OTHERWISE)
    with world.database.write() as session:
        row = session.get_one(Subscriber, other.subscriber_id)
        row.person_id = new_id()
        session.add(row)
    mine = world.subscribe(ANA)
    with world.database.write() as session:
        erasing.erase_on_wish(session, mine.subscriber_id)
    with world.database.read() as session:
        assert session.exec(select(Subscriber.email)).all() == [OTHERWISE]
