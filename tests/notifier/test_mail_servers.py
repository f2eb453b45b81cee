"""Mail servers that are slow, absent, strict, or gone in the middle: nothing is lost or doubled."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from services.notifier import deliveries, leaving, sending
from services.notifier.domains import Limits
from services.notifier.sending import Sender
from services.notifier.tables import Delivery, MailDomain, Subscriber
from services.notifier.vocabulary import DeliveryState, Frequency
from shared.columns import utc_now
from shared.database import Database
from shared.mail import Smtp
from shared.smtp_pool import close_connections
from tests.notifier.smtp_servers import Answer, SmtpServer, Talk
from tests.notifier.world import World

ON_SQLITE = pytest.mark.parametrize("database_server", ["sqlite"], indirect=True)
"""For what doesn't depend on the kind of database."""

pytestmark = ON_SQLITE


@contextmanager
def server(world: World, answer: Answer) -> Iterator[SmtpServer]:
    """Let this world's e-mails go to a server that answers so."""
    with SmtpServer(answer) as server:
        world.mailbox.port = server.port
        yield server
        close_connections()


def usual(_line: bytes, _talk: Talk) -> None:
    return None


def tell(world: World, *addresses: str) -> None:
    """Let something happen that these readers are told at once."""
    world.open_group()
    for address in addresses:
        world.subscribe(address, Frequency.IMMEDIATE)
    world.tell(world.update())


def states(database: Database) -> dict[str, tuple[DeliveryState, str | None]]:
    """Return what became of each reader's e-mail, and why."""
    with database.read() as session:
        rows = session.exec(
            select(Subscriber.email, Delivery.state, Delivery.answer).join(
                Delivery, col(Delivery.subscriber_id) == col(Subscriber.id)
            )
        )
        return {email: (DeliveryState(state), answer) for email, state, answer in rows}


def make_due(database: Database) -> None:
    with database.write() as session:
        for delivery in session.exec(select(Delivery)):
            delivery.next_attempt_at = utc_now()
            session.add(delivery)
        for domain in session.exec(select(MailDomain)):
            domain.rests_until = None
            session.add(domain)


def deliver(world: World, sender: Sender) -> None:
    with world.database.read() as session:
        ids = session.exec(select(Delivery.id).order_by(col(Delivery.id))).all()
    sending.deliver(world.database, ids, sender)


def test_many_emails_go_over_one_connection_with_their_commands_together(world: World) -> None:
    tell(world, "ana@example.org", "bo@example.org", "cy@example.org")
    with server(world, usual) as smtp:
        world.deliver_all()
    (talk,) = smtp.talks
    assert len(talk.contents) == 3
    assert [line[:4] for line in talk.commands[1:4]] == [b"MAIL", b"RCPT", b"DATA"]


def test_a_server_without_pipelining_gets_one_command_at_a_time(world: World) -> None:
    def old(line: bytes, _talk: Talk) -> bytes | None:
        return b"250 old\r\n" if line.startswith(b"ehlo") else None

    tell(world, "ana@example.org", "bo@example.org")
    with server(world, old) as smtp:
        world.deliver_all()
    assert len(smtp.contents) == 2


def test_421_in_the_middle_lets_that_email_wait_and_the_others_go(world: World) -> None:
    def tired(line: bytes, talk: Talk) -> bytes | None:
        tired = line.startswith(b"RCPT TO:<bo") and talk.number == 1
        return b"421 4.3.2 Closing\r\n" if tired else None

    tell(world, "ana@example.org", "bo@example.org", "cy@example.org")
    with server(world, tired) as smtp:
        world.deliver_all()
        found = states(world.database)
        assert found["ana@example.org"][0] is DeliveryState.SENT
        assert found["cy@example.org"][0] is DeliveryState.SENT
        assert found["bo@example.org"] == (
            DeliveryState.DUE,
            "The mail server answered 421: 4.3.2 Closing",
        )
        make_due(world.database)
        world.deliver_all()
    assert len(smtp.contents) == 3


def test_a_kept_connection_that_the_server_ended_is_opened_again(world: World) -> None:
    def one_each(line: bytes, talk: Talk) -> bytes | None:
        again = line.startswith(b"MAIL") and talk.contents
        return b"421 Enough for one connection\r\n" if again else None

    tell(world, "ana@example.org", "bo@example.org", "cy@example.org")
    with server(world, one_each) as smtp:
        world.deliver_all()
    assert {state for state, _ in states(world.database).values()} == {DeliveryState.SENT}
    assert len(smtp.talks) == 3


def test_no_answer_after_the_email_is_a_doubt_and_it_is_sent_again_as_the_same(
    world: World,
) -> None:
    def gone(line: bytes, talk: Talk) -> bytes | None:
        return b"" if line == b"." and talk.number == 1 else None

    tell(world, "ana@example.org")
    with server(world, gone) as smtp:
        world.deliver_all()
        with world.database.read() as session:
            delivery = session.exec(select(Delivery)).one()
        assert (delivery.state, delivery.doubts) == (DeliveryState.DUE, 1)
        make_due(world.database)
        world.deliver_all()
    first, second = (message_id(content) for content in smtp.contents)
    assert first == second
    assert states(world.database)["ana@example.org"][0] is DeliveryState.SENT


def test_452_for_one_domain_rests_that_domain_and_holds_up_no_other(world: World) -> None:
    def full(line: bytes, _talk: Talk) -> bytes | None:
        return b"452 4.3.1 Too busy\r\n" if line.endswith(b"@busy.example>") else None

    busy = [f"reader{number}@busy.example" for number in range(5)]
    tell(world, *busy, "ana@example.org", "bo@example.org")
    with server(world, full) as smtp:
        world.deliver_all()
        asked = [line for line in smtp.talks[0].commands if line.endswith(b"@busy.example>")]
        found = states(world.database)
        assert found["ana@example.org"][0] is DeliveryState.SENT
        assert found["bo@example.org"][0] is DeliveryState.SENT
        assert {found[address][0] for address in busy} == {DeliveryState.DUE}
        assert len(asked) == 1
        world.deliver_all()
        assert asked == [
            line for line in smtp.talks[0].commands if line.endswith(b"@busy.example>")
        ]
        smtp.answer = usual
        make_due(world.database)
        world.deliver_all()
    assert {state for state, _ in states(world.database).values()} == {DeliveryState.SENT}


@pytest.mark.parametrize(
    "said", [b"452 4.3.1 No space", b"451 4.7.1 Try again later", b"451 Local error", b"452 Full"]
)
def test_what_the_server_says_of_more_than_the_email_after_its_content_rests_the_domain(
    world: World, said: bytes
) -> None:
    def full(line: bytes, talk: Talk) -> bytes | None:
        busy = line == b"." and b"@busy.example" in talk.contents[-1]
        return said + b"\r\n" if busy else None

    busy = [f"reader{number}@busy.example" for number in range(5)]
    tell(world, *busy, "ana@example.org", "bo@example.org")
    with server(world, full) as smtp:
        world.deliver_all()
        tried = sum(b"@busy.example" in content for content in smtp.contents)
        found = states(world.database)
        assert found["ana@example.org"][0] is found["bo@example.org"][0] is DeliveryState.SENT
        assert {found[address][0] for address in busy} == {DeliveryState.DUE}
        assert tried == 1
        smtp.answer = usual
        make_due(world.database)
        world.deliver_all()
    assert {state for state, _ in states(world.database).values()} == {DeliveryState.SENT}


@pytest.mark.parametrize(
    "said",
    [b"450 Mailbox busy", b"452 4.2.2 Mailbox full", b"451 4.6.0 Can't be scanned", b"421 Bye"],
)
def test_what_the_server_says_of_the_email_alone_after_its_content_rests_nobody(
    world: World, said: bytes
) -> None:
    def odd(line: bytes, talk: Talk) -> bytes | None:
        about_ana = line == b"." and b"To: ana@" in talk.contents[-1]
        return said + b"\r\n" if about_ana else None

    tell(world, "ana@example.org", "bo@example.org")
    with server(world, odd):
        world.deliver_all()
    found = states(world.database)
    assert found["ana@example.org"][0] is DeliveryState.DUE
    assert found["bo@example.org"][0] is DeliveryState.SENT


def test_a_domain_that_took_an_email_and_then_says_later_rests(world: World) -> None:
    def soon_full(line: bytes, talk: Talk) -> bytes | None:
        full = line.endswith(b"@example.org>") and talk.contents
        return b"452 4.3.1 Too busy\r\n" if full and line.startswith(b"RCPT") else None

    tell(world, *[f"reader{number}@example.org" for number in range(5)])
    with server(world, soon_full) as smtp:
        world.deliver_all()
        asked = list(smtp.talks[0].commands)
        world.tell(world.update())
        world.deliver_all()
        assert smtp.talks[0].commands == asked


def test_a_full_mailbox_rests_nobody_else(world: World) -> None:
    def full(line: bytes, _talk: Talk) -> bytes | None:
        return b"452 4.2.2 Mailbox full\r\n" if line.startswith(b"RCPT TO:<ana") else None

    tell(world, "ana@example.org", "bo@example.org")
    with server(world, full):
        world.deliver_all()
    found = states(world.database)
    assert found["ana@example.org"][0] is DeliveryState.DUE
    assert found["bo@example.org"][0] is DeliveryState.SENT


def test_a_server_that_answers_slowly_is_left_after_the_time_to_wait(world: World) -> None:
    done = threading.Event()

    def slow(line: bytes, _talk: Talk) -> bytes | None:
        if line.startswith(b"RCPT"):
            done.wait(10)
        return None

    tell(world, "ana@example.org")
    with server(world, slow) as smtp:
        sender = world.sender()
        deliver(world, replace(sender, smtp=replace(sender.smtp, timeout=0.2)))
        done.set()
        state, answer = states(world.database)["ana@example.org"]
        assert state is DeliveryState.DUE
        assert "timed out" in (answer or "")
        smtp.answer = usual
        make_due(world.database)
        world.deliver_all()
    assert states(world.database)["ana@example.org"][0] is DeliveryState.SENT


def test_without_tls_that_can_be_trusted_nothing_is_sent(world: World) -> None:
    tell(world, "ana@example.org", "bo@example.org")
    with server(world, usual) as smtp:
        deliver(world, replace(world.sender(), smtp=Smtp("127.0.0.1", smtp.port, tls=True)))
        deliver(world, replace(world.sender(), smtp=Smtp("127.0.0.1", smtp.port, starttls=True)))
    assert smtp.contents == []
    for state, answer in states(world.database).values():
        assert state is DeliveryState.DUE
        assert "could not be reached" in (answer or "")


def test_an_address_with_quotes_or_of_320_characters_gets_its_email(world: World) -> None:
    longest = f"{'a' * 64}@{'.'.join(['b' * 63] * 3 + ['c' * 59])}.org"
    addresses = ['"two words"@example.org', longest]
    world.open_group()
    reader = world.subscribe("ana@example.org", Frequency.IMMEDIATE)
    for address in addresses:
        with world.database.write() as session:
            subscriber = session.get_one(Subscriber, reader.subscriber_id)
            subscriber.email = address
            session.add(subscriber)
        world.tell(world.update())
        with server(world, usual) as smtp:
            world.deliver_all()
        assert f"RCPT TO:<{address}>".encode() in smtp.talks[0].commands
        assert len(smtp.contents) == 1


def test_a_line_break_in_an_address_reaches_no_server(world: World) -> None:
    world.open_group()
    reader = world.subscribe("ana@example.org", Frequency.IMMEDIATE)
    world.tell(world.update())
    with world.database.write() as session:
        subscriber = session.get_one(Subscriber, reader.subscriber_id)
        subscriber.email = "ana@example.org>\r\nRCPT TO:<spy@example.org"
        session.add(subscriber)
    with server(world, usual) as smtp:
        world.deliver_all()
    assert smtp.contents == []
    with world.database.read() as session:
        stopped = session.exec(select(Delivery.state)).one()
    assert stopped in (DeliveryState.PARKED, DeliveryState.FAILED)


def test_a_reader_who_leaves_during_the_batch_gets_nothing_after(world: World) -> None:
    def leaves(line: bytes, talk: Talk) -> None:
        if line == b"." and len(talk.contents) == 1:
            with world.database.write() as session:
                cy = session.exec(select(Subscriber).where(Subscriber.email == "cy@example.org"))
                leaving.leave(session, cy.one().id, utc_now())

    tell(world, "ana@example.org", "bo@example.org", "cy@example.org")
    with server(world, leaves) as smtp:
        world.deliver_all()
    assert len(smtp.contents) == 2
    assert states(world.database)["cy@example.org"][0] is DeliveryState.CANCELLED


def test_a_domain_gets_its_share_of_a_minute_and_the_rest_waits_its_turn(world: World) -> None:
    tell(world, *[f"reader{number}@example.org" for number in range(5)], "ana@example.net")
    with server(world, usual) as smtp:
        deliver(world, replace(world.sender(), limits=Limits(per_minute=12)))
        assert len(smtp.contents) == 3
    now = utc_now()
    with world.database.read() as session:
        waits = [
            delivery.next_attempt_at - now
            for delivery in session.exec(select(Delivery).order_by(col(Delivery.next_attempt_at)))
            if delivery.state is DeliveryState.DUE
        ]
    assert len(waits) == 3
    assert timedelta(seconds=4) < waits[1] - waits[0] < timedelta(seconds=6)


def test_no_more_emails_are_on_the_wire_to_a_domain_than_it_may_have_at_once(
    world: World,
) -> None:
    tell(world, *[f"reader{number}@example.org" for number in range(6)])
    most = []

    def count(line: bytes, _talk: Talk) -> None:
        if line == b".":
            with world.database.read() as session:
                on_wire = select(Delivery.id).where(col(Delivery.state) == DeliveryState.SENDING)
                most.append(len(session.exec(on_wire).all()))

    with server(world, count) as smtp:
        deliver(world, replace(world.sender(), limits=Limits(at_once=2)))
    assert len(smtp.contents) == 6
    assert max(most) == 2


def test_what_was_on_the_wire_of_a_killed_worker_is_counted_as_in_doubt(world: World) -> None:
    tell(world, "ana@example.org", "bo@example.org", "cy@example.org")
    now = utc_now()
    with world.database.write() as session:
        ids = session.exec(select(Delivery.id).order_by(col(Delivery.id))).all()
        claims = deliveries.due(session, ids, now, Limits())
        deliveries.take(session, claims[:2], now, timedelta())
    with server(world, usual):
        world.deliver_all()
    with world.database.read() as session:
        doubts = session.exec(select(Delivery.doubts).order_by(col(Delivery.id))).all()
    assert doubts == [1, 1, 0]


def message_id(content: bytes) -> bytes:
    (found,) = [line for line in content.splitlines() if line.lower().startswith(b"message-id:")]
    return found
